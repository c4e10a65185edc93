import { type Key, keyText } from '@orgo/store/machine';

export type Waits = {
  /** Told after each commit of this process. */
  changed(keys: readonly Key[]): void;
  /** Asks `look` now and after every change of the aggregate until it answers something, or `timeoutMs` is over: then null. */
  until<T>(key: Key, look: () => Promise<T | null>, timeoutMs: number): Promise<T | null>;
};

/** How often an aggregate is looked at for what another process has committed. */
const lookMs = 250;

/** Waits for an aggregate to change: this process's own commits wake at once, those of other processes a little later. */
export function createWaits(): Waits {
  const waiting = new Map<string, Set<() => void>>();
  const nextChange = (name: string, ms: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        waiting.get(name)?.delete(wake);
        if (waiting.get(name)?.size === 0) waiting.delete(name);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      waiting.set(name, (waiting.get(name) ?? new Set()).add(wake));
    });
  return {
    changed(keys) {
      for (const key of keys) for (const wake of [...(waiting.get(keyText(key)) ?? [])]) wake();
    },
    async until(key, look, timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        // Listening begins before the look, so that no change falls between them.
        const change = nextChange(keyText(key), Math.max(0, Math.min(lookMs, deadline - performance.now())));
        const found = await look();
        if (found !== null || performance.now() >= deadline) return found;
        await change;
      }
    },
  };
}
