import { digestOf } from '@orgo/core';
import { z } from 'zod';
import type { ToolSchema } from './claim-ir-batch.ts';

/** How one artifact kind is spelled on the wire: canonicalization names, hash member and text form of ids. */
export const EmitSchema = z.strictObject({
  canonicalization_profile: z.string().min(1).optional(),
  canonicalization_version: z.string().min(1).optional(),
  hash_member: z.enum(['alg', 'algo']).optional(),
  id_form: z.enum(['sha256:hex', 'hex']),
});

/**
 * The contract profile: which external contract a build speaks, and how. Content-addressed; one per build; never upgraded by itself.
 * A profile marked `preview` may not reach a production channel.
 */
export const ContractProfileSchema = z.strictObject({
  kind: z.literal('contract-profile'),
  profile_id: z.string().min(1),
  preview: z.boolean(),
  kristal_version: z.string().min(1),
  kristal_commit: z.string().regex(/^[0-9a-f]{40}$/),
  /** The schemas that stages write by: this repository's own, written from the contract's facts. */
  schema_set_id: z.string().min(1),
  canonicalization: z.strictObject({
    profile: z.string().min(1),
    version: z.string().min(1),
  }),
  emit: z.strictObject({
    claim_ir: EmitSchema,
    resolved_claim_ir: EmitSchema,
    validation_report: EmitSchema,
    exchange: EmitSchema,
    exchange_manifest: EmitSchema,
    runtime_pack_manifest: EmitSchema,
  }),
  /** Spellings taken in, each mapped to the canonical one. Anything else fails closed. */
  accept: z.strictObject({
    canonicalization: z.record(z.string(), z.string()),
    hash_member: z.record(z.string(), z.string()),
  }),
  legacy_level: z.literal([0, 1, 2]),
  limits: z.strictObject({
    max_documents: z.int().min(1),
    max_document_bytes: z.int().min(1),
    max_claims: z.int().min(1),
  }),
  required_profiles: z.array(z.string()),
  unsigned_allowed: z.boolean(),
  partial_allowed: z.boolean(),
});
export type ContractProfile = z.infer<typeof ContractProfileSchema>;

const jcs = { profile: 'kristal.v3:jcs-rfc8785', version: '1' };
const jcsEmit = {
  canonicalization_profile: jcs.profile,
  canonicalization_version: jcs.version,
  id_form: 'sha256:hex',
} as const;

/** Kristal v3.0 as this repository speaks it, with its own schemas. `partial_allowed` is the ceiling; a mandate decides below it. */
export const kristalV3Profile: ContractProfile = {
  kind: 'contract-profile',
  profile_id: 'kristal-v3.0-orgo.1',
  preview: false,
  kristal_version: '3.0',
  kristal_commit: '1c05e86f23ef68ebb8991b19bf60e901a55cca96',
  schema_set_id: 'orgo-native-1',
  canonicalization: jcs,
  emit: {
    claim_ir: { hash_member: 'alg', id_form: 'sha256:hex' },
    resolved_claim_ir: { hash_member: 'alg', id_form: 'sha256:hex' },
    validation_report: jcsEmit,
    exchange: jcsEmit,
    exchange_manifest: { ...jcsEmit, hash_member: 'algo' },
    // The pack manifest's contract allows one spelling only and has no version member.
    runtime_pack_manifest: {
      canonicalization_profile: 'jcs-rfc8785@1',
      id_form: 'hex',
    },
  },
  accept: {
    canonicalization: {
      'kristal.v3:jcs-rfc8785/1': 'kristal.v3:jcs-rfc8785/1',
      'jcs-rfc8785/1.0': 'kristal.v3:jcs-rfc8785/1',
      'jcs-rfc8785/RFC8785': 'kristal.v3:jcs-rfc8785/1',
      'jcs-rfc8785@1': 'kristal.v3:jcs-rfc8785/1',
    },
    hash_member: { alg: 'alg', algo: 'alg' },
  },
  legacy_level: 0,
  limits: {
    max_documents: 10_000,
    max_document_bytes: 64 * 1024 * 1024,
    max_claims: 1_000_000,
  },
  required_profiles: ['orgo.native-validation@1'],
  unsigned_allowed: false,
  partial_allowed: true,
};

/** Profiles this repository can speak, by id. An id that is not here fails closed. */
export const contractProfiles: Readonly<Record<string, ContractProfile>> = {
  [kristalV3Profile.profile_id]: kristalV3Profile,
};

/** Content id of a profile: part of every stage idempotency key. */
export function profileDigest(profile: ContractProfile): string {
  return digestOf(profile);
}

/** Name and version of each reference stage (SP-13). A version changes when the bytes a stage writes may change. */
export const referenceTools = {
  pin: { name: 'orgo-pin', version: '1.0.0' },
  ingest: { name: 'orgo-ingest', version: '1.0.0' },
  extract: { name: 'orgo-extract-rules', version: '1.1.0' },
  resolve: { name: 'orgo-resolve-gazetteer', version: '1.0.0' },
  validate: { name: 'orgo-validate', version: '1.1.0' },
  'compile-exchange': { name: 'orgo-compile-exchange', version: '1.0.0' },
  'compile-pack': { name: 'orgo-compile-pack', version: '1.0.0' },
} as const satisfies Record<string, z.infer<typeof ToolSchema>>;
