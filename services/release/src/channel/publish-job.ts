import type { ReasonCode } from '@orgo/contracts';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, detailOf, Refused } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { FaultPoints } from '@orgo/store/fault-points';
import type { LocalHandler } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';
import type { ReleaseInput } from '../domain/index.ts';
import { type Done, eachJob, handOver } from '../each-job.ts';
import type { ChannelReader } from '../tuf/reader.ts';
import type { ChannelRepository } from '../tuf/repository.ts';
import type { ChannelHead } from './heads.ts';
import { type ReadBackDeps, readBack } from './read-back.ts';

/** A publication as its row carries it. */
export type PublishItem = {
  tenant_id: string;
  channel: string;
  index_seq: number;
  tell: string[];
  traceparent: string | null;
};

export type PublishDeps = {
  releases: Turns<ReleaseInput>;
  files: ChannelRepository;
  reader: ChannelReader;
  artifacts: ArtifactStore;
  faults: FaultPoints;
  log: Log;
};

/** What a release is told about a channel whose files are out. */
function toldOf(head: ChannelHead, item: PublishItem, release_id: string): ReleaseInput {
  const { current, candidate, frozen, index_seq } = head.index;
  const place =
    candidate?.offer.release_id === release_id ? 'candidate' : current?.release_id === release_id ? 'current' : 'none';
  const offer = place === 'candidate' ? candidate?.offer : place === 'current' ? current : null;
  return {
    type: 'channel-published',
    tenant_id: item.tenant_id,
    release_id,
    channel: head.channel,
    index_seq,
    place,
    release_seq: offer?.release_seq ?? null,
    pack_seq: offer?.pack_seq ?? null,
    open: candidate?.cohorts.length ?? 0,
    frozen,
  };
}

/** Tells every release that the publication is about. */
const tellAll = (
  { releases }: PublishDeps,
  { tell, channel, index_seq, traceparent }: PublishItem,
  inputOf: (release_id: string) => ReleaseInput,
): Promise<Done> =>
  handOver(
    releases,
    ...tell.map((release_id) => ({
      message_id: `${release_id}:${channel}:${index_seq}`,
      input: inputOf(release_id),
      traceparent,
    })),
  );

async function publish(deps: PublishDeps & ReadBackDeps, item: PublishItem): Promise<Done> {
  const { tenant_id, channel, index_seq } = item;
  const { files, log, faults } = deps;
  try {
    const head = (await files.publish(tenant_id)).find((one) => one.channel === channel);
    if (head === undefined || head.index.index_seq < index_seq)
      throw new Breach('HASH_MISMATCH', `${channel} is not at ${index_seq} any more`);
    await readBack(deps, tenant_id, head);
    // crash: if we die here the files are out and the job runs again: same numbers, same bytes, and it is said once.
    await faults.at('release.published');
    const told = (release_id: string): ReleaseInput => toldOf(head, item, release_id);
    return await tellAll(deps, item, told);
  } catch (error) {
    if (!(error instanceof Breach || error instanceof Refused)) throw error;
    log.fatal({ code: error.code, err: error, tenant_id, channel, index_seq }, 'publication is not whole');
    const code: ReasonCode = error.code;
    const barred = (release_id: string): ReleaseInput => ({
      type: 'barred',
      tenant_id,
      release_id,
      code,
      detail: detailOf(error),
    });
    return tellAll(deps, item, barred);
  }
}

/** Writes what channels say into files, reads it back, and tells the releases it is about. A fault leaves its row in the outbox. */
export function publishChannels(deps: PublishDeps): LocalHandler {
  const reading = { ...deps, whole: new Set<string>() };
  return eachJob<PublishItem>('release.publish', deps.log, (item) => publish(reading, item));
}
