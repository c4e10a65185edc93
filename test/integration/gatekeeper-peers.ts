import {
  closingOf,
  foldRecord,
  recordReads,
  recordText,
  type SealedLeaf,
  splitAtRecord,
  type Unreadable,
  unreadableOf,
} from '@orgo/audit/domain';
import {
  type ArtifactRef,
  authorizationSchema,
  type BuildOutcome,
  type DecisionItem,
  type Digest,
  decisionSchema,
  foldSubject,
  type GateDecision,
  payloadTypes,
} from '@orgo/contracts';
import {
  appendLeaves,
  canonicalBytes,
  emptyFrontier,
  formatCheckpoint,
  leafHash,
  ok,
  parseStrict,
  type Refusal,
  refuse,
  signNote,
  toHex,
  utf8,
  verifyItem,
} from '@orgo/core';
import type { TestInstance } from '@orgo/infra/test-servers';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { Bus, Serving } from '@orgo/runtime/bus';
import { ackOf, decodeEnvelope } from '@orgo/runtime/envelope';
import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { type FileKeyring, verifySignature } from '@orgo/runtime/signer';
import type { TrustStore } from '@orgo/runtime/trust';
import { SealedLeaves } from './sealed-leaves.ts';

export type AuditPeer = Pick<SealedLeaves, 'sealed' | 'of' | 'until' | 'evidence'> & {
  /** Envelopes taken, by number of decisions. */
  readonly envelopes: number[];
  /** Leaves out what it is asked to hide when it folds. */
  hide: (leaf: SealedLeaf) => boolean;
  stop(): Promise<void>;
};

export type AuditDeps = {
  instance: TestInstance;
  bus: Bus;
  keyring: FileKeyring;
  trust: TrustStore;
  artifacts: ArtifactStore;
  tenant: string;
  log: Log;
};

/**
 * Audit reduced to what the gatekeeper sees of it: verifies every signature, appends to a real Merkle log, signs real checkpoints, and folds
 * records with audit's own pure code. It keeps them in memory.
 */
export async function startAuditPeer(deps: AuditDeps & { after?: AuditPeer }): Promise<AuditPeer> {
  const { bus, keyring, trust, artifacts, tenant } = deps;
  const root = await trust.root(tenant);
  const signer = await keyring.signer(tenant, 'log');
  const leaves = new SealedLeaves(deps.after?.sealed);
  const { sealed, of, until, evidence } = leaves;
  let { frontier } = appendLeaves(
    emptyFrontier(),
    sealed.map(({ item }) => leafHash(utf8(item.decision.payload))),
  );

  const signed = (item: DecisionItem['decision'], type: string) =>
    verifyItem(item, {
      type,
      role: 'gatekeeper',
      tenant_id: tenant,
      keys: root.keysOf('gatekeeper'),
      verify: verifySignature,
    });
  const take = (item: DecisionItem): void => {
    const verified = signed(item.decision, payloadTypes.decision);
    if (!verified.ok) throw new Error(`a decision that is not signed: ${verified.detail}`);
    const decision = decisionSchema.parse(verified.value.payload) as GateDecision;
    const given = item.authorizations.map((one) => {
      const authorization = signed(one, payloadTypes.authorization);
      if (!authorization.ok) throw new Error(`an authorization that is not signed: ${authorization.detail}`);
      authorizationSchema.parse(authorization.value.payload);
      return authorization.value.digest;
    });
    if (String(given) !== String(decision.authorizations))
      throw new Error('other authorizations than the decision lists');
    if (leaves.has(verified.value.digest)) return;
    const appended = appendLeaves(frontier, [leafHash(verified.value.bytes)]);
    frontier = appended.frontier;
    const text = formatCheckpoint({ origin: root.log.origin, size: frontier.size, root: appended.root });
    const checkpoint = signNote(text, { name: root.log.origin, public: signer.publicKey }, signer.sign);
    const index = frontier.size - 1;
    const seal = { index, size: frontier.size, path: (appended.paths[0] ?? []).map(toHex), checkpoint };
    leaves.add({ index, digest: verified.value.digest as Digest, decision, item, seal });
  };

  const fold = async (
    build: string,
    closing: { outcome: BuildOutcome; reason_codes: string[] },
  ): Promise<{ record: ArtifactRef | null; unreadable: Unreadable[] }> => {
    const { leaves: closed } = splitAtRecord(
      sealed.filter((leaf) => leaf.decision.build_id === build && !peer.hide(leaf)),
    );
    const decisions = closed.map((leaf) => leaf.decision);
    const bytes = new Map<Digest, Uint8Array>();
    const broken = new Map<Digest, Refusal>();
    for (const ref of recordReads(decisions))
      await artifacts.get(tenant, ref).then(
        (read) => bytes.set(ref, read),
        (error) => broken.set(ref, refuse(codeOf(error), 'broken')),
      );
    const unreadable = unreadableOf(decisions, (ref) => broken.get(ref) ?? ok(bytes.get(ref) as Uint8Array));
    if (closing.outcome === 'COMPLETED' && unreadable.length > 0) return { record: null, unreadable };
    const closes = closingOf({ ...closing, unreadable: unreadable.map(({ ref }) => ref) }, closing.reason_codes);
    if (!closes.ok) throw new Error(closes.detail);
    const source = {
      tenant_id: tenant,
      build_id: build,
      origin: root.log.origin,
      closing: closes.value,
      leaves: closed,
    };
    const record = foldRecord({ ...source, read: (ref: Digest) => bytes.get(ref) });
    if (!record.ok) throw new Error(`${record.code} ${record.detail}`);
    const text = utf8(recordText(record.value));
    return { record: await artifacts.put(tenant, 'build-record', 'application/json', text), unreadable };
  };

  const servings: Serving[] = [
    await bus.serve(`orgo.v1.${tenant}.audit.decision`, 'audit', async (bytes, { subject }) => {
      const envelope = decodeEnvelope<DecisionItem>('decision', bytes, subject);
      if (!envelope.ok) throw new Error(`${envelope.code} ${envelope.detail}`);
      peer.envelopes.push(envelope.value.items.length);
      for (const item of envelope.value.items) take(item);
      return ackOf(envelope.value.items.map(() => ({ outcome: 'accepted', code: null })));
    }),
    await bus.serve(foldSubject(tenant), 'audit', async (bytes) => {
      const asked = parseStrict(bytes);
      if (!asked.ok) throw new Error(asked.detail);
      const { build_id, closing } = asked.value as { build_id: string; closing: never };
      return canonicalBytes({ ok: true, ...(await fold(build_id, closing)) });
    }),
  ];

  const peer: AuditPeer = {
    sealed,
    of,
    until,
    evidence,
    envelopes: [],
    hide: () => false,
    async stop() {
      await Promise.all(servings.map((serving) => serving.stop()));
    },
  };
  return peer;
}
