/** Told how to let go of what was opened, at once after opening it. `leftMs` is what is left of the time for all of it. */
export type Opened = (close: (leftMs: number) => Promise<unknown> | unknown) => void;

/**
 * What was opened, with how to let go of it. `close` goes through it once, the last first, and tells each how much of the deadline (default 10 s) is left;
 * one that fails does not keep the others, and `failed` is told. For whoever opens several things: closes those that are open, at the end or when a later
 * one cannot be opened.
 */
export function openings(failed: (error: unknown) => void): {
  opened: Opened;
  close(deadlineMs?: number): Promise<void>;
} {
  const closes: Parameters<Opened>[0][] = [];
  return {
    opened: (close) => void closes.push(close),
    async close(deadlineMs = 10_000) {
      const end = performance.now() + deadlineMs;
      for (const close of closes.splice(0).reverse())
        await Promise.resolve(Math.max(0, end - performance.now()))
          .then(close)
          .catch(failed);
    },
  };
}
