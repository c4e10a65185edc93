import type { Digest } from '@orgo/contracts';
import { next, type TransitionTable } from '@orgo/core';

export const nodePhases = ['UNKNOWN', 'ENROLLED'] as const;
export type NodePhase = (typeof nodePhases)[number];

/** What a report proved the node to run: the pack's number in its channel. */
export type Proof = { channel: string; pack_seq: number };

/** The last decided report of a node; `confirmed` where it proved the node to run its release. */
export type LastReport = {
  release_id: string;
  pack_id: string;
  verdict: 'PASS' | 'FAIL';
  decision: Digest;
  confirmed: Proof | null;
};

/** A node as the gatekeeper trusts it: its key was enrolled by a sealed decision, because no trust root can know it beforehand. */
export type NodeGate = {
  tenant_id: string;
  instance_id: string;
  phase: NodePhase;
  /** Base64 of the raw Ed25519 key. */
  public_key: string | null;
  key_id: string | null;
  channel: string | null;
  enrolled_by: Digest | null;
  /** Nonces used last; all of them are rows of their own, these see each other within a batch. */
  nonces: string[];
  last: LastReport | null;
  /** The last report that proved something; a later one that shows another pack is drift (KS-06). */
  held: LastReport | null;
};

export const initialNode = (key: { tenant_id: string; id: string }): NodeGate => ({
  tenant_id: key.tenant_id,
  instance_id: key.id,
  phase: 'UNKNOWN',
  public_key: null,
  key_id: null,
  channel: null,
  enrolled_by: null,
  nonces: [],
  last: null,
  held: null,
});

export type NodeEvent =
  | { type: 'NODE_ENROLLED'; decision: Digest; public_key: string; key_id: string; channel: string }
  | { type: 'NODE_REPORTED'; nonce: string; last: LastReport };

export const nodeTable: TransitionTable<NodePhase, NodeEvent['type']> = {
  UNKNOWN: { NODE_ENROLLED: 'ENROLLED' },
  ENROLLED: { NODE_ENROLLED: 'ENROLLED', NODE_REPORTED: 'ENROLLED' },
};

const maxNonces = 64;

/** Folds a decided event; total. */
export function evolveNode(state: NodeGate, event: NodeEvent): NodeGate {
  const phase = next(nodeTable, state.phase, event.type) ?? state.phase;
  switch (event.type) {
    case 'NODE_ENROLLED': {
      const { public_key, key_id, channel, decision } = event;
      return { ...state, phase, public_key, key_id, channel, enrolled_by: decision };
    }
    case 'NODE_REPORTED': {
      const { last, nonce } = event;
      const held = last.confirmed ? last : (state.held ?? null);
      return { ...state, phase, nonces: [...state.nonces, nonce].slice(-maxNonces), last, held };
    }
  }
}
