import { type ReleaseStatus, terminalReleasePhases } from '@orgo/contracts';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type Client, createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, status, table } from '../output.ts';
import { createPatience } from '../patience.ts';
import { describeRelease } from '../release-view.ts';
import { actor } from './build-actions.ts';
import { releaseRender } from './release-render.ts';

/** `orgo release create|list|status|watch|render`. */
export function release(program: Command): void {
  const area = program.command('release').description('put a pack into service');
  releaseRender(area);
  area
    .command('create')
    .description('release a completed build to a channel')
    .requiredOption('--build <build>')
    .requiredOption('--channel <channel>')
    .option('--reason <text>', 'why, for the record', '')
    .option('--wait', 'follow it until its nodes confirmed, or it stopped')
    .addHelpText('after', '\nExample:\n  orgo release create --build bld_… --channel stable --wait')
    .action(async (options: { build: string; channel: string; reason: string; wait?: boolean }) => {
      const client = createClient(findInstance());
      const out = createOutput();
      let found = await client.call<ReleaseStatus>('createRelease', {
        body: { build_id: options.build, channel: options.channel, actor: actor(), reason: options.reason },
      });
      if (options.wait) found = await followRelease(client, found.release_id, out.say);
      out.result(found, () => describeRelease(found));
      if (options.wait) failUnlessReleased(found);
    });
  area
    .command('list')
    .description('releases, newest first')
    .addHelpText('after', '\nExample:\n  orgo release list')
    .action(async () => {
      const page = await createClient(findInstance()).call<{ items: ReleaseStatus[]; next_cursor: string | null }>(
        'listReleases',
      );
      createOutput().result(page, () =>
        table(
          ['RELEASE', 'CHANNEL', 'SEQ', 'STATUS', 'BUILD'],
          page.items.map((r) => [r.release_id, r.channel, `${r.release_seq ?? '–'}`, status(r.status), r.build_id]),
        ),
      );
    });
  area
    .command('status')
    .description('state of a release and of its nodes')
    .argument('<release>')
    .addHelpText('after', '\nExample:\n  orgo release status rel_…')
    .action(async (id: string) => {
      const found = await createClient(findInstance()).call<ReleaseStatus>('getRelease', { params: { release: id } });
      createOutput().result(found, () => describeRelease(found));
    });
  area
    .command('watch')
    .description('follow a release until its nodes confirmed, or it stopped')
    .argument('<release>')
    .addHelpText('after', '\nExample:\n  orgo release watch rel_…')
    .action(async (id: string) => {
      const out = createOutput();
      const found = await followRelease(createClient(findInstance()), id, out.say);
      out.result(found, () => describeRelease(found));
      failUnlessReleased(found);
    });
}

function failUnlessReleased(r: ReleaseStatus): void {
  if (r.status === 'RELEASED') return;
  throw new CliError(r.reason_codes[0] ?? 'ACTIVATION_NOT_CONFIRMED', `${r.release_id} is ${r.status}`);
}

const settled = (r: ReleaseStatus): boolean =>
  r.status === 'RELEASED' || r.status === 'PAUSED' || terminalReleasePhases.includes(r.status);

/**
 * Asks until a release has settled or the time is over, and says each change once. Nodes pull at their own pace, so a short pause lies
 * between. The release goes on by itself either way.
 */
export async function followRelease(
  client: Client,
  id: string,
  say: (line: string) => void,
  { pauseMs = 200, timeoutMs = 900_000 } = {},
): Promise<ReleaseStatus> {
  let shown = '';
  const patience = createPatience();
  const end = performance.now() + timeoutMs;
  for (;;) {
    let found: ReleaseStatus;
    try {
      found = await client.call<ReleaseStatus>('getRelease', { params: { release: id } });
      patience.answered();
    } catch (e) {
      await patience.bear(e);
      continue;
    }
    const line = `  ${status(found.status)}${found.nodes.map((n) => `  ${n.instance_id}: ${n.state}`).join('')}${found.waiting_for ? `  (${found.waiting_for})` : ''}`;
    if (line !== shown) say(line);
    shown = line;
    if (settled(found) || performance.now() > end) return found;
    await new Promise((resume) => setTimeout(resume, pauseMs));
  }
}
