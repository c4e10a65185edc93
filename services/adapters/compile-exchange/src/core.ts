import { digestHex, digestOf } from '@orgo/core';
import {
  compilationId,
  type Exchange,
  type ExchangeManifest,
  exchangePoliciesOf,
  jsonOutput,
  kristalId,
  nativeValidationProfile,
  type PortablePolicy,
  portablePolicy,
  referenceTools,
  type StageCore,
} from '@orgo/kristal';
import { EvidenceIndex } from './evidence.ts';
import { type ExchangeInputs, readExchangeInputs } from './inputs.ts';
import { itemsOf, propertiesOf } from './items.ts';
import { compileStatements } from './statements.ts';

/** How this compiler lays out an Exchange. A change is another config hash. */
const effectiveConfig = {
  exchange_format: 'orgo.exchange/1',
  statement_key: ['subject', 'property', 'value', 'qualifiers'],
  order: { items: 'number', statements: 'property number, statement id', evidence: 'id', unresolved: 'claim id' },
};

/**
 * Compiles a validated batch into an Exchange and the manifest beside it. The Exchange follows from content alone: same claims, sources and
 * gazetteer give the same `kristal_id` under any build, tenant and `as_of` (EX-1); what varies stands in the manifest.
 *
 * Inputs: `pinned-context`, `snapshot-set`, `claim-ir-batch`, `claim-ir-lines`, `resolved-batch`, `resolved-lines`, `validation-report`.
 * Outputs: `exchange`, `exchange-manifest`. Refuses with `STAGE_INPUT_INVALID`, `VALIDATION_REPORT_INVALID`, `NO_COMPILE_ON_FAIL` or
 * `RESOURCE_VERSION_MISSING`.
 */
export const compileExchange: StageCore = async (ctx) => {
  const inputs = await readExchangeInputs(ctx);
  if (!inputs.ok) return inputs;
  const policy = portablePolicy(inputs.value.context.value.pack);
  if (!policy.ok) return policy;
  const { documents, snapshots, entities, properties } = inputs.value;
  const evidence = new EvidenceIndex(snapshots.value);
  const { statements, unresolved, merged } = compileStatements(documents, evidence);
  const content: Omit<Exchange, 'kristal_id'> = {
    schema_version: '3.0',
    exchange_format: 'orgo.exchange/1',
    canonicalization_profile: 'kristal.v3:jcs-rfc8785',
    canonicalization_version: '1',
    items: itemsOf(statements, entities),
    properties: propertiesOf(statements, properties),
    evidence_index: evidence.entries(),
    unresolved,
  };
  const exchange: Exchange = { ...content, kristal_id: kristalId(content) };
  const count = exchange.items.reduce((sum, item) => sum + item.statements.length, 0);
  return {
    ok: true,
    value: {
      outputs: [
        jsonOutput('exchange', exchange),
        jsonOutput('exchange-manifest', manifestOf(exchange, inputs.value, policy.value, ctx.asOf)),
      ],
      metrics: {
        items: exchange.items.length,
        statements: count,
        merged_claims: merged,
        unresolved_claims: unresolved.length,
        evidence: exchange.evidence_index.length,
      },
      diagnostics: unresolved.length === 0 ? [] : [{ code: 'CLAIM_UNRESOLVED', count: unresolved.length }],
    },
  };
};

function manifestOf(
  exchange: Exchange,
  inputs: ExchangeInputs,
  policy: PortablePolicy,
  asOf: string,
): ExchangeManifest {
  const { context, snapshots, report, claimBatchRef, resolvedBatchRef } = inputs;
  const compiler = referenceTools['compile-exchange'];
  const configHash = digestOf(effectiveConfig);
  return {
    schema_version: '3.0',
    created_at: asOf,
    kristal_id: exchange.kristal_id,
    canonicalization_profile: 'kristal.v3:jcs-rfc8785',
    canonicalization_version: '1',
    content_hash: { algo: 'sha256', value: digestHex(exchange.kristal_id as `sha256:${string}`) },
    build: {
      build_id: compilationId([claimBatchRef, resolvedBatchRef, context.ref], configHash),
      compiler_name: compiler.name,
      compiler_version: compiler.version,
      config_hash: configHash,
    },
    inputs: {
      source_snapshot_id: snapshots.ref,
      recipe_id: context.value.mandate.bundle_id,
      claim_ir_ids: [claimBatchRef],
      resolved_claim_ir_ids: [resolvedBatchRef],
    },
    profiles_enabled: [nativeValidationProfile],
    policies: exchangePoliciesOf(policy),
    references: { spec_version: '3.0' },
    extensions: {
      orgo: {
        pinned_context_ref: context.ref,
        validation_report_ref: report.ref,
        validation_status: report.value.validation_status,
        unresolved_claims: exchange.unresolved.length,
      },
    },
  };
}
