import {
  type ArtifactRef,
  type Authorization,
  type CommandItem,
  type GateDecision,
  payloadTypes,
  type StageCommand,
} from '@orgo/contracts';
import {
  authorizationOf,
  blankDecision,
  canonical,
  type Digest,
  digestOf,
  formatCheckpoint,
  leafHash,
  nodeHash,
  type SignedItem,
  signBatch,
  signNote,
  toHex,
  utf8,
} from '@orgo/core';
import type { Signer } from '@orgo/runtime/signer';

/** The keys a genuine command needs, all of one tenant: those of a tenant made for tests or for the conformance kit. */
export type CommandSigners = { orchestrator: Signer; gatekeeper: Signer; log: Signer };

/** What a test or check says about a command; the rest is plausible. Each `forge` function changes one part before it is signed or sealed. */
export type CommandWish = {
  build_id?: string;
  stage?: string;
  adapter?: string;
  attempt?: number;
  epoch?: number;
  inputs?: ArtifactRef[];
  config?: StageCommand['config'];
  as_of?: string;
  not_after?: string;
  traceparent?: string | null;
  forge?: {
    command?: (command: StageCommand) => object;
    authorization?: (authorization: Authorization) => object;
    decision?: (decision: GateDecision) => object;
    origin?: string;
    item?: (item: CommandItem) => CommandItem;
  };
};

export const someDigest = (seed: string): Digest => digestOf(seed);
export const someBuild = 'bld_0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b';

/** Signs one value as a message of its kind, the only one in its batch. */
export const signed = (type: string, value: object, signer: Signer): SignedItem =>
  signBatch([{ type, payload: canonical(value) }], signer, signer.sign)[0] as SignedItem;

const same = <T>(value: T): T => value;

/** A command as the orchestrator sends it: authorized by a decision that is leaf 1 of a log of two. */
export function sealedCommand(signers: CommandSigners, origin: string, wish: CommandWish = {}): CommandItem {
  const { orchestrator, gatekeeper, log } = signers;
  const tenant_id = orchestrator.tenant_id;
  const {
    build_id = someBuild,
    stage = 'echo-1',
    adapter = 'echo',
    attempt = 1,
    epoch = 1,
    inputs = [],
    config = {},
    traceparent = null,
    forge = {},
  } = wish;
  const { as_of = '2026-01-01T00:00:00.000Z', not_after = '2099-01-01T00:00:00.000Z' } = wish;

  const admission = blankDecision({
    kind: 'ADMISSION',
    verdict: 'PASS',
    tenant_id,
    build_id,
    final: true,
    idem_key: someDigest('key'),
    subject_digest: someDigest('claim'),
    subject_key_id: orchestrator.key_id,
    actor: 'test',
    pipeline_ref: someDigest('pipeline'),
    mandate_ref: someDigest('mandate'),
    at: as_of,
  });
  const authorization = authorizationOf(admission, stage, inputs, []);
  const authorizationItem = signed(
    payloadTypes.authorization,
    (forge.authorization ?? same)(authorization),
    gatekeeper,
  );
  const authorization_digest = digestOf(JSON.parse(authorizationItem.payload));

  const decision: GateDecision = { ...admission, authorizations: [authorization_digest] };
  const decisionItem = signed(payloadTypes.decision, (forge.decision ?? same)(decision), gatekeeper);
  const first = leafHash(utf8('an earlier decision'));
  const root = nodeHash(first, leafHash(utf8(decisionItem.payload)));
  const name = forge.origin ?? origin;
  const checkpoint = signNote(
    formatCheckpoint({ origin: name, size: 2, root }),
    { name, public: log.publicKey },
    log.sign,
  );

  const command: StageCommand = {
    v: 1,
    tenant_id,
    build_id,
    stage,
    adapter,
    attempt,
    epoch,
    idem_key: someDigest('key'),
    authorization_digest,
    inputs,
    config,
    as_of,
    not_after,
  };
  const item: CommandItem = {
    command: signed(payloadTypes.command, (forge.command ?? same)(command), orchestrator),
    authorization: authorizationItem,
    decision: decisionItem,
    seal: { index: 1, size: 2, path: [toHex(first)], checkpoint },
    traceparent,
  };
  return (forge.item ?? same)(item);
}
