import type { ReasonCode } from '@orgo/contracts';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, codeOf, detailOf, Refused } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { withSpan } from '@orgo/runtime/telemetry';
import type { FaultPoints } from '@orgo/store/fault-points';
import type { LocalHandler } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';
import type { ReleaseInput } from '../domain/index.ts';
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

type Done = { outcome: 'accepted' | 'later' };

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

async function tellAll(
  deps: PublishDeps,
  item: PublishItem,
  inputOf: (release_id: string) => ReleaseInput,
  mark: string,
): Promise<Done> {
  const { tell, traceparent } = item;
  if (tell.length === 0) return { outcome: 'accepted' };
  const results = await deps.releases.take(
    tell.map((release_id) => ({
      message_id: `${release_id}:${item.channel}:${mark}`,
      input: inputOf(release_id),
      traceparent,
    })),
  );
  return { outcome: results.some(({ outcome }) => outcome === 'later') ? 'later' : 'accepted' };
}

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
    return await tellAll(deps, item, told, `${index_seq}`);
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
    return tellAll(deps, item, barred, `${index_seq}`);
  }
}

/** Writes what channels say into files, reads it back, and tells the releases it is about. A fault leaves its row in the outbox. */
export function publishChannels(deps: PublishDeps): LocalHandler {
  const reading = { ...deps, whole: new Set<string>() };
  return (rows) =>
    Promise.all(
      rows.map(async (row): Promise<Done> => {
        const item = JSON.parse(row.item) as PublishItem;
        const { tenant_id, channel, traceparent } = item;
        try {
          return await withSpan('release.publish', { traceparent, attributes: { tenant_id, channel } }, () =>
            publish(reading, item),
          );
        } catch (error) {
          deps.log.warn({ code: codeOf(error), err: error, tenant_id, channel }, 'publication is put off');
          return { outcome: 'later' };
        }
      }),
    );
}
