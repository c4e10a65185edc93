import type { CaseView, ReleaseStatus, ReleaseTarget } from '@orgo/contracts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { actor } from './commands/build-actions.ts';
import { writeTrouble } from './commands/konnaxion-simulate.ts';
import { nodeFolder } from './node-folders.ts';
import { followRelease, measured } from './release-view.ts';

export const fleetSize = 25;
export const channel = 'stable';
const first = 'node-001';
const patience = { timeoutMs: 180_000 };

type Say = (line: string) => void;

/** One node, then two fifths of all by the order of their hashes, then everyone. */
const strategy = {
  mode: 'staged',
  stages: [
    { name: 'canary', cohort: { by: 'ids', ids: [first] } },
    { name: 'two-fifths', cohort: { by: 'percent', percent: 40 } },
  ],
};

async function released(client: Client, build_id: string, metrics: object[]): Promise<string> {
  const body = { build_id, channel, actor: actor(), reason: 'demo', strategy, analysis: { metrics } };
  return (await client.call<ReleaseStatus>('createRelease', { body })).release_id;
}

const wrong = (r: ReleaseStatus, wanted: string): CliError =>
  new CliError(
    'RELEASE_NOT_COMPLETED',
    `${r.release_id} is ${r.status} and not ${wanted}: ${r.reason_codes.join(', ')}`,
  );

/** Releases to the whole fleet. @throws CliError where it does not come to RELEASED */
export async function releaseInStages(client: Client, build: string, say: Say): Promise<ReleaseStatus> {
  const id = await released(client, build, [{ name: 'smoke_failures', op: 'lte', threshold: 0 }]);
  const ended = await followRelease(client, id, say, patience);
  if (ended.status !== 'RELEASED') throw wrong(ended, 'RELEASED');
  return ended;
}

/** What went wrong on purpose, and what became of it. */
export type Trouble = {
  refusal: { release_id: string; status: string; instance_id: string; reason_code: string | null };
  rollback: {
    release_id: string;
    status: string;
    trigger: string;
    to_pack_id: string | null;
    finding: ReleaseStatus['finding'];
    case_id: string | null;
  };
};

/**
 * Releases a second pack twice to a fleet whose first node is in trouble. First a byte of the pack is spoilt on its way: the node refuses it and the release
 * stops before anybody else is offered it. Then it runs the pack and its queries fail: the release brings the channel back by itself.
 * @throws CliError where either comes out otherwise
 */
export async function releaseWithTrouble(client: Client, build: string, node: string, say: Say): Promise<Trouble> {
  const folder = nodeFolder(client.tenant, node);
  say(`releasing a second pack; a byte of it is spoilt on its way to ${node}`);
  writeTrouble(folder, { corrupt: 'download' });
  const metric = { name: 'query_errors_bp', fold: 'mean', op: 'lte', threshold: 100, min_samples: 100 };
  const refused = await followRelease(client, await released(client, build, [metric]), say, patience);
  const targets = await client.call<{ items: ReleaseTarget[] }>('listTargets', {
    params: { release: refused.release_id },
  });
  const refuser = targets.items.find(({ state }) => state === 'FAILED');
  if (refused.status !== 'FAILED' || refuser === undefined) throw wrong(refused, 'FAILED');
  say(
    `  ${refuser.instance_id} refused it (${refuser.reason_code}) and serves what it did; nobody else was offered it`,
  );

  say(`releasing it again, sound; on ${node} a quarter of the queries fail with it`);
  writeTrouble(folder, {
    metrics: [{ pack_id: refused.pack_id, metric: { name: metric.name, value: 2500, samples: 400 } }],
  });
  const body = { actor: actor(), reason: 'the way is mended' };
  const again = await client.call<ReleaseStatus>('retryRelease', { params: { release: refused.release_id }, body });
  const back = await followRelease(client, again.release_id, say, patience);
  writeTrouble(folder, null);
  if (back.status !== 'ROLLED_BACK' || back.rollback === null) throw wrong(back, 'ROLLED_BACK');
  const opened = await caseOf(client, back.release_id);
  say(
    `  brought back without a person: ${back.finding === null ? back.reason_codes.join(', ') : measured(back.finding)}`,
  );
  if (opened) say(`  a person has to look: ${opened.case_id}, ${opened.tasks.map(({ task }) => task).join(', ')}`);
  const { release_id, status, finding } = back;
  const { trigger, to_pack_id } = back.rollback;
  return {
    refusal: {
      release_id: refused.release_id,
      status: refused.status,
      instance_id: refuser.instance_id,
      reason_code: refuser.reason_code,
    },
    rollback: { release_id, status, trigger, to_pack_id, finding, case_id: opened?.case_id ?? null },
  };
}

/** The Case about a release, where it is open by now. */
async function caseOf(client: Client, release: string): Promise<CaseView | null> {
  const { items } = await client.call<{ items: CaseView[] }>('listCases');
  return items.find(({ subject }) => subject?.ref === release) ?? null;
}
