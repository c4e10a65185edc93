import { authorizationSchema, type Digest, decisionSchema, type GateDecision, payloadTypes } from '@orgo/contracts';
import {
  type Checkpoint,
  digestOfBytes,
  fromHex,
  fromUtf8,
  leafHash,
  ok,
  parseCheckpoint,
  parseStrict,
  type Result,
  refuse,
  type SignedItem,
  utf8,
  type VerifySignature,
  verifyInclusion,
  verifyItem,
  verifyNote,
} from '@orgo/core';
import { type BundledDecision, bundlePaths, type Inventory, readBundledDecision } from './bundle-layout.ts';
import type { SealedLeaf } from './record.ts';
import type { BundleFiles, VerifierRoot } from './verify-trust.ts';

type Context = {
  roots: readonly VerifierRoot[];
  newest: VerifierRoot;
  checkpoint: Checkpoint;
  verify: VerifySignature;
};

/** The checkpoint of the bundle: a note of the tenant's log by one of its keys. */
export function verifyCheckpoint(files: BundleFiles, root: VerifierRoot, verify: VerifySignature): Result<Checkpoint> {
  const text = fromUtf8(files.read(bundlePaths.checkpoint) ?? new Uint8Array());
  if (!text.ok) return refuse('CHECKPOINT_MALFORMED', text.detail);
  const note = verifyNote(text.value, root.log.keys, verify);
  if (!note.ok) return note;
  const checkpoint = parseCheckpoint(note.value.body);
  if (!checkpoint.ok) return checkpoint;
  return checkpoint.value.origin === root.log.origin
    ? checkpoint
    : refuse('CHECKPOINT_MALFORMED', 'a checkpoint of another log');
}

/**
 * Every decision of the bundle: signed by the gatekeeper under the root version it names with a key that was not dropped below its place, about this build, a leaf of the log under the
 * checkpoint, with exactly the authorizations it gives. Answers them in log order.
 */
export function verifyDecisions(files: BundleFiles, inventory: Inventory, context: Context): Result<SealedLeaf[]> {
  const leaves: SealedLeaf[] = [];
  for (const { path } of inventory.files.filter((file) => file.path.startsWith('decisions/'))) {
    const json = parseStrict(files.read(path) ?? new Uint8Array());
    const bundled = json.ok ? readBundledDecision(json.value) : undefined;
    if (bundled === undefined || path !== bundlePaths.decision(bundled.index))
      return refuse('BUNDLE_INVALID', `${path} is no decision`);
    const leaf = verifyDecision(bundled, inventory, context);
    if (!leaf.ok) return refuse(leaf.code, `${path}: ${leaf.detail}`);
    leaves.push(leaf.value);
  }
  return leaves.length === 0 ? refuse('BUNDLE_INVALID', 'no decision') : ok(leaves);
}

function verifyDecision(bundled: BundledDecision, inventory: Inventory, context: Context): Result<SealedLeaf> {
  const { payload } = bundled.decision;
  const json = parseStrict(payload);
  const decision = decisionSchema.safeParse(json.ok ? json.value : undefined);
  if (!decision.success) return refuse('DECISION_MALFORMED', 'it does not parse');
  if (decision.data.tenant_id !== inventory.tenant_id || decision.data.build_id !== inventory.build_id)
    return refuse('TENANT_MISMATCH', 'it is about another build or tenant');
  const root = context.roots[decision.data.root_version - 1];
  if (root === undefined)
    return refuse('TRUST_ROOT_MISSING', `the bundle holds no root version ${decision.data.root_version}`);
  const signed = (item: BundledDecision['decision'], type: string) =>
    verifyItem(item as SignedItem, {
      type,
      role: 'gatekeeper',
      tenant_id: inventory.tenant_id,
      keys: root.keysOf('gatekeeper'),
      verify: context.verify,
    });
  const verified = signed(bundled.decision, payloadTypes.decision);
  if (!verified.ok) return verified;
  const counts = context.newest.history?.keysAt('gatekeeper', bundled.index) ?? [];
  if (!counts.some(({ keyid }) => keyid === verified.value.key_id))
    return refuse('KEY_REVOKED', `${verified.value.key_id} was dropped, and the entry stands at ${bundled.index}`);
  const authorizations = verifyAuthorizations(bundled, decision.data as GateDecision, signed);
  if (!authorizations.ok) return authorizations;
  const sealed = verifySeal(bundled, context.checkpoint);
  return sealed.ok
    ? ok({ index: bundled.index, digest: verified.value.digest, decision: decision.data as GateDecision })
    : sealed;
}

function verifyAuthorizations(
  bundled: BundledDecision,
  decision: GateDecision,
  signed: (item: BundledDecision['decision'], type: string) => Result<unknown>,
): Result<true> {
  const given: Digest[] = [];
  for (const item of bundled.authorizations) {
    const verified = signed(item, payloadTypes.authorization);
    if (!verified.ok) return verified;
    const json = parseStrict(item.payload);
    if (!authorizationSchema.safeParse(json.ok ? json.value : undefined).success)
      return refuse('DECISION_MALFORMED', 'an authorization does not parse');
    given.push(digestOfBytes(utf8(item.payload)));
  }
  const same =
    given.length === decision.authorizations.length &&
    decision.authorizations.every((digest) => given.includes(digest as Digest));
  return same ? ok(true) : refuse('DECISION_MALFORMED', 'the authorizations are not those it gives');
}

function verifySeal({ index, seal, decision }: BundledDecision, checkpoint: Checkpoint): Result<true> {
  if (seal.index !== index || seal.size !== checkpoint.size)
    return refuse('PROOF_INVALID', 'a seal of another entry or checkpoint');
  const path: Uint8Array[] = [];
  for (const hex of seal.path) {
    const hash = fromHex(hex);
    if (!hash.ok) return hash;
    path.push(hash.value);
  }
  return verifyInclusion({
    index,
    size: checkpoint.size,
    leafHash: leafHash(utf8(decision.payload)),
    path,
    root: checkpoint.root,
  });
}
