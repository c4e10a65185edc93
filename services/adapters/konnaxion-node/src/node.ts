import { randomInt } from 'node:crypto';
import { defaultKeep } from './domain/retention.ts';
import { removeParts } from './fetch-pack.ts';
import { type NodeConfig, readConfig, readKey, readState } from './folder.ts';
import { openContext } from './node-context.ts';
import { codeOfError, messageOf } from './node-error.ts';
import { heartbeat, step } from './step.ts';
import { createTurnstile, type Turnstile } from './turnstile.ts';
import { type NodeLog, type NodeWorld, pause, realWorld } from './world.ts';

/** A running node. `stop` resolves when nothing of it runs any more. */
export type KonnaxionNode = {
  dir: string;
  config: NodeConfig;
  world: NodeWorld;
  /** Runs something of this node while nothing else of it runs. */
  alone: Turnstile;
  /** Looks at the channel now. */
  wake(): void;
  stop(): Promise<void>;
};

export type NodeOptions = {
  pollMs: number;
  log: NodeLog;
  /** How often it says how it is; never, where it is 0. */
  heartbeatMs?: number;
  keep?: number;
  world?: NodeWorld;
};

/**
 * Follows one channel: pulls, verifies, switches, reports; then waits and looks again. Network failures are held: the active pack keeps
 * serving (RO-12, RO-28). A refused offer is reported once and not tried again; a newer one is.
 * @throws NodeError NODE_NOT_FOUND, HOME_UNREADABLE where there is no node to start
 */
export async function startNode(dir: string, options: NodeOptions): Promise<KonnaxionNode> {
  const { pollMs, heartbeatMs = 0, keep = defaultKeep, world = realWorld } = options;
  const config = await readConfig(dir);
  await readKey(dir);
  await readState(dir, config.channel);
  await removeParts(dir);
  const log = unlessRepeated((event, fields) =>
    options.log(event, { tenant_id: config.tenant_id, node: config.instance_id, ...fields }),
  );
  const stopping = new AbortController();
  const { signal } = stopping;
  const alone = createTurnstile();
  let woken = new AbortController();
  let beatAt = world.now() + firstBeat(heartbeatMs);
  const turn = async (): Promise<void> => {
    const ctx = await openContext(dir, { world, log, signal, keep });
    await step(ctx);
    if (heartbeatMs === 0 || world.now() < beatAt) return;
    beatAt = world.now() + heartbeatMs;
    await heartbeat(ctx);
  };
  const loop = (async () => {
    let held: string | null = null;
    let failures = 0;
    while (!signal.aborted) {
      woken = new AbortController();
      try {
        await alone(turn);
        if (held !== null) log('node.online', {});
        held = null;
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        const code = codeOfError(error);
        // However long it is so, and whatever the system calls it each time.
        if (held !== code) log('node.hold', { error_code: code, error_message: messageOf(error) });
        held = code;
        failures += 1;
      }
      const next = AbortSignal.any([signal, woken.signal]);
      const longest = heartbeatMs > 0 ? Math.max(1, beatAt - world.now()) : Number.MAX_SAFE_INTEGER;
      // Who could not do its work looks again soon, whatever the channel says, and less often the longer it cannot.
      if (held === null) await world.rest(dir, pollMs, longest, next);
      else await pause(Math.min(retryMs(pollMs, failures), longest), next);
    }
  })();
  return {
    dir,
    config,
    world,
    alone,
    wake: () => woken.abort(),
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

/** The wait after so many looks in a row that brought nothing: one turn at first, sixteen at most. */
const retryMs = (pollMs: number, failures: number): number => pollMs * 2 ** Math.min(4, failures - 1);

/** Nodes that start together do not speak together. */
const firstBeat = (ms: number): number => Math.ceil(ms / 2 + randomInt(Math.ceil(ms / 2) + 1));

/** Drops a line that says what the line before it said: what stays as it is, is said once. */
function unlessRepeated(log: NodeLog): NodeLog {
  let last = '';
  return (event, fields) => {
    const line = JSON.stringify([event, fields]);
    if (line !== last) log(event, fields);
    last = line;
  };
}
