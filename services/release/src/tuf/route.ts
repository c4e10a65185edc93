import { Refused } from '@orgo/runtime/errors';
import type { BytesAnswer, Handler } from '@orgo/runtime/http';
import type { ChannelReader } from './reader.ts';

/**
 * Answers `getChannelFile`, without a token. Everything that is not published looks the same, whatever the reason: no such tenant, pack or path.
 * Clients may keep all but `timestamp.json` for ever.
 */
export const channelRoute =
  (reader: ChannelReader): Handler =>
  async ({ params }): Promise<BytesAnswer> => {
    const file = await reader.read(params.tenant ?? '', params['*'] ?? '');
    if (file === null) throw new Refused('ARTIFACT_NOT_FOUND', 'no such channel file is visible');
    const { bytes, size, media_type, immutable } = file;
    const cache = immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
    return { bytes, size, media_type, headers: { 'cache-control': cache } };
  };
