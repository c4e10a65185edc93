/** Told how to let go of what was opened, at once after opening it. */
export type Opened = (close: () => Promise<unknown> | unknown) => void;

/**
 * What was opened, with how to let go of it. `close` goes through it once, the last first; one that fails does not keep the others, and `failed` is told.
 * Whoever opens several things closes what there is by it, at the end and where a later one cannot be opened.
 */
export function openings(failed: (error: unknown) => void): { opened: Opened; close(): Promise<void> } {
  const closes: Parameters<Opened>[0][] = [];
  return {
    opened: (close) => void closes.push(close),
    async close() {
      for (const close of closes.splice(0).reverse()) await Promise.resolve().then(close).catch(failed);
    },
  };
}
