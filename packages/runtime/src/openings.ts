/** Told how to let go of what was opened, at once after opening it. */
export type Opened = (close: () => Promise<unknown> | unknown) => void;

/**
 * What was opened, with how to let go of it. `close` goes through it once, the last first; one that fails does not keep the others, and `failed` is told.
 * For whoever opens several things: closes those that are open, at the end or when a later one cannot be opened.
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
