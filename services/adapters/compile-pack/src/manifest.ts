import { compareText, digestHex, digestOf, type JsonValue } from '@orgo/core';
import {
  compilationId,
  manifestPoliciesOf,
  type PackFile,
  type PackManifest,
  type PortablePolicy,
  packContractId,
  packPageLimit,
  packTables,
  parquetWriter,
  referenceTools,
  runtimePackId,
} from '@orgo/kristal';

/** Everything that decides the bytes of a pack beside its Exchange. Its digest is the manifest's `config_hash`. */
export function effectiveConfig(policy: PortablePolicy): JsonValue {
  return {
    policy,
    parquet_writer: parquetWriter,
    tables: Object.values(packTables).map(({ path, columns, sort }) => ({
      path,
      columns: columns.map((column) => ({ ...column })),
      sort: [...sort],
    })),
    query_contract: packContractId,
    page_limit: { ...packPageLimit },
  };
}

/** What a manifest is written from. `inputs` are the references of the compiled artifacts. */
export type ManifestFacts = {
  kristalId: string;
  exchangeManifestRef: string;
  inputs: readonly string[];
  policy: PortablePolicy;
  files: readonly PackFile[];
  asOf: string;
};

/**
 * The manifest of a pack. `created_at` is the build's logical time; `build_id` names the compilation by its inputs and config, because an
 * artifact knows no build: which build made it stands in the Build Record. Neither is part of the pack id.
 */
export function packManifestOf(facts: ManifestFacts): PackManifest {
  const configHash = digestHex(digestOf(effectiveConfig(facts.policy)));
  const compiler = referenceTools['compile-pack'];
  const identity = {
    manifest_version: '3.0.0',
    profiles: [],
    exchange_ref: {
      exchange_id: facts.kristalId.slice('sha256:'.length),
      exchange_manifest_hash: facts.exchangeManifestRef.slice('sha256:'.length),
    },
    compiler: { name: compiler.name, version: compiler.version },
    build: {
      build_id: compilationId(facts.inputs, configHash),
      deterministic: true as const,
      canonicalization_profile: 'jcs-rfc8785@1' as const,
      config_hash: configHash,
    },
    policies: manifestPoliciesOf(facts.policy),
    query_contract: {
      contract_id: packContractId,
      supports_pagination: true,
      supports_cardinality_estimates: facts.policy.bitmap.shipped,
    },
    files: [...facts.files].sort((a, b) => compareText(a.path, b.path)),
  };
  return { ...identity, runtime_pack_id: runtimePackId(identity), created_at: facts.asOf };
}
