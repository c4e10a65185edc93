import type { Span } from '@opentelemetry/api';
import { type ClaimItem, type ClaimKind, type ReplyItem, releaseStepDetailSchema } from '@orgo/contracts';
import { type Digest, digestOf } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { Bus, IncomingRequest } from '@orgo/runtime/bus';
import type { Clock } from '@orgo/runtime/clock';
import { ackOf, ackOfRefusal, decodeEnvelope } from '@orgo/runtime/envelope';
import { Refused } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { Noise } from '@orgo/runtime/noise';
import type { Belief } from '@orgo/runtime/sealed-decision';
import type { Keyring } from '@orgo/runtime/signer';
import { endSpan, startSpan, traceparentOf } from '@orgo/runtime/telemetry';
import type { Root } from '@orgo/runtime/trust';
import type { Db } from '@orgo/store/db';
import type { FaultPoints } from '@orgo/store/fault-points';
import { type Seat, together } from '@orgo/store/lane';
import type { Incoming, ItemResult } from '@orgo/store/machine';
import type { Snapshots } from '@orgo/store/snapshots';
import type { Door } from './door.ts';
import { admitFacts } from './facts/admit-facts.ts';
import { aboutOf, channelFacts, channelOf, policyAt, rollbackAsked, rollbackFacts } from './facts/channel-facts.ts';
import { closeFacts } from './facts/close-facts.ts';
import type { Judge } from './facts/judge.ts';
import { instanceOf, joinFacts, reportFacts } from './facts/node-facts.ts';
import { claimedRecord, releaseFacts } from './facts/release-facts.ts';
import { replyFacts } from './facts/reply-facts.ts';
import { trustRootFacts } from './facts/trust-root-facts.ts';
import type { Reads } from './reads.ts';
import { type GateIncoming, readGate } from './repo.ts';
import { laterFor, type Turns, tell } from './turns.ts';
import { type VerifiedClaimItem, verifyClaim, verifyReply } from './verified.ts';

/** Subjects the gatekeeper answers. */
export const replySubject = 'orgo.v1.*.gate.reply';
export const claimSubject = 'orgo.v1.*.gate.claim';

export type HandlerDeps = Belief & {
  db: Db;
  bus: Bus;
  artifacts: ArtifactStore;
  judge: Judge;
  keyring: Keyring;
  snapshots: Snapshots;
  reads: Reads;
  turns: Turns;
  rollbacks: { days: number; most: number };
  noise: Noise;
  door: Door;
  clock: Clock;
  faults: FaultPoints;
  log: Log;
};

/**
 * What an item is decided under: whose keys are believed, the span that what it says continues, and the way to its gate that it shares with the
 * items it came with.
 */
type Traced = { root: Root; span: Span; traceparent: string | null; gate: Seat<Incoming<GateIncoming>, ItemResult> };

const only = (results: readonly ItemResult[]): ItemResult => results[0] ?? { outcome: 'later', code: null };

/**
 * Takes an envelope: each item is verified, its facts are gathered and it is decided; items share a transaction where they meet. The answer
 * goes out after the commits. An item whose facts cannot be gathered now is `later`; the others go on.
 */
const take =
  <Item extends { traceparent: string | null }>(
    deps: HandlerDeps,
    channel: 'reply' | 'claim',
    decide: (deps: HandlerDeps, item: Item, traced: Traced) => Promise<ItemResult>,
  ) =>
  async (bytes: Uint8Array, { subject }: IncomingRequest): Promise<Uint8Array> => {
    const envelope = decodeEnvelope<Item>(channel, bytes, subject);
    if (!envelope.ok) {
      deps.noise.hear(envelope.code, { tenant_id: subject, detail: envelope.detail });
      return ackOfRefusal(envelope);
    }
    const { tenant_id, items } = envelope.value;
    const root = await rootOf(deps, tenant_id);
    if (root === null) return ackOf(items.map(() => ({ outcome: 'refused', code: 'TRUST_ROOT_MISSING' })));
    const seats = together(deps.turns.gate, items.length);
    const results = await Promise.all(
      seats.map((gate, at) => traced(deps, items[at] as Item, { root, gate }, decide).finally(gate.leave)),
    );
    // crash: if we die here, the sender asks again and every decided item is a duplicate
    await deps.faults.at('gate.decided');
    return ackOf(results);
  };

/** Nobody of a tenant without a pinned root can be believed. */
async function rootOf({ trust, noise }: HandlerDeps, tenant_id: string): Promise<Root | null> {
  try {
    return await trust.root(tenant_id);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    noise.hear(error.code, { tenant_id, detail: error.detail });
    return null;
  }
}

async function traced<Item extends { traceparent: string | null }>(
  deps: HandlerDeps,
  item: Item,
  { root, gate }: Pick<Traced, 'root' | 'gate'>,
  decide: (deps: HandlerDeps, item: Item, traced: Traced) => Promise<ItemResult>,
): Promise<ItemResult> {
  const span = startSpan('gatekeeper.decide', {
    traceparent: item.traceparent,
    attributes: { tenant_id: root.tenant_id },
  });
  const about = { tenant_id: root.tenant_id };
  try {
    const result = await decide(deps, item, { root, span, traceparent: traceparentOf(span), gate });
    endSpan(span, result.code === null ? undefined : { code: result.code });
    return result;
  } catch (error) {
    endSpan(span, error);
    return laterFor(deps.log, error, about);
  }
}

/** Replies of adapters. */
export const takeReplies = (deps: HandlerDeps) => take<ReplyItem>(deps, 'reply', decideReply);

async function decideReply(
  deps: HandlerDeps,
  item: ReplyItem,
  { root, span, traceparent, gate }: Traced,
): Promise<ItemResult> {
  const verified = verifyReply(item, root, deps.cache);
  if (!verified.ok) {
    deps.noise.hear(verified.code, { tenant_id: root.tenant_id, detail: verified.detail });
    return { outcome: 'refused', code: verified.code };
  }
  const { reply, digest, key_id, adapter, command, command_digest } = verified.value;
  const { build_id, stage, attempt } = reply;
  span.setAttributes({ build_id, stage, attempt, status: reply.status });
  const away = deps.door.turnsAway(verified.value);
  if (away !== null) {
    deps.noise.hear(away, {
      tenant_id: root.tenant_id,
      detail: `${build_id} ${stage}: one of too many, not on record`,
    });
    return { outcome: 'refused', code: away };
  }
  const facts = await replyFacts(deps, reply, command);
  const common = { tenant_id: root.tenant_id, build_id, digest, key_id, root_version: root.version };
  const input = { ...common, type: 'reply' as const, reply, adapter, command, command_digest, ...facts };
  const message_id = replyMessageId(digest, command.ok ? command_digest : null);
  const result = only(await gate.push([{ message_id, input, traceparent }]));
  deps.door.learn(verified.value, result);
  tell(deps.log, result, { tenant_id: root.tenant_id, build_id, stage, attempt });
  return result.code === 'REPLY_DUPLICATE' ? { outcome: 'duplicate', code: null } : result;
}

/**
 * A reply together with the command it travels with: nobody signs for the pair, so a genuine reply that somebody sends beside another command must
 * not stand in the way of the genuine pair. Forged commands share one place.
 */
const replyMessageId = (reply: Digest, command: Digest | null): string => digestOf(['orgo.reply.v1', reply, command]);

/** How far ahead of ours the clock may be that a claim was made by. What is given lasts from the claim's time on, so it may not begin later. */
const maxAheadMs = 300_000;

/** Claims of orchestrator and release. */
export const takeClaims = (deps: HandlerDeps) => take<ClaimItem>(deps, 'claim', decideClaim);

async function decideClaim(deps: HandlerDeps, item: ClaimItem, traced: Traced): Promise<ItemResult> {
  const { root } = traced;
  const verified = verifyClaim(item.claim, root, deps.cache);
  if (!verified.ok) {
    deps.noise.hear(verified.code, { tenant_id: root.tenant_id, detail: verified.detail });
    return { outcome: 'refused', code: verified.code };
  }
  const { claim } = verified.value;
  if (Date.parse(claim.as_of) > deps.clock.now().getTime() + maxAheadMs) {
    deps.noise.hear('CLAIM_TIME_AHEAD', { tenant_id: root.tenant_id, detail: `${claim.claim} as of ${claim.as_of}` });
    return { outcome: 'refused', code: 'CLAIM_TIME_AHEAD' };
  }
  traced.span.setAttributes({
    build_id: claim.build_id,
    claim: claim.claim,
    ...(claim.stage && { stage: claim.stage, attempt: claim.attempt }),
  });
  const result = await deciders[claim.claim](deps, verified.value, traced, item);
  tell(deps.log, result, {
    tenant_id: root.tenant_id,
    build_id: claim.build_id,
    claim: claim.claim,
    stage: claim.stage,
  });
  return result;
}

type Decide = (deps: HandlerDeps, verified: VerifiedClaimItem, traced: Traced, item: ClaimItem) => Promise<ItemResult>;

const commonOf = ({ claim, digest, key_id }: VerifiedClaimItem, root: Root) => ({
  tenant_id: root.tenant_id,
  build_id: claim.build_id,
  digest,
  key_id,
  root_version: root.version,
  claim,
});

/** Claims that need no fact beyond their own words. */
const plain: Decide = async (_, verified, { root, traceparent, gate }) => {
  const input = { ...commonOf(verified, root), type: 'claim' as const, admit: null, close: null };
  return only(await gate.push([{ message_id: verified.digest, input, traceparent }]));
};

const admit: Decide = async (deps, verified, { root, traceparent, gate }) => {
  const facts = await admitFacts(deps, root, verified.claim);
  const input = { ...commonOf(verified, root), type: 'claim' as const, admit: facts, close: null };
  return only(await gate.push([{ message_id: verified.digest, input, traceparent }]));
};

/** First nothing more is decided about the build, then its record is folded, then that is decided. Each step may be repeated. */
const close: Decide = async (deps, verified, { root, traceparent, gate }) => {
  const { turns, db, snapshots } = deps;
  const { digest } = verified;
  const common = commonOf(verified, root);
  const frozen = only(
    await gate.push([{ message_id: `freeze:${digest}`, input: { ...common, type: 'freeze' }, traceparent }]),
  );
  if (frozen.outcome === 'refused' || frozen.outcome === 'later') return frozen;
  const state = await readGate(db, snapshots, common.tenant_id, common.build_id);
  if (state === null || state.closing === null || state.phase !== 'CLOSING')
    return { outcome: 'duplicate', code: null };
  // crash: if we die from here on, the build stays frozen and the claim comes again
  await deps.faults.at('gate.frozen');
  const facts = await closeFacts(deps, state, state.closing);
  await deps.faults.at('gate.recordStored');
  const input = { ...common, type: 'claim' as const, admit: null, close: facts };
  return only(await turns.gate.push([{ message_id: digest, input, traceparent }]));
};

/** The evidence is not signed with the claim: with any other than the claimed record nothing is decided, or a stranger could use up the claim. */
const release: Decide = async (deps, verified, { root, traceparent }, item) => {
  const evidence = await claimedRecord(deps, verified.claim, item.evidence);
  if (!evidence.ok) {
    deps.noise.hear(evidence.code, { tenant_id: root.tenant_id, detail: evidence.detail });
    return { outcome: 'refused', code: evidence.code };
  }
  const facts = await releaseFacts(deps, root, evidence.value);
  const pack_id = (facts.record?.ok && facts.record.record.outputs.kristal?.pack_id) || null;
  const about = await aboutOf(deps.reads, root.tenant_id, { channel: channelOf(verified.claim), pack_id });
  const input = { ...commonOf(verified, root), about, release: facts, step: null, close: null };
  return only(await deps.turns.release.push([{ message_id: verified.digest, input, traceparent }]));
};

const releaseStep: Decide = async ({ reads, turns }, verified, { root, traceparent }) => {
  const { tenant_id, expires_at: root_expires_at } = root;
  const { build_id: release_id } = verified.claim;
  const [confirmed, opened] = await Promise.all([
    reads.confirmed(tenant_id, release_id),
    reads.authorized(tenant_id, release_id),
  ]);
  const { success, data } = releaseStepDetailSchema.safeParse(verified.claim.detail);
  const about = opened && { ...opened, pack_seq: success ? data.pack_seq : null };
  const step = {
    confirmed: confirmed.length,
    reports: confirmed.slice(0, 63).map(({ decision }) => decision),
    channel: null,
    root_expires_at,
  };
  const input = { ...commonOf(verified, root), about, release: null, step, close: null };
  return only(await turns.release.push([{ message_id: verified.digest, input, traceparent }]));
};

const releaseClose: Decide = async ({ reads, turns }, verified, { root, traceparent }) => {
  const facts = { confirmed: await reads.confirmed(root.tenant_id, verified.claim.build_id) };
  const input = { ...commonOf(verified, root), about: null, release: null, step: null, close: facts };
  return only(await turns.release.push([{ message_id: verified.digest, input, traceparent }]));
};

const nodeJoin: Decide = async ({ turns }, verified, { root, traceparent }) => {
  const node = joinFacts(verified.claim);
  if (node === null) return { outcome: 'refused', code: 'CLAIM_MALFORMED' };
  const input = { ...commonOf(verified, root), instance_id: node.instance_id, join: { node }, report: null };
  return only(await turns.node.push([{ message_id: verified.digest, input, traceparent }]));
};

const nodeReport: Decide = async ({ reads, turns }, verified, { root, traceparent }) => {
  const instance_id = instanceOf(verified.claim);
  if (instance_id === null) return { outcome: 'refused', code: 'CLAIM_MALFORMED' };
  const report = await reportFacts(reads, verified.claim, instance_id);
  const input = { ...commonOf(verified, root), instance_id, join: null, report };
  return only(await turns.node.push([{ message_id: verified.digest, input, traceparent }]));
};

const channelChange: Decide = async ({ reads, turns }, verified, { root, traceparent }) => {
  const channel = channelOf(verified.claim);
  const change = await channelFacts(reads, verified.claim);
  if (channel === null || change === null) return { outcome: 'refused', code: 'CLAIM_MALFORMED' };
  const input = { ...commonOf(verified, root), channel, change, rollback: null };
  return only(await turns.channel.push([{ message_id: verified.digest, input, traceparent }]));
};

/** As for a release, the evidence is not signed with the claim: with any other than the claimed record nothing is decided. */
const rollback: Decide = async (deps, verified, { root, traceparent }, item) => {
  const asked = rollbackAsked(verified.claim);
  if (asked === null) return { outcome: 'refused', code: 'CLAIM_MALFORMED' };
  const evidence = await claimedRecord(deps, verified.claim, item.evidence);
  if (!evidence.ok) {
    deps.noise.hear(evidence.code, { tenant_id: root.tenant_id, detail: evidence.detail });
    return { outcome: 'refused', code: evidence.code };
  }
  const more = {
    release: await releaseFacts(deps, root, evidence.value),
    policy: policyAt(verified.claim.as_of, deps.rollbacks),
    now: deps.clock.now().toISOString(),
  };
  const facts = await rollbackFacts(deps, verified.claim, asked, more);
  const input = { ...commonOf(verified, root), channel: asked.channel, change: null, rollback: facts };
  return only(await deps.turns.channel.push([{ message_id: verified.digest, input, traceparent }]));
};

const trustRoot: Decide = async ({ trust, turns }, verified, { root, traceparent }) => {
  const facts = await trustRootFacts(trust, verified.claim);
  if (facts === null) return { outcome: 'refused', code: 'CLAIM_MALFORMED' };
  const input = { ...commonOf(verified, root), root: facts };
  return only(await turns.trustRoot.push([{ message_id: verified.digest, input, traceparent }]));
};

/** Claim kind → who decides it, and on which facts. */
const deciders: Readonly<Record<ClaimKind, Decide>> = {
  ADMIT: admit,
  FENCE: plain,
  EXHAUSTED: plain,
  SKIP: plain,
  CANCEL: plain,
  CLOSE: close,
  RELEASE: release,
  NODE_JOIN: nodeJoin,
  NODE_REPORT: nodeReport,
  RELEASE_STEP: releaseStep,
  RELEASE_CLOSE: releaseClose,
  CHANNEL_CHANGE: channelChange,
  ROLLBACK: rollback,
  TRUST_ROOT: trustRoot,
};
