import type { Digest, ReasonCode } from '@orgo/contracts';
import { equalBytes, parseStrict } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, codeOf, detailOf, Refused } from '@orgo/runtime/errors';
import { collect } from '@orgo/runtime/http';
import type { Log } from '@orgo/runtime/log';
import { withSpan } from '@orgo/runtime/telemetry';
import type { FaultPoints } from '@orgo/store/fault-points';
import type { Incoming } from '@orgo/store/machine';
import type { LocalHandler } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';
import type { ReleaseInput, ReleaseState } from './domain/index.ts';
import type { JobItem } from './encode.ts';
import { type EvidenceDeps, findEvidence } from './evidence.ts';
import type { Reads } from './reads.ts';
import type { Publication } from './tuf/metadata.ts';
import type { ChannelReader } from './tuf/reader.ts';
import { type ChannelRepository, targetFilePath } from './tuf/repository.ts';

export type JobDeps = EvidenceDeps & {
  turns: Turns<ReleaseInput>;
  reads: Reads;
  channels: ChannelRepository;
  reader: ChannelReader;
  artifacts: ArtifactStore;
  faults: FaultPoints;
  log: Log;
  /** How long the nodes of a release may take. */
  activationDeadlineMs: number;
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

/** What clients get is read back through the door they use and compared: published means fetched (stage 6c, RR-19). */
async function readBack(deps: JobDeps, tenant: string, { channel }: Verified, publication: Publication): Promise<void> {
  const manifest = await deps.artifacts.get(tenant, publication.manifest_ref);
  const target = await deps.reader.read(tenant, targetFilePath(channel, publication.manifest_ref));
  const timestamp = await deps.reader.read(tenant, 'metadata/timestamp.json');
  const bytesOf = async (file: typeof target): Promise<Uint8Array> =>
    file === null ? new Uint8Array() : file.bytes instanceof Uint8Array ? file.bytes : collect(file.bytes);
  if (!equalBytes(await bytesOf(target), manifest))
    throw new Breach('HASH_MISMATCH', `${channel} does not serve the manifest ${publication.manifest_ref}`);
  const json = parseStrict(await bytesOf(timestamp));
  const signed = json.ok ? (json.value as { signed?: { version?: unknown } }).signed : undefined;
  if (typeof signed?.version !== 'number' || signed.version < publication.publication)
    throw new Breach('HASH_MISMATCH', `the channels of ${tenant} do not show publication ${publication.publication}`);
}

/** Publishes a verified release and says so, or ends it where it cannot be published whole (RR-18). */
export const publishJob = (deps: JobDeps): LocalHandler =>
  each('release.publish', deps, async (item) => {
    const { tenant_id, release_id, traceparent } = item;
    const { reads, channels, log, activationDeadlineMs: deadline_ms } = deps;
    const state = await reads.state(tenant_id, release_id);
    if (!isVerified(state)) return { outcome: 'accepted' };
    const { channel, eligible } = state;
    const { kristal_id, pack_id, pack_manifest } = eligible;
    const manifest = { ref: pack_manifest.ref as Digest, size: pack_manifest.size };
    try {
      const publication = await channels.publish({ tenant_id, release_id, channel, kristal_id, pack_id, manifest });
      await readBack(deps, tenant_id, state, publication);
      const { release_seq } = publication.target;
      const input: ReleaseInput = {
        type: 'published',
        tenant_id,
        release_id,
        release_seq,
        publication: publication.publication,
        nodes: await reads.enrolled(tenant_id, channel),
        deadline_ms,
      };
      // crash: if we die here the files are out and the job runs again: same numbers, same bytes, and it is said once.
      await deps.faults.at('release.published');
      return await tell(deps, `${release_id}:published`, input, traceparent);
    } catch (error) {
      if (!(error instanceof Breach || error instanceof Refused)) throw error;
      log.fatal({ code: error.code, err: error, tenant_id, release_id, channel }, 'publication is not whole');
      return tell(deps, `${release_id}:published`, barred(item, error.code, detailOf(error)), traceparent);
    }
  });
