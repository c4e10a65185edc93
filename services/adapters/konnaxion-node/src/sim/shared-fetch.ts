/** Files that keep their content for ever: everything of a channel but its timestamp. */
const isImmutable = (url: string): boolean => /\/tuf\/(?:packs|targets)\/|\/tuf\/metadata\/\d+\./.test(url);

type Kept = { status: number; bytes: Uint8Array<ArrayBuffer> };

/** Bytes kept at most; the oldest go first. */
const maxBytes = 256 * 1024 * 1024;

/**
 * One road for many nodes of one process: so many requests at a time, and what keeps its content for ever is fetched once, as a cache near the
 * nodes would. Nothing of it is believed: each node hashes the bytes it is given.
 */
export function sharedFetch(maxConcurrent = 32, base: typeof fetch = fetch): typeof fetch {
  const kept = new Map<string, Kept>();
  const coming = new Map<string, Promise<Kept>>();
  const waiting: (() => void)[] = [];
  let running = 0;
  let size = 0;

  const limited = async <T>(run: () => Promise<T>): Promise<T> => {
    if (running >= maxConcurrent) await new Promise<void>((go) => waiting.push(go));
    running += 1;
    try {
      return await run();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
  /** The whole answer, read while the turn lasts, so that a turn is a request and not a half. */
  const whole = (input: string, init?: RequestInit): Promise<Kept> =>
    limited(async () => {
      const answer = await base(input, init);
      return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) };
    });
  const keep = (url: string, answer: Kept): void => {
    if (answer.status !== 200) return;
    kept.set(url, answer);
    size += answer.bytes.length;
    for (const [oldest, { bytes }] of kept) {
      if (size <= maxBytes) break;
      kept.delete(oldest);
      size -= bytes.length;
    }
  };
  const once = (url: string): Promise<Kept> => {
    const mine = coming.get(url);
    if (mine !== undefined) return mine;
    const started = whole(url).finally(() => coming.delete(url));
    coming.set(url, started);
    void started.then((answer) => keep(url, answer)).catch(() => undefined);
    return started;
  };

  return async (input, init) => {
    const url = `${input}`;
    const shared = isImmutable(url) && (init?.method ?? 'GET') === 'GET';
    const { status, bytes } = shared ? (kept.get(url) ?? (await once(url))) : await whole(url, init);
    init?.signal?.throwIfAborted();
    return new Response(status === 204 || status === 304 ? null : bytes, { status });
  };
}
