import { type ChannelChange, type GateDecision, payloadTypes, type RollbackClaim } from '@orgo/contracts';
import { digestOf, type JsonValue } from '@orgo/core';
import { decideChannel } from './decide.ts';
import { evolveChannel } from './evolve.ts';
import type { AskRollback, ChannelInput, OfferPack } from './inputs.ts';
import type { ChannelSend } from './sends.ts';
import { type ChannelState, initialChannel } from './state.ts';

export const of = { tenant_id: 'acme', channel: 'stable' };
export const noon = '2026-11-20T12:00:00.000Z';
export const idOf = (prefix: 'rel' | 'chg', n: number) =>
  `${prefix}_0198c0de-0000-7000-8000-${n.toString(16).padStart(12, '0')}` as `rel_${string}`;
/** Pack `n`: its id, its Kristal and its manifest. */
export const packOf = (n: number): string => n.toString(16).padStart(64, '0');

export const offer = (release: number, pack = release, more: Partial<OfferPack> = {}): OfferPack => ({
  type: 'offer',
  ...of,
  release_id: idOf('rel', release),
  pack_id: packOf(pack),
  kristal_id: digestOf(`kristal ${pack}`),
  manifest: digestOf(`manifest ${pack}`),
  manifest_size: 100,
  cohorts: [],
  prefetch: false,
  ...more,
});
export const on = (type: 'switch' | 'confirmed', release: number): ChannelInput => ({
  type,
  ...of,
  release_id: idOf('rel', release),
});
export const open = (release: number): ChannelInput => ({
  type: 'open',
  ...of,
  release_id: idOf('rel', release),
  cohorts: [],
});
export const withdraw = (release: number): ChannelInput => ({
  type: 'withdraw',
  ...of,
  release_id: idOf('rel', release),
  reason_code: null,
});
export const rollback = (n: number, more: Partial<AskRollback> = {}): AskRollback => ({
  type: 'rollback',
  ...of,
  rollback_id: idOf('chg', n),
  mode: 'last_known_good',
  pack_id: null,
  release_id: null,
  trigger: 'operator',
  actor: 'ann',
  reason: 'bad answers',
  evidence: null,
  ...more,
});
export const preflighted = (n: number): ChannelInput => ({
  type: 'preflighted',
  ...of,
  rollback_id: idOf('chg', n),
  found: {
    ok: true,
    build_id: 'bld_0198c0de-0000-7000-8000-000000000001',
    pipeline_ref: digestOf('pipeline'),
    mandate_ref: digestOf('mandate'),
    inputs: [],
    evidence: { decision: {} as never, seal: {} as never },
  },
});

const decision = (more: Partial<GateDecision>): GateDecision =>
  ({ reason_codes: [], actor: 'ann', at: noon, verdict: 'PASS', ...more }) as GateDecision;
const receipt = (said: GateDecision, log_index = 7): ChannelInput => ({
  type: 'receipt',
  ...of,
  decision: said,
  decision_digest: digestOf(said as unknown as JsonValue),
  log_index,
});

/** The gatekeeper's sealed word on a change. */
export const changed = (change: ChannelChange, more: Partial<GateDecision> = {}, log_index = 7): ChannelInput =>
  receipt(
    decision({
      kind: 'CHANNEL_CHANGE',
      build_id: idOf('chg', 999),
      detail: { channel: of.channel, change, reason: 'because' },
      ...more,
    }),
    log_index,
  );

/** One channel of a world without a shell: steps, and what it said. */
export class Channel {
  state: ChannelState = initialChannel({ tenant_id: of.tenant_id, id: of.channel });
  sends: ChannelSend[] = [];
  codes: string[] = [];

  step(...inputs: ChannelInput[]): this {
    for (const input of inputs) {
      const outcome = decideChannel(this.state, { ...input, now: noon });
      if (!outcome.ok) this.codes.push(outcome.code);
      this.state = (outcome.events ?? []).reduce(evolveChannel, this.state);
      this.sends.push(...(outcome.sends ?? []));
    }
    return this;
  }

  /** Released, held, and known good. */
  release(n: number, pack = n): this {
    return this.step(offer(n, pack), on('switch', n), on('confirmed', n));
  }

  /** The sealed answer to the newest ROLLBACK claim. */
  answer(verdict: 'PASS' | 'FAIL', more: Partial<GateDecision> = {}, log_index = 7): ChannelInput {
    const claims = this.sends.flatMap((sent) =>
      sent.send === 'claim' && sent.claim.claim === 'ROLLBACK' ? [sent.claim] : [],
    );
    const asked = claims.at(-1)?.detail as unknown as RollbackClaim;
    const leave = verdict === 'PASS' && asked.trigger !== 'drill';
    const authorization = leave
      ? { payloadType: payloadTypes.rollback, payload: 'e30=', signatures: [{ keyid: 'g', sig: 'c2ln' }] }
      : null;
    const detail = {
      ...(asked as unknown as Record<string, JsonValue>),
      drill: asked.trigger === 'drill',
      authorization,
      expires_at: leave ? '2026-11-27T12:00:00.000Z' : null,
    };
    const actor = claims.at(-1)?.actor ?? 'ann';
    return receipt(
      decision({ kind: 'ROLLBACK', build_id: asked.release_id, verdict, actor, detail, ...more }),
      log_index,
    );
  }

  /** The whole way of a rollback that is granted. */
  goBack(n: number, more: Partial<AskRollback> = {}): this {
    this.step(rollback(n, more), preflighted(n));
    return this.step(this.answer('PASS'));
  }
}
