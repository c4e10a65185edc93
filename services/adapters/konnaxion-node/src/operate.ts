import type { Offer } from '@orgo/contracts';
import { type DsseEnvelope, parseStrict, type Result, refuse } from '@orgo/core';
import { type PackPage, queryPack } from '@orgo/kristal';
import { examine } from './activate.ts';
import { attempt } from './attempt.ts';
import { checkTrusted, keptAuthorization } from './channel.ts';
import { withRollbackBegun } from './domain/attempts.ts';
import { chooseOffer } from './domain/choose.ts';
import { limits, type NodeState, placeOf, type Served } from './domain/state.ts';
import { memberOf, readState, writeState } from './folder.ts';
import type { NodeContext } from './node-context.ts';
import { occasionOf } from './occasion.ts';
import type { OpenPacks } from './open-packs.ts';
import { tell } from './step.ts';

/** The outcome of something that a person asked of a node: refused before anything was done, or what is on record of it. */
export type Asked = Result<NodeState>;

const outcomeOf = (state: NodeState): Asked => {
  const last = state.attempts.at(-1);
  return last?.status === 'FAILED' && last.reason_code !== null
    ? refuse(last.reason_code as never, `${last.type} of ${last.offer.pack_id}; the active pack is as it was`)
    : { ok: true, value: state };
};

/**
 * Activates a pack that lies here, where the channel offers it to this node now: an offer that was refused is tried again, and nothing else is possible. The
 * report is said, or stays to be said.
 * Refuses with `TARGET_NOT_FOR_CHANNEL`, as metadata that is over does, or as the attempt was refused.
 */
export async function activatePack(ctx: NodeContext, packId: string): Promise<Asked> {
  const state = await readState(ctx.dir, ctx.config.channel);
  const { index } = state;
  const offers = index === null ? [] : [chooseOffer(state, index, memberOf(ctx.config)), index.current];
  const offer = offers.find((other) => other?.pack_id === packId);
  if (!offer) return refuse('TARGET_NOT_FOR_CHANNEL', `the channel offers this node no pack ${packId}`);
  const fresh = await checkTrusted(ctx, state.time_floor);
  if (!fresh.ok) return fresh;
  const authorization = await keptAuthorization(ctx, offer.release_id);
  return outcomeOf(await tell(ctx, await attempt(ctx, state, { offer, type: 'ACTIVATE', authorization })));
}

/** The pack that an authorization names, among those that served here; the last known good one where there is none that could be read. */
function targetOf(state: NodeState, envelope: DsseEnvelope | null): Served | null {
  // Read before it is believed, only to know which pack is meant; `attempt` judges it.
  const payload = envelope === null ? null : parseStrict(new Uint8Array(Buffer.from(envelope.payload, 'base64')));
  const to = payload?.ok ? (payload.value as { to?: { pack_id?: unknown } } | null)?.to?.pack_id : undefined;
  return state.prior.find(({ pack_id }) => pack_id === to) ?? state.last_known_good;
}

/**
 * Goes back to the last known good pack, or to the one that the gatekeeper's authorization names: the channel's, or one that a person brought. What is left is not taken
 * again before the channel offers it anew. Without authorization nothing moves.
 * Refuses with `LAST_KNOWN_GOOD_MISSING`, `DOWNGRADE_BLOCKED`, and as authorizations and attempts are refused.
 */
export async function rollBack(ctx: NodeContext, given: DsseEnvelope | null): Promise<Asked> {
  const before = await readState(ctx.dir, ctx.config.channel);
  const envelope = given ?? before.index?.rollback ?? null;
  const target = targetOf(before, envelope);
  if (target === null || before.active === null)
    return refuse('LAST_KNOWN_GOOD_MISSING', `${ctx.config.instance_id} holds no pack that served before`);
  const { activated_at: _at, ...offer } = target;
  const left = before.active;
  const begun = withRollbackBegun(before, { ...occasionOf(ctx, before, true, []), offer });
  await writeState(ctx.dir, begun, ctx.world.disk);
  const after = await attempt(ctx, begun, { offer: offer as Offer, type: 'ACTIVATE', leave: envelope ?? undefined });
  if (after.active?.pack_id === left.pack_id) return outcomeOf(await tell(ctx, after));
  const refused = [...after.refused, { ...placeOf(left), reason_code: 'ACTIVATION_NOT_CONFIRMED' }];
  const kept = { ...after, refused: refused.slice(-limits.refused) };
  // crash: before this the channel's offer of the pack that was left is news, and the next look takes it again under the channel's rules.
  await writeState(ctx.dir, kept, ctx.world.disk);
  return outcomeOf(await tell(ctx, kept));
}

/** Answers a query from the active pack, whose bytes were verified when it was opened. Refuses with `PACK_NOT_ACTIVE` and as the pack reader does. */
export async function queryNode(ctx: NodeContext, packs: OpenPacks, query: unknown): Promise<Result<PackPage>> {
  const { active } = await readState(ctx.dir, ctx.config.channel);
  if (active === null) return refuse('PACK_NOT_ACTIVE', 'nothing was activated yet');
  const opened = await packs.open(ctx.dir, active.pack_id);
  return opened.ok ? queryPack(opened.value, query) : opened;
}

/** How a node is: its active pack read back and asked, and what is unsaid. */
export async function nodeHealth(ctx: NodeContext) {
  const state = await readState(ctx.dir, ctx.config.channel);
  const found = state.active === null ? null : await examine(ctx.dir, state.active.pack_id);
  const { health, metrics } = occasionOf(ctx, state, found?.ok ?? true, found?.metrics ?? []);
  return {
    instance_id: ctx.config.instance_id,
    health,
    metrics,
    metadata_refused: state.metadata_refused,
    unreported: state.attempts.filter(({ reported }) => !reported).length,
    last_attempt: state.attempts.at(-1) ?? null,
  };
}
