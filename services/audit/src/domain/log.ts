import { appendLeaves, type Frontier, fromHex, maxEntryBytes, type Outcome } from '@orgo/core';
import type { LogState } from './state.ts';

/** A verified decision to seal: its leaf hash (64 hex digits) and the bytes of its payload text. */
export type SealInput = { tenant_id: string; leaf_hash: string; leaf_bytes: number };

export type LogEvent = { type: 'LEAF_APPENDED'; leaf_hash: string };

/** Where a leaf goes. `before` is the head it was appended to: the first one of a batch is where the batch's paths are computed from. */
export type SealSend = { index: number; leaf_hash: string; before: Frontier; epoch: number };

/** Appends a decision as the next leaf. Indexes have no gaps, because head and leaf are one transaction. */
export function decideLog(state: LogState, input: SealInput): Outcome<LogEvent, SealSend, never> {
  if (input.leaf_bytes > maxEntryBytes) {
    return { ok: false, code: 'ENTRY_TOO_LARGE', detail: `${input.leaf_bytes} bytes; ${maxEntryBytes} is the most` };
  }
  const { leaf_hash } = input;
  const send: SealSend = { index: state.frontier.size, leaf_hash, before: state.frontier, epoch: state.epoch };
  return { ok: true, events: [{ type: 'LEAF_APPENDED', leaf_hash }], sends: [send], alarms: [] };
}

/** Folds an appended leaf into the head. */
export function evolveLog(state: LogState, event: LogEvent): LogState {
  const hash = fromHex(event.leaf_hash);
  return hash.ok ? { ...state, frontier: appendLeaves(state.frontier, [hash.value]).frontier } : state;
}
