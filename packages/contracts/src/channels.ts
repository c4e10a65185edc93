import type { z } from 'zod';
import { envelopeOf } from './envelope.ts';
import { claimItemSchema } from './messages/claim.ts';
import { commandItemSchema } from './messages/command.ts';
import { decisionItemSchema } from './messages/decision.ts';
import { receiptItemSchema } from './messages/receipt.ts';
import { replyItemSchema } from './messages/reply.ts';

/**
 * Every arc of the ring: who says what to whom, on which subject, by which transport.
 * `work-queue` is a JetStream work queue (an adapter may be away); `request` is a core request that is answered after the
 * receiver's commit (the sender's outbox row stays until then). Postgres can derive every message again.
 */
export type Channel = {
  type: string;
  subject: string;
  from: string;
  to: string;
  transport: 'work-queue' | 'request';
  schema: z.ZodType;
  title: string;
};

export const channels = {
  command: {
    type: 'orgo.stage.command.v1',
    subject: 'orgo.v1.{tenant}.cmd.{adapter}',
    from: 'orchestrator',
    to: 'adapter',
    transport: 'work-queue',
    schema: envelopeOf('orgo.stage.command.v1', commandItemSchema),
    title: 'Run a stage under a sealed authorization',
  },
  reply: {
    type: 'orgo.stage.reply.v1',
    subject: 'orgo.v1.{tenant}.gate.reply',
    from: 'adapter',
    to: 'gatekeeper',
    transport: 'request',
    schema: envelopeOf('orgo.stage.reply.v1', replyItemSchema),
    title: 'Signed, content-addressed answer of a stage',
  },
  claim: {
    type: 'orgo.gate.claim.v1',
    subject: 'orgo.v1.{tenant}.gate.claim',
    from: 'orchestrator, release',
    to: 'gatekeeper',
    transport: 'request',
    schema: envelopeOf('orgo.gate.claim.v1', claimItemSchema),
    title: 'Ask for a decision where no adapter answers',
  },
  decision: {
    type: 'orgo.gate.decision.v1',
    subject: 'orgo.v1.{tenant}.audit.decision',
    from: 'gatekeeper',
    to: 'audit',
    transport: 'request',
    schema: envelopeOf('orgo.gate.decision.v1', decisionItemSchema),
    title: 'A decision to seal',
  },
  receipt: {
    type: 'orgo.audit.receipt.v1',
    subject: 'orgo.v1.{tenant}.receipt.{service}',
    from: 'audit',
    to: 'orchestrator, release',
    transport: 'request',
    schema: envelopeOf('orgo.audit.receipt.v1', receiptItemSchema),
    title: 'A decision is sealed at this log index',
  },
} as const satisfies Record<string, Channel>;
export type ChannelName = keyof typeof channels;

/** The one stream Orgo depends on, and the wildcard that covers it. Names are `[A-Za-z0-9_-]`, under 32 characters. */
export const commandStream = { name: 'ORGO_CMD', subjects: ['orgo.v1.*.cmd.>'] } as const;
/** Public events, for upstream systems; losing them loses no state. */
export const eventStream = { name: 'ORGO_EVT', subjects: ['orgo.v1.*.evt.>'] } as const;
/** Durable pull consumer of an adapter: one subject filter each, shared by its replicas. */
export const consumerOf = (adapter: string): string => `adapter-${adapter}`;
export const consumerFilterOf = (adapter: string): string => `orgo.v1.*.cmd.${adapter}`;

/** Fills a subject pattern; `*` as tenant gives the subscription of a service. Values are validated ids, so no wildcard can enter. */
export function subjectOf(channel: ChannelName, parts: { tenant: string; adapter?: string; service?: string }): string {
  return channels[channel].subject
    .replace('{tenant}', parts.tenant)
    .replace('{adapter}', parts.adapter ?? '>')
    .replace('{service}', parts.service ?? '>');
}
/** Tenant token of a subject, to compare with the body. */
export const tenantOfSubject = (subject: string): string => subject.split('.')[2] ?? '';
/** Subject of a public event, `orgo.v1.<tenant>.evt.<noun>.<event>`. */
export const eventSubject = (tenant: string, noun: string, event: string): string =>
  `orgo.v1.${tenant}.evt.${noun}.${event}`;
/** Read-only question of the gatekeeper to audit: fold the record of a subject from its sealed leaves. */
export const foldSubject = (tenant: string): string => `orgo.v1.${tenant}.audit.fold`;
/** Read-only question of release to audit: the newest sealed decision of a kind about a build, `{v: 1, build_id, kind}` → `SealedDecision` or `{code, detail}`. */
export const sealedSubject = (tenant: string): string => `orgo.v1.${tenant}.audit.sealed`;
