import { compareText, digestHex, digestOf, type JsonValue } from '@orgo/core';
import { z } from 'zod';
import { DateTimeSchema } from './claim-ir-values.ts';
import { Hex64Schema } from './digest-text.ts';
import { ManifestPoliciesSchema } from './policies-manifest.ts';
import { PackSignatureSchema } from './signatures.ts';

/** Roles of a pack's files. */
export const packFileRoles = [
  'parquet_data',
  'bitmap_index',
  'membership_filter',
  'dictionary',
  'metadata',
  'other',
] as const;

/** A file of a pack: relative path, role, SHA-256 as bare lowercase hex, size in bytes. */
export const PackFileSchema = z.strictObject({
  path: z.string().min(1),
  role: z.enum(packFileRoles),
  sha256: Hex64Schema,
  size_bytes: z.int().min(0),
  mime_type: z.string().optional(),
});
export type PackFile = z.infer<typeof PackFileSchema>;

/**
 * The manifest of a Runtime Pack, version 3.x.y. Closed: an unknown member is refused.
 * It is not one of its own files, and carries no hash of itself except `integrity.manifest_sha256`, which leaves itself out.
 */
export const PackManifestSchema = z.strictObject({
  manifest_version: z.string().regex(/^3\.\d+\.\d+$/),
  runtime_pack_id: Hex64Schema,
  created_at: DateTimeSchema,
  profiles: z.array(z.string()).optional(),
  exchange_ref: z.strictObject({
    exchange_id: Hex64Schema,
    exchange_manifest_hash: z.string().optional(),
    exchange_version: z.string().optional(),
  }),
  compiler: z.strictObject({
    name: z.string().min(1),
    version: z.string().min(1),
    git_commit: z.string().min(7).optional(),
    build_platform: z.string().optional(),
  }),
  build: z.strictObject({
    build_id: z.string().min(8),
    deterministic: z.literal(true),
    canonicalization_profile: z.literal('jcs-rfc8785@1'),
    config_hash: Hex64Schema,
  }),
  policies: ManifestPoliciesSchema,
  query_contract: z
    .strictObject({
      contract_id: z.string().min(1),
      supports_pagination: z.boolean(),
      supports_cardinality_estimates: z.boolean(),
    })
    .optional(),
  files: z.array(PackFileSchema).min(1),
  integrity: z
    .strictObject({
      hash_alg: z.literal('sha256'),
      pack_sha256: Hex64Schema.optional(),
      manifest_sha256: Hex64Schema.optional(),
    })
    .optional(),
  signatures: z.array(PackSignatureSchema).optional(),
});
export type PackManifest = z.infer<typeof PackManifestSchema>;

/** The part of a manifest that decides its pack id. Everything else may change without making another pack. */
export type PackIdentity = Pick<PackManifest, 'manifest_version' | 'policies' | 'files'> & {
  profiles?: PackManifest['profiles'];
  exchange_ref: { exchange_id: string };
  compiler: { name: string; version: string };
  build: Pick<PackManifest['build'], 'deterministic' | 'canonicalization_profile' | 'config_hash'>;
  query_contract?: PackManifest['query_contract'];
};

/**
 * The declared projection under a pack id. Left out on purpose: the id itself, `created_at`, `build_id`, `git_commit`,
 * `build_platform`, the hash and version of the Exchange manifest, media types, `integrity`, `signatures` and every `notes`.
 */
export function packProjection(manifest: PackIdentity): JsonValue {
  const { deterministic, canonicalization_profile, config_hash } = manifest.build;
  const files = manifest.files.map(({ path, role, sha256, size_bytes }) => ({ path, role, sha256, size_bytes }));
  return {
    manifest_version: manifest.manifest_version,
    profiles: [...(manifest.profiles ?? [])].sort(compareText),
    exchange_id: manifest.exchange_ref.exchange_id,
    compiler: { name: manifest.compiler.name, version: manifest.compiler.version },
    build: { deterministic, canonicalization_profile, config_hash },
    policies: withoutNotes(manifest.policies as JsonValue),
    query_contract: (manifest.query_contract ?? null) as JsonValue,
    files: files.sort((a, b) => compareText(a.path, b.path)),
  };
}

/** The id of a pack: bare lowercase hex of SHA-256 over the canonical projection of its manifest. */
export function runtimePackId(manifest: PackIdentity): string {
  return digestHex(digestOf(packProjection(manifest)));
}

/** `integrity.manifest_sha256`: hex of SHA-256 over the canonical manifest without `integrity` and `signatures`. */
export function manifestSha256(manifest: PackManifest): string {
  const { integrity: _integrity, signatures: _signatures, ...rest } = manifest;
  return digestHex(digestOf(rest));
}

function withoutNotes(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNotes);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([name, member]) => name !== 'notes' && member !== undefined);
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutNotes(member as JsonValue)]));
}
