import {
  type Authorization,
  authorizationSchema,
  type CommandItem,
  commandSchema,
  decisionSchema,
  type GateDecision,
  payloadTypes,
  type StageCommand,
} from '@orgo/contracts';
import {
  canonical,
  type Digest,
  ok,
  type ReasonCode,
  type Refusal,
  type Result,
  refuse,
  type SignedItem,
  type StatementCache,
  type VerifySignature,
} from '@orgo/core';
import { verifyItemUnder } from '@orgo/core/root-history';
import { verifySeal } from '@orgo/core/seal';
import type { Root } from '@orgo/runtime/trust';
import type { z } from 'zod';

/** What a command is checked against. Everything is given: the check does no I/O and reads no clock. */
export type CheckExpectation = {
  /** Trust root of the tenant in the subject. */
  root: Root;
  /** Who we are. */
  adapter: string;
  /** Our clock; it only judges the lease. */
  now: Date;
  verify: VerifySignature;
  cache?: StatementCache;
};

/** A command that may run, with the evidence it rests on. Digests are of the signed bytes. */
export type CheckedCommand = {
  command: StageCommand;
  command_digest: Digest;
  authorization: Authorization;
  authorization_digest: Digest;
  decision: GateDecision;
};

type Signed<T> = { value: T; digest: Digest };

/** What a failed verification means for a command: the wrong kind or form, or a signer without the role. */
const codeOfFailure = (refusal: Refusal): ReasonCode =>
  refusal.code === 'PAYLOAD_TYPE_MISMATCH' || refusal.code.startsWith('JSON_')
    ? 'COMMAND_MALFORMED'
    : 'COMMAND_SIGNER_UNTRUSTED';

const read = <T extends z.ZodType>(
  item: SignedItem,
  type: string,
  role: string,
  schema: T,
  { root, verify, cache }: CheckExpectation,
  index?: number,
): Result<Signed<z.output<T>>> => {
  const verified = verifyItemUnder(item, { root, role, type, index, verify, cache });
  if (!verified.ok) return refuse(codeOfFailure(verified), `${role}: ${verified.detail}`);
  const parsed = schema.safeParse(verified.value.payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse('COMMAND_MALFORMED', `${type}: /${(issue?.path ?? []).join('/')} ${issue?.message ?? ''}`);
  }
  return ok({ value: parsed.data, digest: verified.value.digest });
};

const matches = (command: StageCommand, { value, digest }: Signed<Authorization>): Result<true> => {
  if (command.authorization_digest !== digest)
    return refuse('COMMAND_PAYLOAD_MISMATCH', 'the command names another authorization');
  const other = (['tenant_id', 'build_id', 'stage'] as const).find((name) => command[name] !== value[name]);
  if (other !== undefined) return refuse('COMMAND_BUILD_MISMATCH', `command and authorization differ in ${other}`);
  if (command.as_of !== value.as_of)
    return refuse('COMMAND_PAYLOAD_MISMATCH', 'command and authorization differ in as_of');
  if (canonical(command.inputs) !== canonical(value.inputs))
    return refuse('COMMAND_INPUTS_MISMATCH', 'these are not the authorized inputs');
  return ok(true);
};

/** Whether the decision gives this authorization and stands in the tenant's log. */
const isSealed = (
  item: CommandItem,
  authorization: Signed<Authorization>,
  expect: CheckExpectation,
): Result<GateDecision> => {
  const unsealed = (why: string) => refuse('COMMAND_AUTHORIZATION_UNSEALED', why);
  if (item.decision === null || item.seal === null) return unsealed('decision or seal is absent');
  const { index } = item.seal;
  const decision = read(item.decision, payloadTypes.decision, 'gatekeeper', decisionSchema, expect, index);
  if (!decision.ok) return decision;
  const { authorizations, verdict, build_id } = decision.value.value;
  if (!authorizations.includes(authorization.digest)) return unsealed('the decision does not give this authorization');
  if (build_id !== authorization.value.build_id) return unsealed('the decision is about another build');
  if (verdict !== 'PASS' && verdict !== 'SKIP') return unsealed(`a decision that says ${verdict} opens nothing`);
  const seal = verifySeal(item.seal, item.decision.payload, {
    log: expect.root.log,
    verify: expect.verify,
    ...(expect.cache && { cache: expect.cache }),
  });
  return seal.ok ? ok(decision.value.value) : unsealed(seal.detail);
};

/**
 * Whether a stage may run (GT-05). The checks go from who speaks to what is said to whether it is still time, and the first that fails names the
 * refusal:
 *
 * 1. command signed by the orchestrator of this tenant: `COMMAND_SIGNER_UNTRUSTED`; it parses: `COMMAND_MALFORMED`;
 * 2. of this tenant, for this adapter: `COMMAND_BUILD_MISMATCH`;
 * 3. there is an authorization: `COMMAND_AUTHORIZATION_MISSING`; signed by the gatekeeper and parses, as in 1;
 * 4. it is the one the command names, at its as_of: `COMMAND_PAYLOAD_MISMATCH`; of the same tenant, build and stage: `COMMAND_BUILD_MISMATCH`; for exactly
 *    these inputs: `COMMAND_INPUTS_MISMATCH`;
 * 5. a decision of the gatekeeper gives it, and is a leaf of the tenant's log under a checkpoint by its log key: `COMMAND_AUTHORIZATION_UNSEALED`;
 * 6. the lease is not over: `COMMAND_LEASE_EXPIRED`.
 */
export function checkCommand(item: CommandItem, expect: CheckExpectation): Result<CheckedCommand> {
  const command = read(item.command, payloadTypes.command, 'orchestrator', commandSchema, expect);
  if (!command.ok) return command;
  const { value } = command.value;
  if (value.tenant_id !== expect.root.tenant_id) return refuse('COMMAND_BUILD_MISMATCH', 'a command of another tenant');
  if (value.adapter !== expect.adapter)
    return refuse('COMMAND_BUILD_MISMATCH', `a command for the adapter ${value.adapter}`);

  if (item.authorization === null) return refuse('COMMAND_AUTHORIZATION_MISSING', 'no authorization');
  // It counts as long as the decision that gives it: where that stands is checked below.
  const place = item.seal?.index;
  const authorization = read(
    item.authorization,
    payloadTypes.authorization,
    'gatekeeper',
    authorizationSchema,
    expect,
    place,
  );
  if (!authorization.ok) return authorization;
  const matched = matches(value, authorization.value);
  if (!matched.ok) return matched;
  const decision = isSealed(item, authorization.value, expect);
  if (!decision.ok) return decision;

  if (expect.now.getTime() > Date.parse(value.not_after))
    return refuse('COMMAND_LEASE_EXPIRED', `the lease ended at ${value.not_after}`);
  return ok({
    command: value,
    command_digest: command.value.digest,
    authorization: authorization.value.value,
    authorization_digest: authorization.value.digest,
    decision: decision.value,
  });
}
