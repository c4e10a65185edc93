import { z } from 'zod';
import { nameSchema, tenantIdSchema, timeSchema } from '../ids.ts';

/**
 * A key that is never trusted again. What it signed counts where its entry stands in the log below the entry of the root that dropped it, and below
 * `distrust_from_index` where that is known: the first place that its thief may have written.
 */
export const revokedKeySchema = z
  .strictObject({
    key_id: z.string().min(1).max(128),
    role: nameSchema,
    reason: z.string().min(1).max(500),
    at: timeSchema,
    distrust_from_index: z.int().min(0).nullable(),
  })
  .meta({ id: 'RevokedKey' });
export type RevokedKey = z.infer<typeof revokedKeySchema>;

/**
 * A tenant's trust root: which keys hold which role, and the name of its log. Carried as a DSSE envelope signed by its root keys.
 * Version 1 is pinned by fingerprint (the digest of its payload) outside Orgo; later versions chain from it.
 */
export const trustRootSchema = z
  .strictObject({
    v: z.literal(1),
    tenant_id: tenantIdSchema,
    version: z.int().min(1),
    issued_at: timeSchema,
    expires_at: timeSchema,
    keys: z.record(z.string(), z.strictObject({ alg: z.enum(['ed25519', 'ecdsa-p256-sha256']), public: z.string() })),
    roles: z.record(nameSchema, z.strictObject({ key_ids: z.array(z.string()).min(1), threshold: z.int().min(1) })),
    deprecated: z
      .record(z.string(), z.strictObject({ since: timeSchema, until: timeSchema }))
      .optional()
      .meta({ description: 'Keys that still verify and sign nothing new; from `until` on they may be dropped' }),
    revoked: z
      .array(revokedKeySchema)
      .max(4096)
      .optional()
      .meta({ description: 'Keys that were dropped for a cause. Every later root repeats them' }),
    log_origin: z
      .string()
      .regex(/^[a-z0-9./-]{1,200}$/)
      .meta({ description: 'Origin line of the tenant log’s checkpoints' }),
  })
  .meta({ id: 'TrustRoot' });
export type TrustRoot = z.infer<typeof trustRootSchema>;

/** DSSE v1 envelope. */
export const dsseEnvelopeSchema = z
  .strictObject({
    payloadType: z.string().min(1).max(127),
    payload: z.string(),
    signatures: z
      .array(z.strictObject({ keyid: z.string(), sig: z.string() }))
      .min(1)
      .max(16),
  })
  .meta({ id: 'DsseEnvelope' });
