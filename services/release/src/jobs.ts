import { randomUUID } from 'node:crypto';
import type { Digest, ReasonCode } from '@orgo/contracts';
import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { withSpan } from '@orgo/runtime/telemetry';
import type { Incoming } from '@orgo/store/machine';
import type { LocalHandler } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';
import type { ChannelInput, ReleaseInput, ReleaseState } from './domain/index.ts';
import type { JobItem } from './encode.ts';
import { type EvidenceDeps, findEvidence } from './evidence.ts';
import type { Reads } from './reads.ts';

export type JobDeps = EvidenceDeps & {
  turns: Turns<ReleaseInput>;
  reads: Reads;
  channels: Turns<ChannelInput>;
  log: Log;
};

type Done = { outcome: 'accepted' | 'later' };

/** Takes what a job found to its release. The inbox takes it once, however often the job ran. */
async function tell(
  { turns }: JobDeps,
  message_id: string,
  input: ReleaseInput,
  traceparent: string | null,
): Promise<Done> {
  const incoming: Incoming<ReleaseInput> = { message_id, input, traceparent };
  const [result] = await turns.take([incoming]);
  return { outcome: result === undefined || result.outcome === 'later' ? 'later' : 'accepted' };
}

/** Runs each row by itself, so that one that has to wait keeps no other. A fault leaves its row in the outbox. */
const each =
  (name: string, deps: JobDeps, run: (item: JobItem) => Promise<Done>): LocalHandler =>
  (rows) =>
    Promise.all(
      rows.map(async (row): Promise<Done> => {
        const item = JSON.parse(row.item) as JobItem;
        const { tenant_id, release_id, traceparent } = item;
        try {
          return await withSpan(name, { traceparent, attributes: { tenant_id, release_id } }, () => run(item));
        } catch (error) {
          deps.log.warn({ code: codeOf(error), err: error, tenant_id, release_id }, `${name} is put off`);
          return { outcome: 'later' };
        }
      }),
    );

const barred = ({ tenant_id, release_id }: JobItem, code: ReasonCode, detail: string): ReleaseInput => ({
  type: 'barred',
  tenant_id,
  release_id,
  code,
  detail,
});

/** Reads the evidence of a queued release and has the gatekeeper asked, or ends the release where there is none. */
export const verifyJob = (deps: JobDeps): LocalHandler =>
  each('release.verify', deps, async (item) => {
    const { tenant_id, release_id, traceparent } = item;
    const state = await deps.reads.state(tenant_id, release_id);
    if (state?.phase !== 'QUEUED') return { outcome: 'accepted' };
    const found = await findEvidence(deps, tenant_id, state.build_id);
    if (!found.ok) deps.log.warn({ code: found.code, detail: found.detail, tenant_id, release_id }, 'not releasable');
    const input: ReleaseInput = found.ok
      ? { type: 'verify-requested', tenant_id, release_id, ...found.value }
      : barred(item, found.code, found.detail);
    return tell(deps, `${release_id}:verified`, input, traceparent);
  });

type Verified = ReleaseState & { eligible: NonNullable<ReleaseState['eligible']> };
const isVerified = (state: ReleaseState | null): state is Verified =>
  state?.phase === 'VERIFIED' && state.eligible !== null;

/** What a release waits out; every other refusal of its channel ends it. */
const passing: readonly (ReasonCode | null)[] = ['CHANNEL_FROZEN', 'CHANNEL_PINNED', 'CHANNEL_BUSY'];

/** Has the channel take a verified pack and switch to it; the channel publishes and tells the release. */
export const publishJob = (deps: JobDeps): LocalHandler =>
  each('release.offer', deps, async (item) => {
    const { tenant_id, release_id, traceparent } = item;
    const state = await deps.reads.state(tenant_id, release_id);
    if (!isVerified(state)) return { outcome: 'accepted' };
    const { channel, eligible } = state;
    const { kristal_id, pack_id, pack_manifest } = eligible;
    const of = { tenant_id, channel, release_id };
    const offer: ChannelInput = {
      type: 'offer',
      ...of,
      pack_id,
      kristal_id,
      manifest: pack_manifest.ref as Digest,
      manifest_size: pack_manifest.size,
      cohorts: [],
      prefetch: false,
    };
    // Both are asked anew each time under an id of their own: the channel knows by itself what it has done.
    const inputs: ChannelInput[] = [offer, { type: 'switch', ...of }];
    const results = await deps.channels.take(
      inputs.map((input) => ({ message_id: `${release_id}:${input.type}:${randomUUID()}`, input, traceparent })),
    );
    if (results.some(({ outcome }) => outcome === 'later')) return { outcome: 'later' };
    const refused = results.find(({ outcome }) => outcome === 'refused');
    if (refused === undefined) return { outcome: 'accepted' };
    const code = refused.code ?? 'STATE_CONFLICT';
    deps.log.warn({ code, tenant_id, release_id, channel }, 'the channel does not take it');
    if (passing.includes(code)) return { outcome: 'later' };
    return tell(deps, `${release_id}:published`, barred(item, code, `refused by ${channel}`), traceparent);
  });
