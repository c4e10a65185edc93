import type { Offer } from '@orgo/contracts';
import { type DsseEnvelope, ok, type Result } from '@orgo/core';
import { prepare, smokeMetrics } from './activate.ts';
import type { Brought } from './channel.ts';
import { withActivation, withPrefetch, withRefusal } from './domain/attempts.ts';
import { judgeAuthorization } from './domain/authorization.ts';
import { trustedNow } from './domain/clock.ts';
import { judgeOffer, needsAuthorization } from './domain/judge.ts';
import { judgeRelease } from './domain/release-authorization.ts';
import { withInstalled } from './domain/retention.ts';
import type { NodeState } from './domain/state.ts';
import { fetchPack } from './fetch-pack.ts';
import { placesIn, writeState } from './folder.ts';
import { clockOf, type NodeContext } from './node-context.ts';
import { NodeError } from './node-error.ts';
import { occasionOf } from './occasion.ts';
import { verifySignature } from './signatures.ts';
import { openTrust } from './trust.ts';

/** Writes the state; durable on return. */
export const keep = async (ctx: NodeContext, state: NodeState): Promise<NodeState> => {
  await writeState(ctx.dir, state, ctx.world.disk);
  return state;
};

/** What is to be taken, and what comes with it. */
export type Taking = {
  offer: Offer;
  type: 'ACTIVATE' | 'PREFETCH';
  /** The manifest to bring the pack by; without it the pack lies here. */
  manifest?: Brought['manifest'] | undefined;
  /** What authorizes the release, null where nothing does; left out for a pack that served here and was authorized then. */
  authorization?: Brought['authorization'] | undefined;
  /** Leave to go back that a person brought; else it is the channel's. */
  leave?: DsseEnvelope | undefined;
};

/** How far the clocks of node and gatekeeper may be apart before an authorization is from the future. */
const skewMs = 300_000;

const trustOf = ({ dir, config }: NodeContext) => openTrust(placesIn(dir).trust, config.tenant_id, config.trust_pin);

/**
 * What the gatekeeper's authorization of the release comes to.
 * @throws NodeError ROOT_VERSION_UNKNOWN where it is signed by a key that a root dropped whose place in the log did not come yet: nothing was decided
 */
async function authorized(ctx: NodeContext, state: NodeState, taking: Taking): Promise<Result<unknown>> {
  const { offer, authorization } = taking;
  if (authorization === undefined) return ok(true);
  const { config, world } = ctx;
  const { root, unplaced } = await trustOf(ctx);
  const judged = judgeRelease(authorization, {
    tenant_id: config.tenant_id,
    channel: config.channel,
    offer,
    root,
    now: trustedNow(clockOf(world), state.time_floor),
    verify: verifySignature,
  });
  if (!judged.ok && judged.code === 'KEY_REVOKED' && unplaced.length > 0)
    throw new NodeError('ROOT_VERSION_UNKNOWN', `no place in the log of trust root ${unplaced.join(', ')}`);
  return judged;
}

/** What the channel's rollback authorization comes to for this offer; null where there is none, or none is needed. */
async function leaveFor(ctx: NodeContext, state: NodeState, { offer, leave }: Taking): Promise<Result<true> | null> {
  const envelope = leave ?? state.index?.rollback ?? null;
  if (envelope === null || !needsAuthorization(state, offer)) return null;
  const { config, world } = ctx;
  const { root } = await trustOf(ctx);
  const now = trustedNow(clockOf(world), state.time_floor);
  const issuedBy = new Date(new Date(now).getTime() + skewMs).toISOString();
  const judged = judgeAuthorization(envelope, {
    tenant_id: config.tenant_id,
    channel: config.channel,
    // A person who goes back brings no newer release: what counts is the newest one seen.
    offer: { ...offer, release_seq: leave === undefined ? offer.release_seq : state.floors.release_seq },
    active_release_seq: state.active?.release_seq ?? 0,
    root,
    now,
    issuedBy,
    verify: verifySignature,
  });
  return judged.ok ? ok(true) : judged;
}

/** Takes a pack that is authorized: brings it where its manifest is given, verifies it, and switches to it, or puts on record why not. */
export async function attempt(ctx: NodeContext, before: NodeState, taking: Taking): Promise<NodeState> {
  const { dir, world, log } = ctx;
  const { offer, type, manifest } = taking;
  const { release_id, release_seq, pack_id, kristal_id } = offer;
  let smokeMs: number | null = null;
  const allowed = await authorized(ctx, before, taking);
  const fetched = !allowed.ok || manifest === undefined ? allowed : await fetchPack(ctx, pack_id, manifest);
  const leave = await leaveFor(ctx, before, taking);
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
