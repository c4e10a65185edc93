import { BaseFetcher } from 'tuf-js';
import { DownloadHTTPError, DownloadLengthMismatchError } from 'tuf-js/dist/error.js';
import type { NodeWorld } from './world.ts';

type Handler<T> = (file: string) => Promise<T>;

/**
 * What a TUF client downloads with. It remembers whether the last download brought its bytes, because the client wraps what goes wrong and
 * no longer says whether the network failed or what came over it was refused.
 */
export class ChannelFetcher extends BaseFetcher {
  readonly #fetch: NodeWorld['fetch'];
  readonly #signal: AbortSignal | undefined;
  readonly #timeoutMs: number;
  /** Why the last download brought nothing; null where bytes came, whatever they are. */
  failure: unknown = null;
  /** The metadata that came last. */
  last: { name: string; bytes: Buffer } | null = null;

  constructor(fetch: NodeWorld['fetch'], timeoutMs: number, signal: AbortSignal | undefined) {
    super();
    this.#fetch = fetch;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  override async fetch(url: string): ReturnType<BaseFetcher['fetch']> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const response = await this.#fetch(url, {
      signal: this.#signal ? AbortSignal.any([timeout, this.#signal]) : timeout,
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
    const bytes = await super.downloadBytes(url, maxLength);
    this.last = { name: decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? ''), bytes };
    return bytes;
  }

  override async downloadFile<T>(url: string, maxLength: number, handler: Handler<T>): Promise<T> {
    let came = false;
    this.failure = null;
    try {
      return await super.downloadFile(url, maxLength, (file) => {
        came = true;
        return handler(file);
      });
    } catch (error) {
      // More bytes than the metadata allows are an answer too.
      if (!came && !(error instanceof DownloadLengthMismatchError)) this.failure = error;
      throw error;
    }
  }
}
