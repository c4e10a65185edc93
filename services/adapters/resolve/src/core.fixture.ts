import type { ArtifactRef } from '@orgo/contracts';
import { canonical, digestOfNothing, utf8 } from '@orgo/core';
import {
  type Claim,
  type ClaimIr,
  claimId,
  decodeLines,
  encodeLines,
  type GazetteerEntity,
  type GazetteerProperty,
  gazetteerKinds,
  kristalV3Profile,
  type PinnedContextBody,
  pinnedContextHash,
  profileDigest,
  type ResolutionHint,
  type ResolutionRun,
  ResolutionRunSchema,
  type ResolvedBatch,
  ResolvedBatchSchema,
  type ResolvedClaimIr,
  ResolvedClaimIrSchema,
  referenceTools,
  StageMemory,
  sortedLines,
} from '@orgo/kristal';
import { runResolve } from './core.ts';

export const asOf = '2026-11-20T10:00:00.000Z';

export const entity = (id: string, label: string, more: Partial<GazetteerEntity> = {}): GazetteerEntity => ({
  id,
  labels: { en: label },
  aliases: {},
  types: [],
  popularity_bp: 5000,
  description: '',
  related: [],
  ...more,
});

export const property = (id: string, label: string, more: Partial<GazetteerProperty> = {}): GazetteerProperty => ({
  id,
  labels: { en: label },
  aliases: {},
  datatype: 'item',
  subject_types: [],
  value_types: [],
  single_value: false,
  allowed_units: [],
  ...more,
});

/** A claim that a sentence makes. The quote is the whole context of its mentions. */
export function claimOf(
  predicate: Claim['predicate'],
  object: Claim['object'],
  quote = 'x',
  more: Partial<Claim> = {},
): Claim {
  const evidence = [{ source: { source_id: 's' }, quote, offsets: { start_char: 0, end_char: quote.length } }];
  const identity = { content: digestOfNothing, subject: 's', predicate: canonical(predicate), object, evidence };
  return { claim_id: claimId(identity), predicate, object, evidence, uncertainty: { confidence: 0.9 }, ...more };
}

export const documentOf = (subject: ClaimIr['subject'], claims: Claim[], docId = 'a.md'): ClaimIr => ({
  schema_version: '3.0',
  document: { doc_id: docId, source_id: 's' },
  subject,
  claims,
});

export type Given = {
  entities?: GazetteerEntity[];
  properties?: GazetteerProperty[];
  hints?: ResolutionHint[];
  policy?: Partial<PinnedContextBody['resolution']>;
  tools?: PinnedContextBody['tools'];
  asOf?: string;
  /** Changes what the store holds or what the batch says, after both were made. */
  tamper?: (parts: { context: PinnedContextBody; batch: { members: { ref: string }[]; data_ref: string } }) => void;
};

export type Resolution =
  | { code: string; detail: string }
  | {
      code: undefined;
      documents: ResolvedClaimIr[];
      batch: ResolvedBatch;
      run: ResolutionRun;
      codes: string[];
      refs: string[];
    };

export async function resolve(documents: ClaimIr[], given: Given = {}): Promise<Resolution> {
  const memory = new StageMemory();
  const lines = (kind: string, values: readonly unknown[]) =>
    memory.put(kind, 'application/jsonl', utf8(values.map((value) => `${canonical(value)}\n`).join('')));
  const resources = {
    entities: lines(gazetteerKinds.entities, given.entities ?? []),
    properties: lines(gazetteerKinds.properties, given.properties ?? []),
    ...(given.hints ? { hints: lines(gazetteerKinds.hints, given.hints) } : {}),
  };
  const sorted = sortedLines(documents);
  const data = memory.put('claim-ir-lines', 'application/jsonl', encodeLines(sorted));
  const batch = {
    kind: 'claim-ir-batch',
    batch_version: '1',
    offset_unit: 'unicode-code-point',
    data_ref: data.ref as string,
    snapshot_set_ref: digestOfNothing,
    extractor: referenceTools.extract,
    config_ref: digestOfNothing,
    members: sorted.map(({ ref, value }, i) => ({ ref, doc_id: value.document?.doc_id ?? 'x', line: i + 1 })),
  };
  const context = contextOf(resources, given);
  given.tamper?.({ context, batch });
  const inputs = [
    memory.putJson('pinned-context', { ...context, pinned_context_hash: pinnedContextHash(context) }),
    memory.putJson('claim-ir-batch', batch),
    data,
  ];
  const { result, outputs } = await memory.run(runResolve, inputs, given.asOf ?? asOf);
  if (!result.ok) return { code: result.code, detail: result.detail };
  const [batchRef, dataRef, runRef] = outputs as [ArtifactRef, ArtifactRef, ArtifactRef];
  const read = decodeLines(await memory.read(dataRef.ref));
  return {
    code: undefined,
    documents: read.ok ? read.value.map((value) => ResolvedClaimIrSchema.parse(value)) : [],
    batch: ResolvedBatchSchema.parse(await memory.json(batchRef)),
    run: ResolutionRunSchema.parse(await memory.json(runRef)),
    codes: result.value.diagnostics.map(({ code, count }) => `${code} ${count}`),
    refs: outputs.map(({ ref }) => ref),
  };
}

function contextOf(resources: PinnedContextBody['resources'], { policy, tools }: Given): PinnedContextBody {
  return {
    kind: 'pinned-context',
    context_version: '1',
    mandate: { ref: digestOfNothing, bundle_id: 'mandate:x', mandate_id: 'x' },
    build_request_ref: digestOfNothing,
    pipeline: { ref: digestOfNothing, pipeline_id: 'kristal', version: '1.0.0' },
    contract_profile: kristalV3Profile,
    contract_profile_ref: profileDigest(kristalV3Profile),
    governance: [],
    ingest: { on_poison: 'stop', access_class: 'public' },
    resolution: {
      ruleset_id: 'orgo.resolution-ladder@1',
      resolved_min_bp: 8500,
      gap_min_bp: 500,
      unresolved_below_bp: 4000,
      popularity_high_bp: 9000,
      context_low_bp: 2000,
      top_k_entity: 20,
      top_k_property: 10,
      ...policy,
    },
    validation: {
      profile: 'grounded',
      profile_version: '1',
      allow_partial: false,
      confidence_min_bp: 0,
      max_issues: 10,
    },
    pack: {
      ordering: 'SPO',
      row_group: { kind: 'fixed_rows', rows: 100_000 },
      membership_filter: { kind: 'none' },
      bitmap: { format: 'roaring', run_optimize: false, shipped: false },
      join1: { cap: 5000, on_exceed: 'error' },
      paging: 'CURSOR',
    },
    resources,
    tools: tools ?? { resolve: referenceTools.resolve },
    canonicalization: kristalV3Profile.canonicalization,
  };
}
