import { canonicalBytes, digestOf, digestOfBytes, utf8 } from '@orgo/core';
import {
  type ClaimIr,
  defaultPackPolicy,
  encodeLines,
  fingerprintRuleset,
  jsonLine,
  kristalV3Profile,
  type PinnedContextBody,
  pinnedContextHash,
  profileDigest,
  type ResolvedClaimIr,
  type StageCoreContext,
} from '@orgo/kristal';

const text = 'Ada Byron was born in London. Zoé 𝔘 too.';
const zero = digestOf('nothing');
const tool = { name: 't', version: '1' };
const asOf = '2026-01-01T00:00:00.000Z';

const named = (en: string) => ({ labels: { en }, aliases: {} });
const entity = (id: string, en: string) => ({
  id,
  ...named(en),
  types: [],
  popularity_bp: 1,
  description: '',
  related: [],
});
const entities = [entity('Q84', 'London'), entity('Q7259', 'Ada Byron')];
const properties = [
  {
    id: 'P19',
    ...named('born in'),
    datatype: 'item',
    subject_types: [],
    value_types: [],
    single_value: true,
    allowed_units: [],
  },
];

const evidence = [
  { source: { source_id: 'ada' }, quote: 'Ada Byron was born in London.', offsets: { start_char: 0, end_char: 29 } },
  { source: { source_id: 'ada' }, quote: 'Zoé 𝔘 too.', offsets: { start_char: 30, end_char: 40 } },
];
const claim = { claim_id: `c:${'0'.repeat(32)}`, evidence, uncertainty: { confidence: 0.9 } };
const resolved = (surface: string) => ({
  status: 'resolved' as const,
  surface,
  decision: { method: 'exact_match' as const },
});

const claimIr: ClaimIr = {
  schema_version: '3.0',
  document: { source_id: 'ada', doc_id: 'ada.md' },
  subject: { surface: 'Ada Byron' },
  claims: [{ ...claim, predicate: { surface: 'born in' }, object: { kind: 'item', value: { surface: 'London' } } }],
};

/** What a test may put in place of a stored artifact's value or bytes, by kind. */
export type Swap = Partial<Record<string, (value: never) => unknown>>;

/** A stage context over one clean document about Ada Byron; `swap` changes artifacts before they are stored and referred to. */
export function validateStage(swap: Swap = {}): StageCoreContext {
  const store = new Map<string, Uint8Array>();
  const keep = (kind: string, value: unknown) => {
    const swapped = (swap[kind] as ((v: unknown) => unknown) | undefined)?.(value) ?? value;
    const bytes =
      swapped instanceof Uint8Array
        ? swapped
        : Array.isArray(swapped)
          ? encodeLines(swapped.map(jsonLine))
          : canonicalBytes(swapped);
    const ref = digestOfBytes(bytes);
    store.set(ref, bytes);
    return { kind, ref, media_type: 'application/json', size: bytes.length };
  };
  const pins = { entities: keep('gazetteer-entities', entities), properties: keep('gazetteer-properties', properties) };
  const body = contextBody(pins);
  const pinned_context_hash = pinnedContextHash(body);
  const context = keep('pinned-context', { ...body, pinned_context_hash });
  const snapshots = keep('snapshot-set', snapshotSet(pinned_context_hash, keep('snapshot', utf8(text)).ref));
  const claimLines = keep('claim-ir-lines', [claimIr]);
  const claimBatch = keep('claim-ir-batch', {
    kind: 'claim-ir-batch',
    batch_version: '1',
    offset_unit: 'unicode-code-point',
    data_ref: claimLines.ref,
    snapshot_set_ref: snapshots.ref,
    extractor: tool,
    config_ref: zero,
    members: [{ ref: digestOf(claimIr), doc_id: 'ada.md', line: 1 }],
  });
  const run = keep('resolution-run', runRecord(claimBatch.ref, pins));
  const answer = resolution(digestOf(claimIr));
  const resolvedLines = keep('resolved-lines', [answer]);
  const resolvedBatch = keep('resolved-batch', {
    kind: 'resolved-batch',
    batch_version: '1',
    data_ref: resolvedLines.ref,
    claim_ir_batch_ref: claimBatch.ref,
    resolution_run_ref: run.ref,
    resolver: tool,
    members: [{ ref: digestOf(answer), claim_ir_ref: digestOf(claimIr), doc_id: 'ada.md', line: 1 }],
  });
  return {
    asOf,
    config: {},
    inputs: [context, snapshots, claimBatch, claimLines, resolvedBatch, resolvedLines, run],
    read: async (ref) => store.get(ref) ?? Promise.reject(new Error(`no ${ref}`)),
  };
}

function resolution(claimIrRef: string): ResolvedClaimIr {
  return {
    schema_version: '3.0',
    input: { claim_ir_ref: { doc_id: 'ada.md' }, claim_ir_hash: { alg: 'sha256', value: claimIrRef.slice(7) } },
    resolution: { run_id: 'r', created_at: asOf, resolver: tool },
    subject: { ...resolved('Ada Byron'), qid: 'Q7259' },
    claims: [
      {
        ...claim,
        predicate: { ...resolved('born in'), pid: 'P19' },
        object: { kind: 'item', value: { ...resolved('London'), qid: 'Q84' } },
      },
    ],
  };
}

function runRecord(claimBatchRef: string, pins: { entities: { ref: string }; properties: { ref: string } }) {
  return {
    kind: 'resolution-run',
    run_version: '1',
    run_id: 'r',
    as_of: asOf,
    resolver: tool,
    claim_ir_batch_ref: claimBatchRef,
    resources: { entities: pins.entities.ref, properties: pins.properties.ref },
    hints_used: false,
    hint_refs: [],
    policies: {
      candidate_top_k: { entity: 5, property: 5 },
      tie_breakers: [],
      normalization_ruleset_id: fingerprintRuleset,
      scoring_ruleset_id: 'score@1+ladder@1',
      thresholds_bp: {},
    },
    summary: {},
    diagnostics: [],
  };
}

function snapshotSet(pinned_context_hash: string, ref: string) {
  return {
    kind: 'snapshot-set',
    set_version: '1',
    build_request_ref: zero,
    pinned_context_hash,
    snapshots: [
      {
        path: 'ada.md',
        ref,
        size: utf8(text).length,
        media_type: 'text/markdown',
        access_class: 'public',
        retrieved_at: '2026-01-01T00:00:00Z',
        source: { source_id: 'ada', origin: 'fixture', license: 'CC0-1.0' },
        code_points: [...text].length,
        transformations: [],
      },
    ],
    excluded: [],
  };
}

function contextBody(pins: Record<'entities' | 'properties', { kind: string; ref: string }>): PinnedContextBody {
  return {
    kind: 'pinned-context',
    context_version: '1',
    mandate: { ref: zero, bundle_id: 'mandate:x', mandate_id: 'x' },
    build_request_ref: zero,
    pipeline: { ref: zero, pipeline_id: 'kristal', version: '1.0.0' },
    contract_profile: kristalV3Profile,
    contract_profile_ref: profileDigest(kristalV3Profile),
    governance: [],
    ingest: { on_poison: 'stop', access_class: 'public' },
    resolution: {
      ruleset_id: 'ladder@1',
      resolved_min_bp: 8500,
      gap_min_bp: 500,
      unresolved_below_bp: 4000,
      popularity_high_bp: 9000,
      context_low_bp: 2000,
      top_k_entity: 5,
      top_k_property: 5,
    },
    validation: {
      profile: 'strict',
      profile_version: '1',
      allow_partial: false,
      confidence_min_bp: 5000,
      max_issues: 9,
    },
    pack: defaultPackPolicy,
    resources: pins as PinnedContextBody['resources'],
    tools: {},
    canonicalization: { profile: 'kristal.v3:jcs-rfc8785', version: '1' },
  };
}
