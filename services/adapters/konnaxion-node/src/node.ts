import type { ReasonCode } from '@orgo/contracts';
import { prepare } from './activate.ts';
import { activeTarget } from './active.ts';
import { readChannel } from './channel.ts';
import { isNews, withActivation, withFailure } from './domain/judge.ts';
import type { NodeState } from './domain/state.ts';
import { fetchPack } from './fetch-pack.ts';
import { type NodeConfig, type NodeKey, readConfig, readKey, readState, writeState } from './folder.ts';
import { sendReport } from './report.ts';

export type NodeLog = (event: string, fields: Record<string, unknown>) => void;

/** A running node. `stop` resolves when nothing of it runs any more. */
export type KonnaxionNode = { config: NodeConfig; stop(): Promise<void> };

/**
 * Follows one channel: pulls, verifies, switches, reports; then waits and looks again. Network failures are held: the active pack keeps
 * serving (RO-12, RO-28). A refused target is reported once and not tried again; a newer one is.
 */
export async function startNode(dir: string, options: { pollMs: number; log: NodeLog }): Promise<KonnaxionNode> {
  const config = await readConfig(dir);
  const key = await readKey(dir);
  const log: NodeLog = (event, fields) =>
    options.log(event, { tenant_id: config.tenant_id, node: config.instance_id, ...fields });
  const stopping = new AbortController();
  const loop = (async () => {
    let held = '';
    while (!stopping.signal.aborted) {
      try {
        await step(dir, config, key, log);
        if (held) log('node.online', {});
        held = '';
      } catch (e) {
        const why = e instanceof Error ? e.message : String(e);
        if (why !== held) log('node.hold', { error_message: why });
        held = why;
      }
      await pause(options.pollMs, stopping.signal);
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

/** One look at the channel. Public so that a test can drive a node without a clock. */
export async function step(dir: string, config: NodeConfig, key: NodeKey, log: NodeLog): Promise<NodeState> {
  let state = await readState(dir, config.channel);
  const channel = await readChannel(dir, config);
  if (!channel.ok) {
    const target = activeTarget(state);
    // Bad metadata names no target that could be trusted: it is reported against what is active, once.
    if (target && state.last_attempt?.reason_code !== channel.code)
      state = await keep(dir, withFailure(state, target, 'VERIFY', channel.code));
    log('node.metadata_refused', { error_code: channel.code, detail: channel.detail });
  } else if (channel.value && isNews(state, channel.value.target)) {
    state = await attempt(dir, config, state, channel.value, log);
  }
  if (state.last_attempt && !state.last_attempt.reported) {
    await sendReport(config, state, key, new Date().toISOString());
    // crash: if we die before this is written the report goes out again under another nonce; the gatekeeper records both.
    state = await keep(dir, { ...state, last_attempt: { ...state.last_attempt, reported: true } });
  }
  return state;
}

async function attempt(
  dir: string,
  config: NodeConfig,
  before: NodeState,
  channel: { target: Parameters<typeof isNews>[1]; manifest: Uint8Array },
  log: NodeLog,
): Promise<NodeState> {
  const { target } = channel;
  const failed = (code: ReasonCode, detail: string): Promise<NodeState> => {
    log('node.activation_refused', {
      error_code: code,
      detail,
      release_id: target.release_id,
      pack_id: target.pack_id,
    });
    return keep(dir, withFailure(before, target, 'ACTIVATE', code));
  };
  const fetched = await fetchPack(dir, config, target.pack_id, channel.manifest);
  if (!fetched.ok) return failed(fetched.code, fetched.detail);
  const prepared = await prepare(dir, before, target);
  if (!prepared.ok) return failed(prepared.code, prepared.detail);
  const after = await keep(dir, withActivation(before, target));
  log('node.activated', {
    release_id: target.release_id,
    release_seq: target.release_seq,
    pack_id: target.pack_id,
    kristal_id: target.kristal_id,
  });
  return after;
}

const keep = async (dir: string, state: NodeState): Promise<NodeState> => {
  await writeState(dir, state);
  return state;
};

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
