import type { ChannelIndex, NodeMetric, Offer } from '@orgo/contracts';
import { type DsseEnvelope, ok, type Refusal, type Result } from '@orgo/core';
import { examine, prepare, smokeMetrics } from './activate.ts';
import { type ChannelAnswer, readChannel } from './channel.ts';
import {
  isFull,
  type Occasion,
  withActivation,
  withHeartbeat,
  withMetadataRefusal,
  withPrefetch,
  withRefusal,
  withReported,
  withRollbackBegun,
} from './domain/attempts.ts';
import { judgeAuthorization } from './domain/authorization.ts';
import { type Plan, planOf } from './domain/choose.ts';
import { laterOf, trustedNow } from './domain/clock.ts';
import { judgeIndex, withIndex } from './domain/index-rules.ts';
import { judgeOffer, needsAuthorization } from './domain/judge.ts';
import { withInstalled } from './domain/retention.ts';
import { type Health, type NodeState, unreported } from './domain/state.ts';
import { fetchPack } from './fetch-pack.ts';
import { memberOf, placesIn, readState, writeState } from './folder.ts';
import { clockOf, type NodeContext } from './node-context.ts';
import { sendReport } from './report.ts';
import { verifySignature } from './signatures.ts';
import { sweepPacks } from './sweep.ts';
import { keepTrust, openTrust, readTrust } from './trust.ts';

const keep = async (ctx: NodeContext, state: NodeState): Promise<NodeState> => {
  await writeState(ctx.dir, state, ctx.world.disk);
  return state;
};

/** How the node is, as far as the state tells; `works` is what asking the active pack came to. */
const healthOf = (state: NodeState, works: boolean): Health => {
  if (state.active === null) return 'UNKNOWN';
  if (!works) return 'UNHEALTHY';
  const barred = state.revoked.includes(state.active.pack_id) || state.active.pack_seq < state.floors.pack_seq;
  return barred || state.metadata_refused !== null ? 'DEGRADED' : 'HEALTHY';
};

export const occasionOf = (
  ctx: NodeContext,
  state: NodeState,
  works: boolean,
  more: NodeMetric[],
): Omit<Occasion, 'offer'> => {
  const measured = state.active === null ? [] : ctx.world.metrics(state.active.pack_id);
  const names = new Set(measured.map(({ name }) => name));
  const metrics = [...more.filter(({ name }) => !names.has(name)), ...measured].slice(0, 16);
  const failing = metrics.some(({ name, value }) => name === 'smoke_failures' && Number(value) > 0);
  return { at: clockOf(ctx.world), health: healthOf(state, works && !failing), metrics };
};

/** Says everything that is unsaid, oldest first. @throws NodeError where it was not taken: it stays unsaid, and is said again */
async function report(ctx: NodeContext, state: NodeState): Promise<NodeState> {
  let now = state;
  for (const attempt of unreported(state)) {
    await ctx.world.at('node.beforeReport');
    await sendReport(ctx, attempt);
    // crash: if we die before this is written the report goes out again under another nonce; the gatekeeper records both.
    await ctx.world.at('node.reported');
    now = await keep(ctx, withReported(now, attempt.number));
  }
  return now;
}

/**
 * One look at the channel: what is unsaid is said, then the index is read and what it asks of this node is done, then that is said. Where reports
 * are not taken the node goes on, so that a rollback reaches it, until too much is unsaid (KS-01).
 * @throws NodeError: the world failed; the same step may be taken again
 */
export async function step(ctx: NodeContext): Promise<NodeState> {
  const state = await readState(ctx.dir, ctx.config.channel);
  const [before, unsaid] = await said(ctx, state);
  if (unsaid !== null && isFull(before)) throw unsaid;
  const after = await look(ctx, before);
  const [told, still] = after === before ? [after, unsaid] : await said(ctx, after);
  if (still !== null) throw still;
  return told;
}

/** Says what is unsaid as far as it is taken, and why it was not taken to the end. */
async function said(ctx: NodeContext, state: NodeState): Promise<[NodeState, unknown]> {
  try {
    return [await report(ctx, state), null];
  } catch (error) {
    return [await readState(ctx.dir, ctx.config.channel), error];
  }
}

/** Says what is unsaid; what is not taken now is said after the next look. */
export const tell = async (ctx: NodeContext, state: NodeState): Promise<NodeState> => (await said(ctx, state))[0];

/** Reads the channel and does what it asks. */
async function look(ctx: NodeContext, before: NodeState): Promise<NodeState> {
  const read = await readChannel(ctx, before.time_floor, (index) => offersNeeded(ctx, before, index));
  if (!read.ok) return refuseMetadata(ctx, before, read);
  const { index, trust, signedTime } = read.value;
  if (index === null) return before;
  const sound = judgeIndex(before, ctx.config.tenant_id, index);
  if (!sound.ok) return refuseMetadata(ctx, before, sound);
  await learnTrust(ctx, trust);
  const known = { ...withIndex(before, index), time_floor: laterOf(before.time_floor, signedTime) };
  const changed = known.index !== before.index || known.time_floor !== before.time_floor;
  const state = changed ? await keep(ctx, known) : before;
  const done = await carryOut(ctx, state, planOf(state, index, memberOf(ctx.config)), read.value.manifests);
  return sweepPacks(ctx, done, keep);
}

const offersNeeded = (ctx: NodeContext, state: NodeState, index: ChannelIndex): Offer[] => {
  const plan = planOf(withIndex(state, index), index, memberOf(ctx.config));
  return plan.do === 'activate' || plan.do === 'prefetch' ? [plan.offer] : [];
};

async function refuseMetadata(ctx: NodeContext, before: NodeState, { code, detail }: Refusal): Promise<NodeState> {
  ctx.log('node.metadata_refused', { error_code: code, detail });
  const after = withMetadataRefusal(before, code, occasionOf(ctx, before, true, []));
  return after === before ? before : keep(ctx, { ...after });
}

/** Keeps newer trust roots that the channel brought, where the chain from the pinned fingerprint holds. */
async function learnTrust(ctx: NodeContext, roots: readonly Uint8Array[]): Promise<void> {
  if (roots.length === 0) return;
  const { dir, config, world } = ctx;
  const folder = placesIn(dir).trust;
  const held = await readTrust(folder);
  const kept = await keepTrust(
    folder,
    config.tenant_id,
    { pin: config.trust_pin, roots: [...held, ...roots] },
    world.disk,
  );
  if (kept.ok) ctx.log('node.trust_renewed', { version: kept.value.version });
  else ctx.log('node.trust_refused', { error_code: kept.code, detail: kept.detail });
}

async function carryOut(
  ctx: NodeContext,
  state: NodeState,
  plan: Plan,
  manifests: ChannelAnswer['manifests'],
): Promise<NodeState> {
  switch (plan.do) {
    case 'nothing':
      return state;
    case 'confirm':
      return attempt(ctx, state, plan.offer, 'ACTIVATE');
    case 'activate':
      return attempt(
        ctx,
        await begin(ctx, state, plan.offer),
        plan.offer,
        'ACTIVATE',
        manifests.get(plan.offer.pack_id),
      );
    case 'prefetch':
      return attempt(ctx, state, plan.offer, 'PREFETCH', manifests.get(plan.offer.pack_id));
    default:
      return plan satisfies never;
  }
}

/** Puts the beginning of a rollback on record, before anything of it is done. */
async function begin(ctx: NodeContext, state: NodeState, offer: Offer): Promise<NodeState> {
  const begun = withRollbackBegun(state, { ...occasionOf(ctx, state, true, []), offer });
  return begun === state ? state : keep(ctx, begun);
}

/** How far the clocks of node and gatekeeper may be apart before an authorization is from the future. */
const skewMs = 300_000;

/** What the channel's rollback authorization comes to for this offer; null where there is none, or none is needed. */
async function leaveFor(
  ctx: NodeContext,
  state: NodeState,
  offer: Offer,
  given?: DsseEnvelope,
): Promise<Result<true> | null> {
  const envelope = given ?? state.index?.rollback ?? null;
  if (envelope === null || !needsAuthorization(state, offer)) return null;
  const { dir, config, world } = ctx;
  const root = await openTrust(placesIn(dir).trust, config.tenant_id, config.trust_pin);
  const now = trustedNow(clockOf(world), state.time_floor);
  const issuedBy = new Date(new Date(now).getTime() + skewMs).toISOString();
  const judged = judgeAuthorization(envelope, {
    tenant_id: config.tenant_id,
    channel: config.channel,
    // A person who goes back brings no newer release: what counts is the newest one seen.
    offer: { ...offer, release_seq: given === undefined ? offer.release_seq : state.floors.release_seq },
    root,
    now,
    issuedBy,
    verify: verifySignature,
  });
  return judged.ok ? ok(true) : judged;
}

/** Brings a pack where its manifest is given, verifies it, and switches to it, or puts on record why not. */
export async function attempt(
  ctx: NodeContext,
  before: NodeState,
  offer: Offer,
  type: 'ACTIVATE' | 'PREFETCH',
  manifest?: Uint8Array,
  envelope?: DsseEnvelope,
): Promise<NodeState> {
  const { dir, world, log } = ctx;
  const { release_id, release_seq, pack_id, kristal_id } = offer;
  let smokeMs: number | null = null;
  const fetched = manifest === undefined ? ok(true) : await fetchPack(ctx, pack_id, manifest);
  const leave = await leaveFor(ctx, before, offer, envelope);
  const smoked = (ms: number): void => {
    smokeMs = ms;
  };
  const prepared = fetched.ok ? await prepare(dir, offer, () => judgeOffer(before, offer, leave), smoked) : fetched;
  const smoke = smokeMs === null ? [] : smokeMetrics(!prepared.ok && prepared.code === 'SMOKE_FAILED', smokeMs);
  const installed = { pack_id, manifest: offer.manifest, installed_at: clockOf(world) };
  if (!prepared.ok) {
    log('node.activation_refused', { error_code: prepared.code, detail: prepared.detail, release_id, pack_id });
    const lies = fetched.ok ? withInstalled(before, { ...installed, status: 'FAILED' }) : before;
    const occasion = { ...occasionOf(ctx, lies, true, smoke), offer };
    return keep(ctx, withRefusal(lies, occasion, type, prepared.code));
  }
  const lies = withInstalled(before, { ...installed, status: 'VERIFIED' });
  if (type === 'PREFETCH') {
    log('node.prefetched', { release_id, release_seq, pack_id });
    return keep(ctx, withPrefetch(lies, { ...occasionOf(ctx, lies, true, []), offer }));
  }
  await world.at('node.beforeSwitch');
  const occasion = occasionOf(
    ctx,
    { ...lies, active: { ...offer, activated_at: clockOf(world) }, metadata_refused: null },
    true,
    smoke,
  );
  const after = await keep(ctx, withActivation(lies, { ...occasion, offer }));
  // crash: if we die here the new pack serves, and the next look reports it first
  await world.at('node.switched');
  log('node.activated', { release_id, release_seq, pack_id, kristal_id });
  return after;
}

/** Examines the active pack and says how the node is (KS-02); where it cannot be said now, the next look says it. */
export async function heartbeat(ctx: NodeContext): Promise<NodeState> {
  const before = await readState(ctx.dir, ctx.config.channel);
  if (before.active === null || isFull(before)) return before;
  const found = await examine(ctx.dir, before.active.pack_id);
  const after = await keep(ctx, withHeartbeat(before, occasionOf(ctx, before, found.ok, found.metrics)));
  return report(ctx, after);
}
