import type { ArtifactRef, Authorization, Digest, GateDecision } from '@orgo/contracts';
import { digestOfNothing } from './digest.ts';

/**
 * A decision that says nothing but what it is about: `NOTED`, final of nothing, resting on nothing, under root version 1 and as of its own time.
 * Whatever is given replaces that. Each call makes new lists, so nobody shares one.
 * @example blankDecision({ kind: 'CANCEL', tenant_id, build_id, actor: 'ann@example.org', at: now })
 */
export const blankDecision = (
  about: Pick<GateDecision, 'kind' | 'tenant_id' | 'build_id' | 'actor' | 'at'> & Partial<GateDecision>,
): GateDecision => ({
  v: 1,
  verdict: 'NOTED',
  stage: null,
  attempt: 0,
  epoch: 0,
  final: false,
  idem_key: digestOfNothing,
  subject_digest: digestOfNothing,
  subject_key_id: '',
  command_digest: null,
  reason_codes: [],
  inputs: [],
  outputs: [],
  authorizations: [],
  rests_on: [],
  report: null,
  adapter: null,
  pipeline_ref: digestOfNothing,
  mandate_ref: digestOfNothing,
  root_version: 1,
  as_of: about.at,
  duration_ms: 0,
  detail: {},
  ...about,
});

/** An authorization names at most so many decisions. */
const maxRestsOn = 64;

/**
 * The permission that a decision gives: to run `stage` on exactly `inputs`, under the pins of the decision. Of the decisions it rests on each is
 * named once, and the newest where they are too many.
 */
export const authorizationOf = (
  decision: Pick<
    GateDecision,
    'tenant_id' | 'build_id' | 'subject_digest' | 'pipeline_ref' | 'mandate_ref' | 'as_of' | 'root_version'
  >,
  stage: string,
  inputs: ArtifactRef[],
  rests_on: readonly Digest[],
): Authorization => ({
  v: 1,
  tenant_id: decision.tenant_id,
  build_id: decision.build_id,
  stage,
  inputs,
  rests_on: [...new Set(rests_on)].slice(-maxRestsOn),
  subject_digest: decision.subject_digest,
  pipeline_ref: decision.pipeline_ref,
  mandate_ref: decision.mandate_ref,
  as_of: decision.as_of,
  root_version: decision.root_version,
});
