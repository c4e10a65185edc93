import { type BuildStatus, isTerminalBuildPhase } from '@orgo/contracts';
import { type Key, keyText } from '@orgo/store/machine';
import type { Reads } from './reads.ts';

/** A state of a build as it committed; `id` is its version, from which a watcher can go on. */
export type Change = { id: string; event: 'status'; data: BuildStatus };

export type Watch = {
  /** Told after each commit of this process. */
  changed(keys: readonly Key[]): void;
  /** The build's states after version `after`, each newer than the last, until it has ended or `signal` aborts. States in between may be left out. */
  follow(key: Key, after: number, signal: AbortSignal): AsyncGenerator<Change>;
  close(): void;
};

/** How often builds that are watched here are looked at for what another process has committed. */
const lookMs = 1000;

/** Follows builds: this process's own commits wake a watcher at once, those of other processes within a second. */
export function createWatch(reads: Reads): Watch {
  const watchers = new Map<string, { key: Key; version: number; wake: () => void }[]>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const wake = (name: string): void => {
    for (const watcher of watchers.get(name) ?? []) watcher.wake();
  };
  const look = async (): Promise<void> => {
    const all = [...watchers.values()].flat();
    const found = await reads.versions(all.map(({ key }) => key)).catch(() => []);
    for (const { version, ...key } of found) {
      for (const watcher of watchers.get(keyText(key)) ?? []) if (watcher.version < version) watcher.wake();
    }
    timer = watchers.size > 0 && !closed ? setTimeout(() => void look(), lookMs) : undefined;
  };

  return {
    changed(keys) {
      if (watchers.size > 0) for (const key of keys) wake(keyText(key));
    },
    async *follow(key, after, signal) {
      let bell = Promise.withResolvers<void>();
      const watcher = { key, version: after, wake: () => bell.resolve() };
      const stop = (): void => bell.resolve();
      const name = keyText(key);
      watchers.set(name, [...(watchers.get(name) ?? []), watcher]);
      signal.addEventListener('abort', stop);
      timer ??= setTimeout(() => void look(), lookMs);
      try {
        while (!signal.aborted && !closed) {
          const data = await reads.status(key.tenant_id, key.id);
          if (data === null) return;
          if (data.version > watcher.version) {
            watcher.version = data.version;
            yield { id: `${data.version}`, event: 'status', data };
          }
          if (isTerminalBuildPhase(data.status)) return;
          await bell.promise;
          bell = Promise.withResolvers();
        }
      } finally {
        signal.removeEventListener('abort', stop);
        const others = (watchers.get(name) ?? []).filter((other) => other !== watcher);
        if (others.length > 0) watchers.set(name, others);
        else watchers.delete(name);
      }
    },
    close() {
      closed = true;
      clearTimeout(timer);
      for (const name of watchers.keys()) wake(name);
    },
  };
}
