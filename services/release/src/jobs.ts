import { randomUUID } from 'node:crypto';
import type { ReasonCode } from '@orgo/contracts';
import type { Log } from '@orgo/runtime/log';
import type { LocalHandler } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';
import type { ChannelInput, ChannelWish, ReleaseInput } from './domain/index.ts';
import { type Done, eachJob, handOver } from './each-job.ts';
import type { JobItem } from './encode.ts';
import { type EvidenceDeps, findEvidence } from './evidence.ts';
import type { Reads } from './reads.ts';

export type JobDeps = EvidenceDeps & {
  turns: Turns<ReleaseInput>;
  reads: Reads;
  channels: Turns<ChannelInput>;
  log: Log;
};

type Job<Wish> = JobItem<Wish> & { message_id: string };

/** Takes what a job found to its release. */
export const tell = (
  { turns }: JobDeps,
  message_id: string,
  input: ReleaseInput,
  traceparent: string | null,
): Promise<Done> => handOver(turns, { message_id, input, traceparent });

/** Jobs of releases; `message_id` names what a job has to tell when it is done. */
export const each = <Wish>(name: string, { log }: JobDeps, run: (item: Job<Wish>) => Promise<Done>): LocalHandler =>
  eachJob<JobItem<Wish>>(name, log, (item, row) => run({ ...item, message_id: `done:${row}` }));

const barred = ({ tenant_id, release_id }: JobItem<null>, code: ReasonCode, detail: string): ReleaseInput => ({
  type: 'barred',
  tenant_id,
  release_id,
  code,
  detail,
});

/** Reads the evidence of a queued release and has the gatekeeper asked, or ends the release where there is none. */
export const verifyJob = (deps: JobDeps): LocalHandler =>
  each<null>('release.verify', deps, async (item) => {
    const { tenant_id, release_id, traceparent } = item;
    const state = await deps.reads.state(tenant_id, release_id);
    if (state?.phase !== 'QUEUED') return { outcome: 'accepted' };
    const found = await findEvidence(deps, tenant_id, state.build_id);
    if (!found.ok) deps.log.warn({ code: found.code, detail: found.detail, tenant_id, release_id }, 'not releasable');
    const input: ReleaseInput = found.ok
      ? {
          type: 'verify-requested',
          tenant_id,
          release_id,
          ...found.value,
          nodes: await deps.reads.members(tenant_id, state.channel),
        }
      : barred(item, found.code, found.detail);
    return tell(deps, `${release_id}:verified`, input, traceparent);
  });

/** What a release asks of its channel, as the channel takes it. */
function channelInput(of: { tenant_id: string; release_id: string; channel: string }, wish: ChannelWish): ChannelInput {
  switch (wish.op) {
    case 'offer': {
      const { op: _op, wanted: _wanted, ...offered } = wish;
      return { type: 'offer', ...of, ...offered, cohorts: [] };
    }
    case 'open':
      return { type: 'open', ...of, cohorts: wish.cohorts };
    case 'switch':
      return { type: 'switch', ...of };
    case 'withdraw':
      return { type: 'withdraw', ...of, reason_code: wish.reason_code };
    case 'confirmed':
      return { type: 'confirmed', ...of };
    case 'pin': {
      const { tenant_id, channel, release_id } = of;
      const { pack_id, actor, reason } = wish;
      // One change per release, under an id that is the same whenever it is asked again.
      const request_id = release_id.replace(/^rel_/, 'chg_');
      const change = { change: 'pin', pack_id, until: null } as const;
      return { type: 'change', tenant_id, channel, request_id, key: null, change, actor, reason };
    }
    default:
      return wish satisfies never;
  }
}

/** Takes a release's wish to its channel. What the channel then publishes comes back to the release from there; a refusal from here. */
export const channelJob = (deps: JobDeps): LocalHandler =>
  each<ChannelWish>('release.channel', deps, async (item) => {
    const { tenant_id, release_id, wish, traceparent } = item;
    const state = await deps.reads.state(tenant_id, release_id);
    if (state === null) return { outcome: 'accepted' };
    const { channel } = state;
    const input = channelInput({ tenant_id, release_id, channel }, wish);
    // Asked anew each time under an id of its own: the channel knows by itself what it has done.
    const [result] = await deps.channels.take([
      { message_id: `${release_id}:${wish.op}:${randomUUID()}`, input, traceparent },
    ]);
    if (result === undefined || result.outcome === 'later') return { outcome: 'later' };
    const of = { tenant_id, release_id };
    const mark = item.message_id;
    if (result.outcome === 'refused') {
      const code = result.code ?? 'STATE_CONFLICT';
      deps.log.info({ code, ...of, channel, asked: wish.op }, 'the channel does not do it');
      const detail = `${channel} does not take ${wish.op}`;
      return tell(deps, mark, { type: 'channel-refused', ...of, wanted: wish.wanted, code, detail }, traceparent);
    }
    return wish.op === 'withdraw'
      ? tell(deps, mark, { type: 'channel-withdrew', ...of }, traceparent)
      : { outcome: 'accepted' };
  });
