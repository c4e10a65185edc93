import {
  type ArtifactRef,
  type BuildRecord,
  type ClaimItem,
  type DecisionItem,
  type Digest,
  dsseEnvelopeSchema,
  type GateClaim,
  type GateDecision,
  type NodeReport,
  payloadTypes,
  type ReceiptItem,
  type SealedDecision,
  type SignedItemWire,
  sealedSubject,
  subjectOf,
} from '@orgo/contracts';
import {
  appendLeaves,
  blankDecision,
  canonical,
  canonicalBytes,
  digestOf,
  emptyFrontier,
  type Frontier,
  formatCheckpoint,
  fromBase64,
  keyIdOf,
  leafHash,
  signBatch,
  signNote,
  toHex,
  utf8,
  verifyDsse,
  verifyItem,
} from '@orgo/core';
import {
  type ArtifactFact,
  type DecisionSend,
  decideNode,
  decideRelease,
  evolveNode,
  evolveRelease,
  initialChannelGate,
  initialNode,
  initialRelease,
  type NodeGate,
  type ReleaseGate,
  type ReportFacts,
} from '@orgo/gatekeeper/domain';
import { ackOf, decodeAck, decodeEnvelope, encodeEnvelope } from '@orgo/runtime/envelope';
import { codeOf } from '@orgo/runtime/errors';
import { type FileKeyring, type Signer, verifySignature } from '@orgo/runtime/signer';
import type { PlatformWith } from '@orgo/store/platform';

type Kristal = NonNullable<BuildRecord['outputs']['kristal']>;
type Outcome = { outcome: string; code: string | null };

export type Peers = {
  readonly claims: { claim: GateClaim; item: ClaimItem }[];
  /** Channels the mandate allows; null allows all. */
  channels: string[] | null;
  /** Artifacts the gatekeeper finds changed. */
  broken: Set<string>;
  /** Holds decisions back until it resolves. */
  gate: Promise<unknown>;
  /** Seals a RECORD decision about a build, so that audit can be asked for it. */
  sealRecord(build_id: string, record: BuildRecord, more?: Partial<GateDecision>): Promise<SealedDecision>;
  /** What audit answers when it is asked about this build. */
  answers: Map<string, unknown>;
  /** Sealed receipts that went out, in order. */
  readonly receipts: ReceiptItem[];
  sealed(decision: GateDecision, by?: { decision?: Signer; log?: Signer }): Promise<ReceiptItem>;
  send(items: readonly ReceiptItem[]): Promise<Outcome[]>;
  /** When every decision so far was delivered. */
  settled(): Promise<unknown>;
  stop(): Promise<void>;
};

/**
 * Gatekeeper and (unless the real one runs) audit of one tenant, reduced to what the release service sees of them: real keys, real signatures, a real Merkle log, over the real
 * bus. What they decide is the gatekeeper's own domain; only the facts it decides on are made here.
 */
export async function startPeers(
  platform: PlatformWith<FileKeyring>,
  tenant: string,
  { realAudit = false } = {},
): Promise<Peers> {
  const { bus, keyring, trust, artifacts } = platform;
  const root = await trust.root(tenant);
  const [gatekeeper, log] = await Promise.all([keyring.signer(tenant, 'gatekeeper'), keyring.signer(tenant, 'log')]);
  const nodes = new Map<string, NodeGate>();
  const releases = new Map<string, ReleaseGate>();
  let frontier: Frontier = emptyFrontier();
  let sending: Promise<unknown> = Promise.resolve();
  let stopped = false;

  const sign = (type: string, payloads: readonly string[], signer: Signer): SignedItemWire[] =>
    signBatch(
      payloads.map((payload) => ({ type, payload })),
      { role: signer.role, tenant_id: tenant, key_id: signer.key_id },
      (message) => signer.sign(message),
    ) as SignedItemWire[];

  const seal = (
    payload: string,
    authorizations: readonly string[],
    by: { decision?: Signer; log?: Signer } = {},
  ): ReceiptItem => {
    const [decision] = sign(payloadTypes.decision, [payload], by.decision ?? gatekeeper);
    const appended = appendLeaves(frontier, [leafHash(utf8(payload))]);
    frontier = appended.frontier;
    const { origin, public: key } = root.log;
    const text = formatCheckpoint({ origin, size: frontier.size, root: appended.root });
    return {
      decision: decision as SignedItemWire,
      authorizations: sign(payloadTypes.authorization, authorizations, gatekeeper),
      seal: {
        index: frontier.size - 1,
        size: frontier.size,
        path: (appended.paths[0] ?? []).map(toHex),
        checkpoint: signNote(text, { name: origin, public: key }, (message) => (by.log ?? log).sign(message)),
      },
      traceparent: null,
    };
  };
  const send: Peers['send'] = async (items) => {
    const subject = subjectOf('receipt', { tenant, service: 'release' });
    const ack = decodeAck(await bus.request(subject, encodeEnvelope('receipt', tenant, items)), items.length);
    if (!ack.ok) throw new Error(ack.detail);
    return ack.value;
  };
  /** Has the real audit seal a decision; the receipt finds its own way. */
  const toAudit = async (payload: string, authorizations: readonly { payload: string }[]): Promise<void> => {
    const item: DecisionItem = {
      decision: sign(payloadTypes.decision, [payload], gatekeeper)[0] as SignedItemWire,
      authorizations: sign(
        payloadTypes.authorization,
        authorizations.map((one) => one.payload),
        gatekeeper,
      ),
      traceparent: null,
    };
    const bytes = await bus.request(subjectOf('decision', { tenant }), encodeEnvelope('decision', tenant, [item]));
    const ack = decodeAck(bytes, 1);
    if (!ack.ok || ack.value[0]?.outcome !== 'accepted') throw new Error(JSON.stringify(ack));
  };
  /** As a relay would: in order, again and again until it is answered. */
  const deliver = (sends: readonly DecisionSend[]): void => {
    sending = sending.then(async () => {
      await peers.gate;
      for (const { payload, authorizations, report } of sends) {
        if (report !== null) await artifacts.put(tenant, report.artifact.kind, 'application/json', utf8(report.text));
        if (realAudit) {
          await toAudit(payload, authorizations);
          continue;
        }
        const item = seal(
          payload,
          authorizations.map((one) => one.payload),
        );
        peers.receipts.push(item);
        for (;;) {
          const [answer] = await send([item]).catch((error) => [{ outcome: 'later', code: codeOf(error) }]);
          if (answer?.outcome !== 'later' || stopped) break;
          await new Promise((resume) => setTimeout(resume, 20));
        }
      }
    });
  };

  const peers: Peers = {
    claims: [],
    channels: null,
    broken: new Set(),
    gate: Promise.resolve(),
    answers: new Map(),
    receipts: [],
    sealed: async (decision, by) => seal(canonical(decision), [], by),
    send,
    settled: () => sending,
    async sealRecord(build_id, record, more = {}) {
      const stored = await artifacts.put(tenant, 'build-record', 'application/json', canonicalBytes(record));
      const payload = canonical({ ...recordDecision(tenant, build_id, stored), ...more } satisfies GateDecision);
      if (realAudit) await toAudit(payload, []);
      const { decision, seal: proof } = seal(payload, []);
      peers.answers.set(build_id, { decision, seal: proof });
      return { decision, seal: proof };
    },
    async stop() {
      stopped = true;
      await sending;
      await Promise.all(servings.map((serving) => serving.stop(0)));
    },
  };

  const fact = (artifact: ArtifactRef, more: Partial<ArtifactFact>): ArtifactFact => ({
    artifact,
    bytes: peers.broken.has(artifact.ref) ? { code: 'HASH_MISMATCH', detail: artifact.ref } : null,
    contract: null,
    official: null,
    links: [],
    ids: {},
    files: null,
    ...more,
  });
  const factsOf = ({ exchange, exchange_manifest, pack_manifest, pack_files, kristal_id, pack_id }: Kristal) => {
    const files = pack_files.map(({ ref, size }) => ({ ref: ref as Digest, size }));
    return [
      fact(exchange as ArtifactRef, { ids: { kristal_id } }),
      fact(exchange_manifest as ArtifactRef, { ids: { kristal_id } }),
      fact(pack_manifest as ArtifactRef, { ids: { pack_id }, files }),
      ...pack_files.map((file) => fact(file as ArtifactRef, {})),
    ];
  };

  const gateOf = (channel: string | null) =>
    channel === null
      ? null
      : { gate: initialChannelGate({ tenant_id: tenant, id: channel }), pack_seq: null, numbers: [] };

  const decideAsGate = async (claim: GateClaim, item: ClaimItem): Promise<Outcome> => {
    const common = {
      tenant_id: tenant,
      build_id: claim.build_id,
      digest: digestOf(claim),
      key_id: item.claim.proof.key_id,
      root_version: 1,
      claim,
      now: new Date().toISOString(),
    };
    if (claim.claim === 'RELEASE') {
      const state = releases.get(claim.build_id) ?? initialRelease({ tenant_id: tenant, id: claim.build_id });
      const [evidence] = item.evidence;
      const decision = JSON.parse(evidence?.decision.payload ?? 'null') as GateDecision;
      const bytes = await artifacts.get(tenant, decision.outputs[0]?.ref as Digest);
      const record = JSON.parse(new TextDecoder().decode(bytes)) as BuildRecord;
      const rules =
        peers.channels === null ? [] : [{ type: 'channel_allowlist', channels: peers.channels, set_id: null }];
      const policy = {
        policy_id: 'p',
        version: '1',
        enforcement: 'MUST' as const,
        effective_from: null,
        effective_to: null,
      };
      const outcome = decideRelease(state, {
        ...common,
        release: {
          evidence: { decision, digest: digestOf(decision), key_id: 'k' },
          record: { ok: true, record },
          artifacts: factsOf(record.outputs.kristal as Kristal),
          mandate: { ok: true, bundle_id: 'mandate:x', policies: [{ ...policy, rules }] },
          build: { closed: true, quarantined: false },
          root_expires_at: root.expires_at,
          channel: gateOf(String(claim.detail.channel)),
        },
        step: null,
        close: null,
      });
      releases.set(claim.build_id, (outcome.events ?? []).reduce(evolveRelease, state));
      deliver(outcome.sends ?? []);
      return outcome.ok ? { outcome: 'accepted', code: null } : { outcome: 'refused', code: outcome.code };
    }
    if (claim.claim === 'RELEASE_STEP' || claim.claim === 'RELEASE_CLOSE') {
      const state = releases.get(claim.build_id) ?? initialRelease({ tenant_id: tenant, id: claim.build_id });
      const confirmed = [...nodes.values()].flatMap(({ instance_id, last }) =>
        last?.release_id === claim.build_id && last.verdict === 'PASS' && last.pack_id === state.pack_id
          ? [{ instance_id, decision: last.decision }]
          : [],
      );
      const facts = { reports: confirmed.map(({ decision }) => decision).slice(0, 63), channel: gateOf(state.channel) };
      const outcome = decideRelease(state, {
        ...common,
        release: null,
        step:
          claim.claim === 'RELEASE_STEP'
            ? { ...facts, confirmed: confirmed.length, root_expires_at: root.expires_at }
            : null,
        close: claim.claim === 'RELEASE_CLOSE' ? { confirmed } : null,
      });
      releases.set(claim.build_id, (outcome.events ?? []).reduce(evolveRelease, state));
      deliver(outcome.sends ?? []);
      return outcome.ok ? { outcome: 'accepted', code: null } : { outcome: 'refused', code: outcome.code };
    }
    const instance_id = String(claim.detail.instance_id);
    const state = nodes.get(instance_id) ?? initialNode({ tenant_id: tenant, id: instance_id });
    const outcome = decideNode(state, {
      ...common,
      join: claim.claim === 'NODE_JOIN' ? { node: joining(claim) } : null,
      report: claim.claim === 'NODE_REPORT' ? reported(claim, state, releases.get(claim.build_id)) : null,
    });
    nodes.set(instance_id, (outcome.events ?? []).reduce(evolveNode, state));
    deliver(outcome.sends ?? []);
    return outcome.ok ? { outcome: 'accepted', code: null } : { outcome: 'refused', code: outcome.code };
  };

  const seen = new Set<string>();
  const takeClaim = async (item: ClaimItem): Promise<Outcome> => {
    const keys = root.keysOf('release');
    const expect = { type: payloadTypes.claim, role: 'release', tenant_id: tenant, keys, verify: verifySignature };
    const verified = verifyItem(item.claim, expect);
    if (!verified.ok) throw new Error(`a claim that is not signed: ${verified.detail}`);
    if (seen.has(verified.value.digest)) return { outcome: 'duplicate', code: null };
    seen.add(verified.value.digest);
    const claim = verified.value.payload as unknown as GateClaim;
    peers.claims.push({ claim, item });
    return decideAsGate(claim, item);
  };
  const servings = [
    await bus.serve(subjectOf('claim', { tenant }), 'gatekeeper', async (bytes, { subject }) => {
      const envelope = decodeEnvelope<ClaimItem>('claim', bytes, subject);
      if (!envelope.ok) throw new Error(envelope.detail);
      const results: Outcome[] = [];
      for (const item of envelope.value.items) results.push(await takeClaim(item));
      return ackOf(results as never);
    }),
  ];
  if (!realAudit) {
    servings.push(
      await bus.serve(sealedSubject(tenant), 'audit', async (bytes) => {
        const { build_id, kind } = JSON.parse(new TextDecoder().decode(bytes));
        if (kind !== 'RECORD') throw new Error(`asked for a ${kind}`);
        return utf8(JSON.stringify(peers.answers.get(build_id) ?? { code: 'RECORD_NOT_FOUND' }));
      }),
    );
  }
  return peers;
}

const joining = ({ detail }: GateClaim) => {
  const key = fromBase64(String(detail.public_key));
  if (!key.ok) return null;
  const { instance_id, channel, public_key, labels } = detail as Record<string, string>;
  return { instance_id, channel, public_key, labels, key_id: keyIdOf(key.value) } as never;
};

function reported({ detail }: GateClaim, state: NodeGate, release: ReleaseGate | undefined): ReportFacts {
  const envelope = dsseEnvelopeSchema.parse(detail.envelope);
  const keys = [{ keyid: state.key_id ?? '', alg: 'ed25519' as const, public: state.public_key ?? '' }];
  const { nodeReport: payloadType } = payloadTypes;
  const signed = verifyDsse(envelope, { payloadType, keys, threshold: 1, verify: verifySignature });
  if (!signed.ok) return { instance_id: state.instance_id, signed, report: null, nonce_used: false, release: null };
  const report = JSON.parse(new TextDecoder().decode(signed.value.payload)) as NodeReport;
  const { pack_id = null, channel = null, release_seq = null, decisions = [] } = release ?? {};
  const [decision] = decisions;
  return {
    instance_id: state.instance_id,
    signed: { ok: true, key_id: state.key_id ?? '' },
    report,
    nonce_used: false,
    release:
      pack_id === null || channel === null || !decision
        ? null
        : { pack_id, channel, release_seq, pack_seq: null, decision },
  };
}

const recordDecision = (tenant_id: string, build_id: string, record: ArtifactRef): GateDecision =>
  blankDecision({
    kind: 'RECORD',
    verdict: 'PASS',
    tenant_id,
    build_id,
    final: true,
    outputs: [record],
    actor: 'orchestrator',
    pipeline_ref: digestOf('pipeline'),
    mandate_ref: digestOf('mandate'),
    as_of: '2026-11-20T12:00:00.000Z',
    at: '2026-11-20T12:00:01.000Z',
    detail: { outcome: 'COMPLETED', releasable: true },
  });
