import type { ChannelIndex, Offer } from '@orgo/contracts';
import type { Refusal } from '@orgo/core';
import { examine } from './activate.ts';
import { attempt, keep, type Taking } from './attempt.ts';
import { type ChannelAnswer, readChannel } from './channel.ts';
import { isFull, withHeartbeat, withMetadataRefusal, withReported, withRollbackBegun } from './domain/attempts.ts';
import { type Plan, planOf } from './domain/choose.ts';
import { laterOf } from './domain/clock.ts';
import { judgeIndex, withIndex } from './domain/index-rules.ts';
import { type NodeState, unreported } from './domain/state.ts';
import { memberOf, placesIn, readState } from './folder.ts';
import type { NodeContext } from './node-context.ts';
import { occasionOf } from './occasion.ts';
import { sendReport } from './report.ts';
import { sweepPacks } from './sweep.ts';
import { keepSeals, keepTrust, readTrust, type TrustNews } from './trust.ts';

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
  const done = await carryOut(ctx, state, planOf(state, index, memberOf(ctx.config)), read.value.brought);
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

/** Keeps newer trust roots that the channel brought, where the chain from the pinned fingerprint holds, and their places in the log. */
async function learnTrust(ctx: NodeContext, news: TrustNews): Promise<void> {
  const { dir, config, world } = ctx;
  const folder = placesIn(dir).trust;
  if (news.roots.length > 0) await learnRoots(ctx, folder, news.roots);
  await keepSeals(folder, config.tenant_id, config.trust_pin, { seals: news.seals, disk: world.disk });
}

async function learnRoots(ctx: NodeContext, folder: string, roots: readonly Uint8Array[]): Promise<void> {
  const { config, world } = ctx;
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

/** What came for an offer; where nothing came, nothing authorizes it. */
const broughtFor = (
  { pack_id }: Offer,
  brought: ChannelAnswer['brought'],
): Pick<Taking, 'manifest' | 'authorization'> => brought.get(pack_id) ?? { authorization: null };

async function carryOut(
  ctx: NodeContext,
  state: NodeState,
  plan: Plan,
  brought: ChannelAnswer['brought'],
): Promise<NodeState> {
  switch (plan.do) {
    case 'nothing':
      return state;
    case 'confirm':
      return attempt(ctx, state, { offer: plan.offer, type: 'ACTIVATE' });
    case 'activate':
      return attempt(ctx, await begin(ctx, state, plan.offer), {
        offer: plan.offer,
        type: 'ACTIVATE',
        ...broughtFor(plan.offer, brought),
      });
    case 'prefetch':
      return attempt(ctx, state, { offer: plan.offer, type: 'PREFETCH', ...broughtFor(plan.offer, brought) });
    default:
      return plan satisfies never;
  }
}

/** Puts the beginning of a rollback on record, before anything of it is done. */
async function begin(ctx: NodeContext, state: NodeState, offer: Offer): Promise<NodeState> {
  const begun = withRollbackBegun(state, { ...occasionOf(ctx, state, true, []), offer });
  return begun === state ? state : keep(ctx, begun);
}

/** Examines the active pack and says how the node is (KS-02); where it cannot be said now, the next look says it. */
export async function heartbeat(ctx: NodeContext): Promise<NodeState> {
  const before = await readState(ctx.dir, ctx.config.channel);
  if (before.active === null || isFull(before)) return before;
  const found = await examine(ctx.dir, before.active.pack_id);
  const after = await keep(ctx, withHeartbeat(before, occasionOf(ctx, before, found.ok, found.metrics)));
  return report(ctx, after);
}
