import type { ChannelStatus, changeChannelSchema, rollbackRequestSchema } from '@orgo/contracts';
import { Fault, Refused } from '@orgo/runtime/errors';
import { newId } from '@orgo/runtime/ids';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Turns } from '@orgo/store/turns';
import type { z } from 'zod';
import {
  type AskChange,
  type AskedChange,
  type AskRollback,
  type ChannelInput,
  rollbackTarget,
  whatOf,
} from '../domain/index.ts';
import type { Reads } from '../reads.ts';
import { checkTenant } from '../tenant.ts';
import type { Waits } from '../waits.ts';
import { readChannel } from './heads.ts';
import { channelStatus } from './rows.ts';

export type ChannelRequestDeps = {
  reads: Pick<Reads, 'of'>;
  channels: Turns<ChannelInput>;
  waits: Waits;
  trust: TrustStore;
  joinTimeoutMs: number;
};

type Of = {
  tenant: string;
  channel: string;
  traceparent: string | null;
  /** The caller's `Idempotency-Key`; who has no answer asks again under it. */
  key?: string | null;
};

/** A channel's status. Refuses a channel that nothing was offered to. @throws Refused TENANT_NOT_FOUND, CHANNEL_NOT_FOUND */
export async function showChannel(
  { reads, trust }: Pick<ChannelRequestDeps, 'reads' | 'trust'>,
  tenant: string,
  channel: string,
): Promise<ChannelStatus> {
  await checkTenant(trust, tenant);
  const status = await channelStatus(reads.of(tenant), tenant, channel);
  if (status === null) throw new Refused('CHANNEL_NOT_FOUND', 'no such channel is visible');
  return status;
}

/** What a person is told of a channel that refuses by itself. */
async function whyNot(
  { reads }: Pick<ChannelRequestDeps, 'reads'>,
  input: AskChange | AskRollback,
  code: string | null,
): Promise<string> {
  const state = await readChannel(reads.of(input.tenant_id), input.tenant_id, input.channel);
  const target = state !== null && input.type === 'rollback' ? rollbackTarget(state, input) : null;
  if (target?.ok === false && target.code === code) return target.detail;
  if (code === 'IDEMPOTENCY_KEY_REUSED') return 'that key was used for another request';
  const { rolling = null } = state ?? {};
  return code === 'CHANNEL_BUSY' && rolling !== null
    ? `${rolling.actor} asked at ${rolling.at} for ${rolling.from.release_id} to be rolled back, which is under way`
    : `${input.channel} does not do that now`;
}

/**
 * Asks the channel, and waits for the gatekeeper's sealed decision, so that who asked is told what became of it. Asking the same again joins the
 * one that is under way; under the same key it is told what became of it, also later.
 * @throws Refused the code of who refused; Fault GATE_UNAVAILABLE when nothing is decided yet, which comes all the same
 */
async function ask(
  deps: ChannelRequestDeps,
  input: AskChange | AskRollback,
  traceparent: string | null,
): Promise<void> {
  const { tenant_id, channel } = input;
  const id = input.type === 'change' ? input.request_id : input.rollback_id;
  const [result] = await deps.channels.take([{ message_id: `ask:${id}`, input, traceparent }]);
  if (result?.outcome === 'refused')
    throw new Refused(result.code ?? 'STATE_CONFLICT', await whyNot(deps, input, result.code));
  if (result?.outcome !== 'accepted')
    throw new Fault(result?.code ?? 'STATE_CONFLICT', 'nothing has happened; try again');
  const what = whatOf(input);
  const mine = (one: AskedChange): boolean => (input.key ? one.key === input.key : false) || one.request_id === id;
  const answer = async (): Promise<AskedChange | null> => {
    const all = (await readChannel(deps.reads.of(tenant_id), tenant_id, channel))?.asked ?? [];
    const asked = all.find(mine) ?? all.findLast((one) => one.what === what);
    return asked === undefined || asked.status === 'ASKED' ? null : asked;
  };
  const done = await deps.waits.until({ tenant_id, id: channel }, answer, deps.joinTimeoutMs);
  if (done === null) throw new Fault('GATE_UNAVAILABLE', `the change of ${channel} is not decided yet`);
  if (done.status === 'REFUSED') {
    const [code = 'STATE_CONFLICT'] = done.reason_codes as Refused['code'][];
    const where = done.log_index === null ? '' : `, on record at ${done.log_index}`;
    throw new Refused(code, `refused${where}: ${done.why ?? done.reason_codes.join(', ')}`);
  }
}

/** A change of a channel by a person. @throws Refused TENANT_NOT_FOUND, CHANNEL_NOT_FOUND, and what the gatekeeper says */
export async function changeChannel(
  deps: ChannelRequestDeps,
  { tenant, channel, traceparent, key = null }: Of,
  request: z.infer<typeof changeChannelSchema>,
): Promise<ChannelStatus> {
  await showChannel(deps, tenant, channel);
  const { change, actor, reason } = request;
  if (change.change === 'validated') throw new Refused('REQUEST_INVALID', 'a rollback is validated by its nodes');
  const input: AskChange = {
    type: 'change',
    tenant_id: tenant,
    channel,
    request_id: newId('chg'),
    key,
    change,
    actor,
    reason,
  };
  await ask(deps, input, traceparent);
  return showChannel(deps, tenant, channel);
}

/** A rollback by a person, or a drill of one. @throws Refused TENANT_NOT_FOUND, CHANNEL_NOT_FOUND, what the history or the gatekeeper says */
export async function rollbackChannel(
  deps: ChannelRequestDeps,
  { tenant, channel, traceparent, key = null }: Of,
  request: z.infer<typeof rollbackRequestSchema>,
): Promise<ChannelStatus> {
  await showChannel(deps, tenant, channel);
  const input: AskRollback = {
    type: 'rollback',
    tenant_id: tenant,
    channel,
    rollback_id: newId('chg'),
    key,
    release_id: null,
    evidence: null,
    ...request,
  };
  await ask(deps, input, traceparent);
  return showChannel(deps, tenant, channel);
}
