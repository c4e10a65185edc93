import { type BuildPhase, type BuildStatus, isTerminalBuildPhase } from '@orgo/contracts';
import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { type Key, keyText } from '@orgo/store/machine';
import { statusOf } from './domain/index.ts';
import type { Reads } from './reads.ts';
import type { BuildRow } from './repo.ts';

/** A state of a build as it committed; `id` is its version, from which a watcher can go on. */
export type Change = { id: string; event: 'status'; data: BuildStatus };

export type Watch = {
  /** Told what this process has committed. */
  committed(rows: readonly Pick<BuildRow, 'key' | 'state' | 'version'>[]): void;
  /**
   * The build's states after version `after`, each newer than the last, until it has ended or `signal` aborts; null when there is no such build. States
   * in between may be left out.
   */
  follow(key: Key, after: number, signal: AbortSignal): Promise<AsyncGenerator<Change> | null>;
  close(): void;
};

/** How often builds that are watched here are looked at for what another process has committed. */
const lookMs = 1000;

type Watcher = {
  key: Key;
  version: number;
  /** The newest state that was committed here and not yet told. */
  pushed: BuildStatus | null;
  cases: string[];
  bell: PromiseWithResolvers<void>;
  wake(): void;
};

/**
 * Follows builds: this process's own commits reach a watcher at once and without a read, those of other processes within a second. A build's end is read, for the
 * Cases it was given.
 */
export function createWatch(reads: Pick<Reads, 'status' | 'versions'>, log: Pick<Log, 'warn'>): Watch {
  const watchers = new Map<string, Watcher[]>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let failing = false;

  const wake = (name: string): void => {
    for (const watcher of watchers.get(name) ?? []) watcher.wake();
  };
  const heard = <T>(found: T): T => {
    failing = false;
    return found;
  };
  /** Watchers wait on; a line of its own for every second of an outage would say no more than the first. */
  const unheard = (error: unknown): [] => {
    if (!failing) log.warn({ err: error, code: codeOf(error) }, 'what other processes commit is not seen');
    failing = true;
    return [];
  };
  const look = async (): Promise<void> => {
    const all = [...watchers.values()].flat();
    const found = await reads.versions(all.map(({ key }) => key)).then(heard, unheard);
    for (const { version, ...key } of found) {
      for (const watcher of watchers.get(keyText(key)) ?? []) if (watcher.version < version) watcher.wake();
    }
    timer = watchers.size > 0 && !closed ? setTimeout(() => void look(), lookMs) : undefined;
  };

  const add = (watcher: Watcher): (() => void) => {
    const name = keyText(watcher.key);
    watchers.set(name, [...(watchers.get(name) ?? []), watcher]);
    timer ??= setTimeout(() => void look(), lookMs);
    return () => {
      const others = (watchers.get(name) ?? []).filter((other) => other !== watcher);
      if (others.length > 0) watchers.set(name, others);
      else watchers.delete(name);
      watcher.wake();
    };
  };
  async function* changes(
    watcher: Watcher,
    first: BuildStatus,
    signal: AbortSignal,
    forget: () => void,
  ): AsyncGenerator<Change> {
    try {
      for (let data: BuildStatus | null = first; data !== null && !signal.aborted && !closed; ) {
        watcher.cases = data.cases;
        if (data.version > watcher.version) {
          watcher.version = data.version;
          yield { id: `${data.version}`, event: 'status', data };
        }
        if (isTerminalBuildPhase(data.status)) return;
        await watcher.bell.promise;
        watcher.bell = Promise.withResolvers();
        data = watcher.pushed ?? (await reads.status(watcher.key.tenant_id, watcher.key.id));
        watcher.pushed = null;
      }
    } finally {
      signal.removeEventListener('abort', forget);
      forget();
    }
  }

  return {
    committed(rows) {
      if (watchers.size === 0) return;
      for (const { key, state, version } of rows) {
        for (const watcher of watchers.get(keyText(key)) ?? []) {
          const ended = isTerminalBuildPhase(state.phase as BuildPhase);
          watcher.pushed = ended ? null : statusOf(state, { version, cases: watcher.cases });
          watcher.wake();
        }
      }
    },
    async follow(key, after, signal) {
      const watcher: Watcher = {
        key,
        version: after,
        pushed: null,
        cases: [],
        wake: () => watcher.bell.resolve(),
        bell: Promise.withResolvers(),
      };
      const forget = add(watcher);
      // A client that leaves before the first read is forgotten too.
      signal.addEventListener('abort', forget);
      // Read behind the registration: what commits meanwhile is pushed.
      const first = await reads.status(key.tenant_id, key.id).catch((error) => {
        forget();
        throw error;
      });
      if (first === null) forget();
      return first === null ? null : changes(watcher, first, signal, forget);
    },
    close() {
      closed = true;
      clearTimeout(timer);
      for (const name of watchers.keys()) wake(name);
    },
  };
}
