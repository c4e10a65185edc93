import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '@orgo/core';
import type { ServerName, Servers } from '@orgo/infra/servers';

/** What is needed of the servers to bring one back. */
type Restartable = Pick<Servers, 'restart' | 'urls' | 'pids' | 'paths'>;

export type ServerKeeper = {
  /** Told which servers to keep, once they are there. */
  of(servers: Restartable): void;
  /** Told of a server that ended by itself, also before `of`. Never throws. */
  lost(name: ServerName): void;
  /** Gives up what is not back; resolves when nothing is being started any more. */
  stop(): Promise<void>;
};

/**
 * Starts servers again that ended by themselves, after a growing pause for as long as it takes: a full disk or a taken port may pass, and without them
 * nothing moves. `run/servers.json` in the home then names the new process.
 */
export function keepServers(
  home: string,
  say: (line: string) => void,
  { firstPauseMs = 500, longestPauseMs = 30_000 } = {},
): ServerKeeper {
  const stopping = new AbortController();
  const { signal } = stopping;
  const given = Promise.withResolvers<Restartable | undefined>();
  const running = new Set<Promise<void>>();

  const bringBack = async (name: ServerName): Promise<void> => {
    const servers = await given.promise;
    for (let tries = 1; servers !== undefined && !signal.aborted; tries++) {
      if (tries === 1) say(`${name} ended unexpectedly; starting it again`);
      try {
        await servers.restart(name);
        return writeServers(home, servers);
      } catch (e) {
        say(`${name} does not start again: ${e instanceof Error ? e.message : e}; see ${servers.paths.logs}`);
      }
      const policy = { baseMs: firstPauseMs, maxMs: longestPauseMs, seed: name };
      await pause(backoffMs(tries, policy), undefined, { signal }).catch(() => undefined);
    }
  };
  return {
    of: given.resolve,
    lost(name) {
      const done = bringBack(name).finally(() => running.delete(done));
      running.add(done);
    },
    async stop() {
      stopping.abort();
      given.resolve(undefined);
      await Promise.all(running);
    },
  };
}

/** Addresses and pids of the servers, for operators' own tools; mode 0600, since addresses hold passwords. */
export function writeServers(home: string, servers: Pick<Servers, 'urls' | 'pids'>): void {
  const file = path.join(home, 'run', 'servers.json');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, JSON.stringify({ ...servers.urls, pids: servers.pids }), { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}
