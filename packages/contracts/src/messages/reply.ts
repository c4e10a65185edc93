import { z } from 'zod';
import {
  artifactRefSchema,
  digestSchema,
  nameSchema,
  subjectIdSchema,
  tenantIdSchema,
  traceparentSchema,
} from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';
import { signedItemSchema } from '../signed-item.ts';

/** How a stage ended for its adapter. `failed` is about content and final, `error` is about the world and retried, `refused` answers a command that may not run. */
export const replyStatuses = ['ok', 'failed', 'error', 'refused'] as const;

/**
 * An adapter's signed answer. Its claims are inputs of the gate, never evidence: the gatekeeper recomputes every digest.
 * A refusal quotes the digest of the command it refuses, and changes a build only if Orgo issued that command.
 */
export const replySchema = z
  .strictObject({
    v: z.literal(1),
    tenant_id: tenantIdSchema,
    build_id: subjectIdSchema,
    stage: nameSchema,
    attempt: z.int().min(1),
    epoch: z.int().min(1),
    idem_key: digestSchema,
    command_digest: digestSchema,
    authorization_digest: digestSchema.nullable(),
    status: z.enum(replyStatuses),
    reason_codes: z.array(reasonCodeSchema).max(64),
    detail: z.string().max(500).meta({ description: 'Bounded free text for a person; nothing depends on it' }),
    outputs: z.array(artifactRefSchema).max(512),
    adapter: z.strictObject({ name: nameSchema, version: z.string().min(1).max(64) }),
    diagnostics: z
      .array(z.strictObject({ code: z.string().regex(/^[A-Z0-9_]{1,80}$/), count: z.int().min(1) }))
      .max(128),
    metrics: z.record(z.string(), z.number()),
    duration_ms: z.int().min(0),
  })
  .meta({ id: 'StageReply' });
export type StageReply = z.infer<typeof replySchema>;

/** One reply on the road, with the command it answers so that the gatekeeper can verify both. */
export const replyItemSchema = z
  .strictObject({ reply: signedItemSchema, command: signedItemSchema, traceparent: traceparentSchema.nullable() })
  .meta({ id: 'ReplyItem' });
export type ReplyItem = z.infer<typeof replyItemSchema>;
