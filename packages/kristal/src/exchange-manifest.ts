import { compareText, digestHex, digestOf, type JsonValue, ok, type Result, refuse } from '@orgo/core';
import { z } from 'zod';
import { Hex64Schema } from './digest-text.ts';
import { ExchangePoliciesSchema } from './policies-exchange.ts';
import { ExchangeSignatureSchema, nobody, type Signers, verifySignatures } from './signatures.ts';

const strings = z.array(z.string());

/**
 * The sidecar of an Exchange: who compiled it, when, from what. Closed except for `extensions` and `build.environment`.
 * None of it enters the `kristal_id`; `created_at` is the build's logical time.
 */
export const ExchangeManifestSchema = z.strictObject({
  schema_version: z.literal('3.0'),
  manifest_id: z.string().optional(),
  created_at: z.string().optional(),
  kristal_id: z.string().min(1),
  canonicalization_profile: z.literal('kristal.v3:jcs-rfc8785'),
  canonicalization_version: z.literal('1'),
  content_hash: z.strictObject({ algo: z.literal('sha256'), value: Hex64Schema }),
  build: z.strictObject({
    build_id: z.string().min(8),
    compiler_name: z.string().min(1),
    compiler_version: z.string().min(1),
    config_hash: z.string().min(1),
    git_commit: z.string().optional(),
    environment: z.record(z.string(), z.json()).optional(),
  }),
  inputs: z.strictObject({
    source_snapshot_id: z.string().min(1),
    recipe_id: z.string().optional(),
    claim_ir_ids: strings.optional(),
    resolved_claim_ir_ids: strings.optional(),
    previous_exchange_ids: strings.optional(),
  }),
  profiles_enabled: strings.optional(),
  policies: ExchangePoliciesSchema.optional(),
  signatures: z
    .array(
      z.strictObject({
        ...ExchangeSignatureSchema.shape,
        signer: z.strictObject({ name: z.string(), org: z.string().optional() }).optional(),
        certificate_uri: z.string().optional(),
      }),
    )
    .optional(),
  references: z.strictObject({ spec_version: z.string().optional(), docs_uri: z.string().optional() }).optional(),
  extensions: z.record(z.string(), z.json()).optional(),
});
export type ExchangeManifest = z.infer<typeof ExchangeManifestSchema>;

/** What a signature of an Exchange manifest stands on: all of the manifest but its signatures, and whose manifest it is. */
export function exchangeManifestSignaturePayload(manifest: ExchangeManifest): JsonValue {
  const { signatures: _signatures, ...rest } = manifest;
  return {
    artifact_kind: 'exchange_manifest',
    artifact_version: 'v3',
    content_id: manifest.kristal_id,
    canonicalization_profile: manifest.canonicalization_profile,
    canonicalization_version: manifest.canonicalization_version,
    hash_alg: 'sha256',
    content_hash: digestOf(rest),
  };
}

/**
 * Holds a manifest of the right form against itself: its `content_hash` is that of its `kristal_id`, and its signatures verify (EX-4).
 * Refuses with `EXCHANGE_MANIFEST_MISMATCH`, `KEY_UNKNOWN` or `SIGNATURE_INVALID`.
 * @param signers whom the caller trusts to sign Exchanges
 */
export function verifyExchangeManifest(
  manifest: ExchangeManifest,
  signers: Signers = nobody,
): Result<ExchangeManifest> {
  if (`sha256:${manifest.content_hash.value}` !== manifest.kristal_id)
    return refuse('EXCHANGE_MANIFEST_MISMATCH', 'content_hash is not that of kristal_id');
  const signed = verifySignatures(manifest.signatures, exchangeManifestSignaturePayload(manifest), 'url', signers);
  return signed.ok ? ok(manifest) : signed;
}

/**
 * The `build_id` of a manifest: `c-` and 32 hex digits over what was compiled and how. An artifact knows no Orgo build, so that the same
 * inputs give the same manifest in any build; which builds made it stands in their records.
 * @param inputs references of the compiled artifacts, in any order
 * @param configHash hash of the effective compiler config
 */
export function compilationId(inputs: readonly string[], configHash: string): string {
  const sorted = [...inputs].sort(compareText);
  return `c-${digestHex(digestOf({ inputs: sorted, config_hash: configHash })).slice(0, 32)}`;
}
