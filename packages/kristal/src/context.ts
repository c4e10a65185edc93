import { artifactRefSchema } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { z } from 'zod';
import { ToolSchema } from './claim-ir-batch.ts';
import { DigestTextSchema } from './digest-text.ts';
import { PackPolicySchema } from './policies.ts';
import { ContractProfileSchema } from './profile.ts';

const bp = z.int().min(0).max(10_000);

/** Resources a build resolves against, all by content. `hints` are human choices and optional. */
export const ResourcePinsSchema = z.strictObject({
  entities: artifactRefSchema,
  properties: artifactRefSchema,
  hints: artifactRefSchema.optional(),
});
export type ResourcePins = z.infer<typeof ResourcePinsSchema>;

/**
 * What happens to a document that cannot be read or is over a limit, the access class of what is taken in, and limits below the ceilings of the
 * contract profile (see `intakeOf`).
 */
export const IngestPolicySchema = z.strictObject({
  on_poison: z.enum(['stop', 'dead_letter']),
  access_class: z.enum(['public', 'restricted']),
  max_documents: z.int().min(1).optional(),
  max_document_bytes: z.int().min(1).optional(),
  max_corpus_bytes: z.int().min(1).optional(),
  max_document_claims: z.int().min(1).optional(),
});
export type IngestPolicy = z.infer<typeof IngestPolicySchema>;

/** Thresholds of the resolver's decision ladder and the length of its candidate lists. A change is a new ruleset version (ST-25). */
export const ResolutionPolicySchema = z.strictObject({
  ruleset_id: z.string().min(1),
  /** A scored choice needs at least this top score … */
  resolved_min_bp: bp,
  /** … this distance to the next candidate … */
  gap_min_bp: bp,
  /** Below this top score the mention is unresolved. */
  unresolved_below_bp: bp,
  /** Above this popularity with less context than `context_low_bp` the mention stays ambiguous. */
  popularity_high_bp: bp,
  context_low_bp: bp,
  top_k_entity: z.int().min(1).max(100),
  top_k_property: z.int().min(1).max(100),
});
export type ResolutionPolicy = z.infer<typeof ResolutionPolicySchema>;

export const ValidationProfileSchema = z.enum(['strict', 'grounded', 'exploratory']);
export type ValidationProfile = z.infer<typeof ValidationProfileSchema>;

/** What the gate demands of the report. `allow_partial` admits a build whose only shortfall is unresolved content. */
export const ValidationPolicySchema = z.strictObject({
  profile: ValidationProfileSchema,
  profile_version: z.string().min(1),
  allow_partial: z.boolean(),
  confidence_min_bp: bp,
  max_issues: z.int().min(1),
});
export type ValidationPolicy = z.infer<typeof ValidationPolicySchema>;

/** A policy of the mandate that was in force at `as_of`. */
export const PolicySelectionSchema = z.strictObject({
  policy_id: z.string(),
  version: z.string(),
  enforcement: z.enum(['MUST', 'SHOULD', 'MAY']),
  stages: z.array(z.string()),
  parameters: z.record(z.string(), z.json()),
});
export type PolicySelection = z.infer<typeof PolicySelectionSchema>;

const contextMembers = {
  kind: z.literal('pinned-context'),
  context_version: z.literal('1'),
  mandate: z.strictObject({
    ref: DigestTextSchema,
    bundle_id: z.string(),
    mandate_id: z.string(),
  }),
  build_request_ref: DigestTextSchema,
  pipeline: z.strictObject({
    ref: DigestTextSchema,
    pipeline_id: z.string(),
    version: z.string(),
  }),
  contract_profile: ContractProfileSchema,
  contract_profile_ref: DigestTextSchema,
  /** Every policy in force, sorted by id and version. */
  governance: z.array(PolicySelectionSchema),
  ingest: IngestPolicySchema,
  resolution: ResolutionPolicySchema,
  validation: ValidationPolicySchema,
  pack: PackPolicySchema,
  resources: ResourcePinsSchema,
  /** Name and version of the tool of each stage (SP-13). */
  tools: z.record(z.string(), ToolSchema),
  canonicalization: z.strictObject({
    profile: z.string(),
    version: z.string(),
  }),
};

/**
 * Everything a build is pinned to (kind `pinned-context`). It holds no time and no build id: a rerun under another `as_of` that
 * selects the same policies has the same context. `pinned_context_hash` is the digest of the object without that member.
 */
export const PinnedContextSchema = z.strictObject({
  ...contextMembers,
  pinned_context_hash: DigestTextSchema,
});
export type PinnedContext = z.infer<typeof PinnedContextSchema>;
export type PinnedContextBody = Omit<PinnedContext, 'pinned_context_hash'>;

export function pinnedContextHash(body: PinnedContextBody): string {
  return digestOf(body);
}
