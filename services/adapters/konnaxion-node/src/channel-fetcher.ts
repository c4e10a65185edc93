import { BaseFetcher } from 'tuf-js';
import { DownloadHTTPError, DownloadLengthMismatchError } from 'tuf-js/dist/error.js';
import type { NodeWorld } from './world.ts';

type Settings = {
  fetch: NodeWorld['fetch'];
  timeoutMs: number;
  signal: AbortSignal | undefined;
};

/**
 * What a TUF client downloads with: in memory, never more than the client allows. It remembers whether the last download brought its bytes, because the
 * client wraps what goes wrong and no longer says whether the network failed or what came over it was refused.
 */
export class ChannelFetcher extends BaseFetcher {
  readonly #settings: Settings;
  /** Why the last download brought nothing; null where bytes came, whatever they are. */
  failure: unknown = null;
  /** The file that came last, by its name. */
  last: { name: string; bytes: Buffer } | null = null;

  constructor(settings: Settings) {
    super();
    this.#settings = settings;
  }

  override async fetch(url: string): ReturnType<BaseFetcher['fetch']> {
    const { fetch, timeoutMs, signal } = this.#settings;
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, {
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      redirect: 'error',
    });
    // The client takes a missing next root for the end of the chain, by this class.
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new DownloadHTTPError(`Failed to download ${url}`, response.status);
    }
    return response.body;
  }

  override async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    this.failure = null;
    try {
      const bytes = await this.#read(url, maxLength);
      this.last = { name: decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? ''), bytes };
      return bytes;
    } catch (error) {
      // More bytes than the metadata allows are an answer too.
      if (!(error instanceof DownloadLengthMismatchError)) this.failure = error;
      throw error;
    }
  }

  async #read(url: string, maxLength: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of (await this.fetch(url)) as unknown as AsyncIterable<Uint8Array>) {
      total += chunk.length;
      if (total > maxLength) throw new DownloadLengthMismatchError('Max length reached');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}
