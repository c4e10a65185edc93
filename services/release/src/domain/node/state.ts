import type { NodeLabels } from '@orgo/contracts';
import type { Reported } from './reported.ts';

/** `NEW` is a node that nobody has asked to enroll; it is never stored. */
export type NodePhase = 'NEW' | 'JOINING' | 'ENROLLED' | 'REFUSED';

/** Who a node is: its channel and its own public key, which it made itself. */
export type Identity = {
  channel: string;
  /** Base64 of the raw 32 bytes of an Ed25519 key. */
  public_key: string;
  key_id: string;
  labels: NodeLabels;
};

export type NodeState = {
  phase: NodePhase;
  tenant_id: string;
  instance_id: string;
  identity: Identity | null;
  /** Which enrollment this is: numbers the claims. */
  joins: number;
  reason_codes: string[];
  /** The last verified report; null before the first. */
  said: Reported | null;
  last_report_at: string | null;
  /** It confirmed one pack and showed another since (KS-06). */
  drifted?: boolean;
};

/** A node before its first event. */
export const initialNode = (key: { tenant_id: string; id: string }): NodeState => ({
  phase: 'NEW',
  tenant_id: key.tenant_id,
  instance_id: key.id,
  identity: null,
  joins: 0,
  reason_codes: [],
  said: null,
  last_report_at: null,
});

export const nodePhaseOf = (state: NodeState): NodePhase => state.phase;
