import { z } from 'zod';
import { hex64Schema, nameSchema, tenantIdSchema } from './ids.ts';

/**
 * One Ed25519 signature over the Merkle root of a batch, and this item's inclusion path in it.
 * The signed statement names role and tenant, so a signature cannot be moved to another role or tenant.
 */
export const batchProofSchema = z
  .strictObject({
    key_id: z
      .string()
      .min(1)
      .max(128)
      .meta({ description: 'A hint: verification tries only keys the root lists for the role' }),
    role: nameSchema,
    tenant_id: tenantIdSchema,
    sig: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
    size: z.int().min(1).max(65536),
    index: z.int().min(0),
    path: z.array(hex64Schema).max(16),
  })
  .meta({ id: 'BatchProof' });

/** A signed ring message: the exact RFC 8785 text that was signed, its payload type, and the proof. */
export const signedItemSchema = z
  .strictObject({
    type: z.string().min(1).max(127),
    payload: z.string().min(2).max(65535),
    proof: batchProofSchema,
  })
  .meta({ id: 'SignedItem' });
export type SignedItemWire = z.infer<typeof signedItemSchema>;

/** Payload types of ring messages: one per kind, so that an approval can never be read as a release (integrity list 25). */
export const payloadTypes = {
  command: 'application/vnd.orgo.stage-command.v1+json',
  reply: 'application/vnd.orgo.stage-reply.v1+json',
  claim: 'application/vnd.orgo.gate-claim.v1+json',
  authorization: 'application/vnd.orgo.authorization.v1+json',
  decision: 'application/vnd.orgo.gate-decision.v1+json',
  mandate: 'application/vnd.orgo.mandate.v1+json',
  trustRoot: 'application/vnd.orgo.trust-root.v1+json',
  nodeReport: 'application/vnd.orgo.node-report.v1+json',
  rollback: 'application/vnd.orgo.rollback-authorization.v1+json',
  statement: 'application/vnd.in-toto+json',
  inventory: 'application/vnd.orgo.bundle-inventory.v1+json',
} as const;

/** Roles a trust root gives keys to. `adapter.<name>` is one role per adapter, so none can answer for another. */
export const fixedRoles = [
  'root',
  'orchestrator',
  'gatekeeper',
  'log',
  'audit',
  'release',
  'operator',
  'tuf-root',
  'targets',
  'snapshot',
  'timestamp',
] as const;
/**
 * Roles of which a trust root may want several signatures: what they sign carries as many as are made. Everything else travels as items of a signed
 * batch, or as a note, which one key signs; so a threshold above one in another role would be believed by people and kept by nobody.
 */
export const thresholdRoles: ReadonlySet<string> = new Set([
  'root',
  'audit',
  'operator',
  'tuf-root',
  'targets',
  'snapshot',
  'timestamp',
]);
export const roleOfAdapter = (adapter: string): string => `adapter.${adapter}`;
