import {
  buildRequestSchema,
  type Digest,
  deadLettersSchema,
  dsseEnvelopeSchema,
  pipelineSchema,
  type ReasonCode,
} from '@orgo/contracts';
import { isDigest, type JsonValue, parseStrict } from '@orgo/core';
import {
  AfterRequestSchema,
  artifactLimits,
  ClaimIrBatchSchema,
  ClaimIrSchema,
  decodeLines,
  ExchangeManifestSchema,
  ExecutionReportSchema,
  MandateBundleSchema,
  PinnedContextSchema,
  pinnedContextHash,
  RenderBundleSchema,
  ResolutionRunSchema,
  ResolvedBatchSchema,
  ResolvedClaimIrSchema,
  readExchange,
  readPackManifest,
  SignalsSchema,
  SnapshotSetSchema,
  ValidationReportSchema,
  verifyExchangeManifest,
} from '@orgo/kristal';
import type { z } from 'zod';
import type { ArtifactFact, Finding, Link } from '../domain/index.ts';
import type { Official } from '../schemas/official.ts';

/** What the bytes of an artifact establish under the contract of its kind, and under its official schema where there is one. */
export type ContractFact = Pick<ArtifactFact, 'contract' | 'official' | 'links' | 'ids' | 'files'>;

type Contract = (bytes: Uint8Array) => ContractFact;

const holds = (more: Partial<ContractFact> = {}): ContractFact => ({
  contract: null,
  official: null,
  links: [],
  ids: {},
  files: null,
  ...more,
});
const breaks = (code: Finding['code'], detail: string): ContractFact => holds({ contract: { code, detail } });

const link = (kind: string, ref: string): Link[] => (isDigest(ref) ? [{ kind, ref }] : []);

const issueOf = (error: z.ZodError): string => {
  const [issue] = error.issues;
  return `/${(issue?.path ?? []).join('/')}: ${issue?.message ?? 'invalid'}`;
};

/** A JSON artifact: strict reader, then schema, then what else its content must satisfy. */
const json =
  <T extends z.ZodType>(
    schema: T,
    then: (value: z.output<T>) => ContractFact,
    code: ReasonCode = 'GATE_CONTRACT_INVALID',
  ): Contract =>
  (bytes) => {
    const parsed = parseStrict(bytes, artifactLimits);
    if (!parsed.ok) return breaks(code, `${parsed.code} ${parsed.detail}`);
    const checked = schema.safeParse(parsed.value);
    return checked.success ? then(checked.data) : breaks(code, issueOf(checked.error));
  };

/** JSON that its own reader judges, with its own codes. */
const read =
  <T>(
    reader: (value: JsonValue) => { ok: true; value: T } | ({ ok: false } & Finding),
    code: ReasonCode,
    then: (value: T) => ContractFact,
  ): Contract =>
  (bytes) => {
    const parsed = parseStrict(bytes, artifactLimits);
    if (!parsed.ok) return breaks(code, `${parsed.code} ${parsed.detail}`);
    const result = reader(parsed.value);
    return result.ok ? then(result.value) : breaks(result.code, result.detail);
  };

const lines =
  (schema: z.ZodType): Contract =>
  (bytes) => {
    const decoded = decodeLines(bytes);
    if (!decoded.ok) return breaks('GATE_CONTRACT_INVALID', `${decoded.path ?? ''} ${decoded.code} ${decoded.detail}`);
    for (const [i, value] of decoded.value.entries()) {
      const checked = schema.safeParse(value);
      if (!checked.success) return breaks('GATE_CONTRACT_INVALID', `line ${i + 1} ${issueOf(checked.error)}`);
    }
    return holds();
  };

/**
 * Contracts by kind (GT-07, GT-12, GT-13). Written from the facts of each artifact; a kind that is not here is held against its digest, its
 * size, and strict JSON where it says that it is JSON.
 */
const contracts: Readonly<Record<string, Contract>> = {
  'build-request': json(buildRequestSchema, () => holds(), 'REQUEST_INVALID'),
  mandate: json(MandateBundleSchema, () => holds(), 'MANDATE_INVALID'),
  'mandate-signature': json(dsseEnvelopeSchema, () => holds(), 'MANDATE_SIGNATURE_INVALID'),
  pipeline: json(pipelineSchema, () => holds(), 'BLUEPRINT_UNPINNED'),
  'pinned-context': json(PinnedContextSchema, (context) => {
    const { pinned_context_hash, ...body } = context;
    if (pinned_context_hash !== pinnedContextHash(body))
      return breaks('GATE_CONTRACT_INVALID', 'pinned_context_hash is not of its content');
    const links = [
      ...link('mandate', context.mandate.ref),
      ...link('build-request', context.build_request_ref),
      ...link('pipeline', context.pipeline.ref),
    ];
    return holds({ links });
  }),
  'snapshot-set': json(SnapshotSetSchema, (set) => holds({ links: link('build-request', set.build_request_ref) })),
  // `subject_ref` is a build request or a snapshot set, as the stage says: no link, since the sealed decision names both.
  'dead-letters': json(deadLettersSchema, () => holds()),
  'claim-ir-batch': json(ClaimIrBatchSchema, (batch) =>
    holds({ links: [...link('claim-ir-lines', batch.data_ref), ...link('snapshot-set', batch.snapshot_set_ref)] }),
  ),
  'claim-ir-lines': lines(ClaimIrSchema),
  'resolved-batch': json(ResolvedBatchSchema, (batch) =>
    holds({
      links: [
        ...link('resolved-lines', batch.data_ref),
        ...link('claim-ir-batch', batch.claim_ir_batch_ref),
        ...link('resolution-run', batch.resolution_run_ref),
      ],
    }),
  ),
  'resolved-lines': lines(ResolvedClaimIrSchema),
  'resolution-run': json(ResolutionRunSchema, (run) =>
    holds({ links: link('claim-ir-batch', run.claim_ir_batch_ref) }),
  ),
  'validation-report': json(ValidationReportSchema, () => holds(), 'VALIDATION_REPORT_INVALID'),
  exchange: read(readExchange, 'EXCHANGE_SCHEMA_INVALID', (exchange) =>
    holds({ ids: { kristal_id: exchange.kristal_id } }),
  ),
  'exchange-manifest': json(ExchangeManifestSchema, (manifest) => {
    const verified = verifyExchangeManifest(manifest);
    return verified.ok ? holds({ ids: { kristal_id: manifest.kristal_id } }) : breaks(verified.code, verified.detail);
  }),
  'pack-manifest': read(readPackManifest, 'MANIFEST_SCHEMA_INVALID', (manifest) => {
    const { exchange_id, exchange_manifest_hash } = manifest.exchange_ref;
    return holds({
      ids: { pack_id: manifest.runtime_pack_id, kristal_id: `sha256:${exchange_id}` },
      files: manifest.files.map((file) => ({ ref: `sha256:${file.sha256}` as Digest, size: file.size_bytes })),
      links: exchange_manifest_hash === undefined ? [] : link('exchange-manifest', `sha256:${exchange_manifest_hash}`),
    });
  }),
  'after-request': json(AfterRequestSchema, () => holds(), 'REQUEST_INVALID'),
  'render-bundle': json(RenderBundleSchema, () => holds()),
  'execution-report': json(ExecutionReportSchema, () => holds()),
  signals: json(SignalsSchema, () => holds()),
};

/** Whether the bytes must be in memory to be judged; otherwise hashing them as they pass is enough. */
export const needsBytes = (kind: string, mediaType: string): boolean =>
  Object.hasOwn(contracts, kind) || mediaType === 'application/json';

/** Holds bytes against the contract of their kind, and what meets it against the official schema. */
export function judgeKind(
  kind: string,
  mediaType: string,
  bytes: Uint8Array,
  official: Official | null = null,
): ContractFact {
  const fact = judgeNatively(kind, mediaType, bytes);
  return official === null || fact.contract !== null ? fact : { ...fact, official: official.judge(kind, bytes) };
}

function judgeNatively(kind: string, mediaType: string, bytes: Uint8Array): ContractFact {
  const contract = Object.hasOwn(contracts, kind) ? contracts[kind] : undefined;
  if (contract !== undefined) return contract(bytes);
  if (mediaType !== 'application/json') return holds();
  const parsed = parseStrict(bytes, artifactLimits);
  return parsed.ok ? holds() : breaks('GATE_CONTRACT_INVALID', `${parsed.code} ${parsed.detail}`);
}
