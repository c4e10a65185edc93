import type { ChannelTarget } from '@orgo/contracts';
import type { Refusal } from '@orgo/core';
import { prepare } from './activate.ts';
import { readChannel } from './channel.ts';
import {
  awaitsConfirmation,
  isNews,
  withActivation,
  withMetadataRefusal,
  withRefusal,
  withReported,
} from './domain/judge.ts';
import { activeTarget, type NodeState } from './domain/state.ts';
import { fetchPack, removeParts } from './fetch-pack.ts';
import { type NodeConfig, type NodeKey, readConfig, readKey, readState, writeState } from './folder.ts';
import { codeOfError, messageOf } from './node-error.ts';
import { sendReport } from './report.ts';

/** Where tests break a node; its points are rows of the table of fault points. */
export type NodeFaults = {
  at(name: 'node.beforeSwitch' | 'node.switched' | 'node.beforeReport' | 'node.reported'): Promise<void> | void;
};
const noFaults: NodeFaults = { at: () => undefined };

export type NodeLog = (event: string, fields: Record<string, unknown>) => void;

/** A running node. `stop` resolves when nothing of it runs any more. */
export type KonnaxionNode = { config: NodeConfig; stop(): Promise<void> };

/**
 * Follows one channel: pulls, verifies, switches, reports; then waits and looks again. Network failures are held: the active pack keeps
 * serving (RO-12, RO-28). A refused target is reported once and not tried again; a newer one is.
 * @throws NodeError NODE_NOT_FOUND, HOME_UNREADABLE where there is no node to start
 */
export async function startNode(dir: string, options: { pollMs: number; log: NodeLog }): Promise<KonnaxionNode> {
  const config = await readConfig(dir);
  await readKey(dir);
  await readState(dir, config.channel);
  await removeParts(dir);
  const log = unlessRepeated((event, fields) =>
    options.log(event, { tenant_id: config.tenant_id, node: config.instance_id, ...fields }),
  );
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = (async () => {
    let held = false;
    while (!signal.aborted) {
      try {
        // Read anew: joining again may have given the node another address to ask.
        await step(dir, await readConfig(dir), await readKey(dir), log, signal);
        if (held) log('node.online', {});
        held = false;
      } catch (error) {
        if (signal.aborted) break;
        log('node.hold', { error_code: codeOfError(error), error_message: messageOf(error) });
        held = true;
      }
      await pause(options.pollMs, signal);
    }
  })();
  return {
    config,
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

/**
 * One look at the channel. Public so that a test can drive a node without a clock. What was not reported is reported first, so that no
 * attempt goes by unsaid (KS-01); a node that cannot report holds what it has.
 * @throws NodeError: the world failed; the same step may be taken again
 */
export async function step(
  dir: string,
  config: NodeConfig,
  key: NodeKey,
  log: NodeLog,
  signal?: AbortSignal,
  faults: NodeFaults = noFaults,
): Promise<NodeState> {
  const report = async (state: NodeState): Promise<NodeState> => {
    if (state.last_attempt === null || state.last_attempt.reported) return state;
    await faults.at('node.beforeReport');
    await sendReport(config, state, key, new Date().toISOString(), signal);
    // crash: if we die before this is written the report goes out again under another nonce; the gatekeeper records both.
    await faults.at('node.reported');
    return keep(dir, withReported(state));
  };
  const before = await report(await readState(dir, config.channel));
  const channel = await readChannel(dir, config, signal);
  if (!channel.ok) {
    log('node.metadata_refused', { error_code: channel.code, detail: channel.detail });
    const after = withMetadataRefusal(before, channel.code);
    return after === before ? before : report(await keep(dir, after));
  }
  const asked = channel.value;
  if (asked && isNews(before, asked.target)) {
    const fetched = await fetchPack(dir, config, asked.target.pack_id, asked.manifest, signal);
    return report(await attempt(dir, before, asked.target, fetched.ok ? null : fetched, log, faults));
  }
  const active = activeTarget(before);
  return active && awaitsConfirmation(before) ? report(await attempt(dir, before, active, null, log, faults)) : before;
}

/** Verifies a pack that is here and switches to it, or puts on record why not. */
async function attempt(
  dir: string,
  before: NodeState,
  target: ChannelTarget,
  refused: Refusal | null,
  log: NodeLog,
  faults: NodeFaults,
): Promise<NodeState> {
  const { release_id, release_seq, pack_id, kristal_id } = target;
  const prepared = refused ?? (await prepare(dir, before, target));
  if (!prepared.ok) {
    log('node.activation_refused', { error_code: prepared.code, detail: prepared.detail, release_id, pack_id });
    return keep(dir, withRefusal(before, target, prepared.code));
  }
  await faults.at('node.beforeSwitch');
  const after = await keep(dir, withActivation(before, target));
  // crash: if we die here the new pack serves, and the next look reports it first
  await faults.at('node.switched');
  log('node.activated', { release_id, release_seq, pack_id, kristal_id });
  return after;
}

const keep = async (dir: string, state: NodeState): Promise<NodeState> => {
  await writeState(dir, state);
  return state;
};

/** Drops a line that says what the line before it said: what stays as it is, is said once. */
function unlessRepeated(log: NodeLog): NodeLog {
  let last = '';
  return (event, fields) => {
    const line = JSON.stringify([event, fields]);
    if (line !== last) log(event, fields);
    last = line;
  };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
