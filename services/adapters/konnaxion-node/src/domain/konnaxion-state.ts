import type { Offer } from '@orgo/contracts';
import { type JsonValue, ok, type Result, refuse, sha256Hex } from '@orgo/core';
import { type Attempt, type Installed, lastAttempt, type NodeState, type Served } from './state.ts';

/** Whose state it is: one activation domain is a node in a channel. */
export type StateSubject = { tenant_id: string; instance_id: string; environment: string };

/** The record of a node's state at one attempt: everything that a rollback decision rests on (KS-03, KS-05). */
export type KonnaxionState = {
  v: 2;
  state_id: string;
  tenant_id: string;
  instance_id: string;
  environment: string;
  channel: string;
  created_at: string;
  active: Served | null;
  last_known_good: Served | null;
  prior: Served[];
  installed: Installed[];
  pins: { pinned: Offer | null; revoked_pack_ids: string[] };
  floors: NodeState['floors'];
  last_attempt: Attempt;
};

/** The id of the record of a node's n-th attempt: always the same (RFC 9562, version 8). */
export function stateIdOf({ tenant_id, instance_id }: StateSubject, attempt: number): string {
  const hex = sha256Hex(`orgo.konnaxion-state.v2|${tenant_id}|${instance_id}|${attempt}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The record of a node as it stands after its newest attempt (KS-01); null before the first. */
export function konnaxionState(subject: StateSubject, state: NodeState): KonnaxionState | null {
  const last = lastAttempt(state);
  if (last === null) return null;
  return {
    v: 2,
    state_id: stateIdOf(subject, last.number),
    ...subject,
    channel: state.channel,
    created_at: last.at,
    active: state.active,
    last_known_good: state.last_known_good,
    prior: state.prior,
    installed: state.installed,
    pins: { pinned: state.index?.current ?? null, revoked_pack_ids: state.revoked },
    floors: state.floors,
    last_attempt: last,
  };
}

/** Types and states of attempts that the public form has a word for. */
const publicTypes = ['VERIFY', 'ACTIVATE', 'ROLLBACK'] as const;

/**
 * The public kOA form of a record (`konnaxion-state.schema.json`). What it has no member for is left out; where it demands something that is not there, the answer is
 * `NOT_PROJECTABLE`, and the event stands for itself.
 */
export function toPublicKonnaxionState(record: KonnaxionState): Result<JsonValue> {
  const { active, last_attempt: last, pins } = record;
  const type = publicTypes.find((known) => known === last.type);
  if (active === null) return refuse('NOT_PROJECTABLE', 'active: nothing is active');
  if (type === undefined) return refuse('NOT_PROJECTABLE', `last_attempt.type: ${last.type} has no public word`);
  if (last.status === 'IN_PROGRESS') return refuse('NOT_PROJECTABLE', 'last_attempt.status: the attempt is not over');
  return ok({
    state_id: record.state_id,
    instance_id: record.instance_id,
    environment: record.environment,
    created_at: record.created_at,
    active: {
      channel: record.channel,
      pack_id: active.pack_id,
      activated_at: active.activated_at,
      exchange_ref: active.kristal_id,
    },
    installed: record.installed.map(({ pack_id, installed_at, manifest, status }) => ({
      pack_id,
      installed_at,
      manifest_ref: manifest,
      status,
    })),
    pins: {
      ...(pins.pinned === null ? {} : { pinned_pack_id: pins.pinned.pack_id }),
      revoked_pack_ids: pins.revoked_pack_ids,
    },
    last_attempt: {
      type,
      target_pack_id: last.offer.pack_id,
      status: last.status,
      reason_code: last.reason_code ?? 'OK',
      started_at: last.at,
      finished_at: last.at,
    },
    health: { status: last.health, signals: last.metrics.map(({ name, value }) => ({ name, value })) },
    telemetry_refs: {},
  });
}
