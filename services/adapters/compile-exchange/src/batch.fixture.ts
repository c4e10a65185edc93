import { canonicalBytes, digestOf, digestOfBytes } from '@orgo/core';
import {
  type Claim,
  type ClaimIr,
  claimId,
  defaultPackPolicy,
  encodeLines,
  type GazetteerEntity,
  type GazetteerProperty,
  jsonLine,
  kristalV3Profile,
  type PinnedContextBody,
  pinnedContextHash,
  profileDigest,
  type ResolvedClaimIr,
  reportCoreHash,
  type SnapshotSet,
  type StageCoreContext,
  type ValidationReport,
} from '@orgo/kristal';

const zero = digestOf('nothing');
const names = (en: string) => ({ labels: { en }, aliases: { en: [`${en} 2`, `${en} 1`] } });
const entity = (id: string, en: string): GazetteerEntity => ({
  id,
  ...names(en),
  types: [],
  popularity_bp: 1,
  description: `about ${en}`,
  related: [],
});
const property = (id: string, en: string, datatype: GazetteerProperty['datatype']): GazetteerProperty => ({
  id,
  ...names(en),
  datatype,
  subject_types: [],
  value_types: [],
  single_value: false,
  allowed_units: [],
});

const entities = ['Q9:Nine', 'Q10:Ten', 'Q84:London', 'Q712226:square kilometre', 'Q500:Unused'].map((line) => {
  const [id, en] = line.split(':') as [string, string];
  return entity(id, en);
});
const properties = [
  property('P19', 'born in', 'item'),
  property('P569', 'born', 'time'),
  property('P2046', 'area', 'quantity'),
];

/** A claim of the fixture: who, what, which value; ids are resolved, a word that is no id stays ambiguous. */
export type Said = { pid: string; object: Claim['object']; qualifiers?: Claim['qualifiers']; notes?: string };
/** A document: its source, its subject and what it says. */
export type Told = { source: string; subject: string; claims: Said[] };

const isId = (text: string) => /^[QP]\d+$/.test(text);
const open = (surface: string) => ({
  status: 'ambiguous' as const,
  surface,
  candidates: [
    { id: 'Q9', score: 0.61 },
    { id: 'Q10', score: 0.6 },
  ],
});
const entityOf = (surface: string) =>
  isId(surface) ? { status: 'resolved' as const, surface, qid: surface } : open(surface);
const predicateOf = (surface: string) => ({ status: 'resolved' as const, surface, pid: surface });
const objectOf = (object: Claim['object']) =>
  object.kind === 'item' ? { kind: 'item' as const, value: entityOf(object.value.surface as string) } : object;

function documentsOf({ source, subject, claims }: Told): {
  claimIr: ClaimIr;
  resolved: Omit<ResolvedClaimIr, 'resolution'>;
} {
  const made = claims.map(({ pid, object, qualifiers = [], notes }, i) => {
    const evidence = [
      { source: { source_id: source }, quote: `quote ${i}`, offsets: { start_char: i, end_char: i + 7 } },
    ];
    const claim_id = claimId({
      content: zero,
      subject: source + subject,
      predicate: pid,
      object,
      evidence,
      qualifiers,
    });
    return { claim_id, pid, object, qualifiers, evidence, notes, confidence: 0.9 - i / 100 };
  });
  return {
    claimIr: {
      schema_version: '3.0',
      document: { source_id: source, doc_id: `${source}.md` },
      subject: { surface: subject },
      claims: made.map(({ claim_id, pid, object, qualifiers, evidence, confidence }) => ({
        claim_id,
        predicate: { surface: pid },
        object,
        qualifiers,
        evidence: evidence.map((one) => ({ ...one, selector: { kind: 'xpath' as const, value: '/p' } })),
        uncertainty: { confidence },
      })),
    },
    resolved: {
      schema_version: '3.0',
      input: { claim_ir_ref: {}, claim_ir_hash: { alg: 'sha256', value: '0'.repeat(64) } },
      subject: entityOf(subject),
      claims: made.map(({ claim_id, pid, object, qualifiers, evidence, confidence, notes }) => ({
        claim_id,
        predicate: predicateOf(pid),
        object: objectOf(object),
        qualifiers: qualifiers.map((q) => ({
          predicate: predicateOf(q.predicate.surface as string),
          object: objectOf(q.object),
        })),
        evidence,
        uncertainty: { confidence, notes: 'interval 0.7 to 0.9' },
        ...(notes === undefined ? {} : { notes }),
      })),
    },
  };
}

/** What a test may change about the stage. `report` may also be changed after it judged the inputs. */
export type Given = {
  asOf?: string;
  allowPartial?: boolean;
  report?: (report: ValidationReport) => ValidationReport;
  inputs?: (inputs: StageCoreContext['inputs']) => StageCoreContext['inputs'];
};

/** A stage context over a batch that says what is told, with a passing report about it. */
export function exchangeStage(told: readonly Told[], given: Given = {}): StageCoreContext {
  const store = new Map<string, Uint8Array>();
  const asOf = given.asOf ?? '2026-01-01T00:00:00.000Z';
  const keep = (kind: string, bytes: Uint8Array, media_type = 'application/json') => {
    const ref = digestOfBytes(bytes);
    store.set(ref, bytes);
    return { kind, ref, media_type, size: bytes.length };
  };
  const lines = (kind: string, values: readonly object[]) =>
    keep(kind, encodeLines(values.map(jsonLine)), 'application/jsonl');

  const resources = {
    entities: lines('gazetteer-entities', entities),
    properties: lines('gazetteer-properties', properties),
  };
  const context = keep('pinned-context', canonicalBytes(contextOf(resources, given.allowPartial ?? true)));
  const sources = [...new Set(told.map((doc) => doc.source))].sort();
  const snapshots = keep('snapshot-set', canonicalBytes(snapshotSetOf(sources)));
  const documents = told.map(documentsOf);
  const resolution = { run_id: 'r', created_at: asOf, resolver: { name: 'r', version: '1' } };
  const claimLines = lines(
    'claim-ir-lines',
    documents.map((d) => d.claimIr),
  );
  const resolvedLines = lines(
    'resolved-lines',
    documents.map((d) => ({ ...d.resolved, resolution })),
  );
  const tool = { name: 't', version: '1' };
  const claimBatch = keep(
    'claim-ir-batch',
    canonicalBytes({
      kind: 'claim-ir-batch',
      batch_version: '1',
      offset_unit: 'unicode-code-point',
      data_ref: claimLines.ref,
      snapshot_set_ref: snapshots.ref,
      extractor: tool,
      config_ref: zero,
      members: [],
    }),
  );
  const resolvedBatch = keep(
    'resolved-batch',
    canonicalBytes({
      kind: 'resolved-batch',
      batch_version: '1',
      data_ref: resolvedLines.ref,
      claim_ir_batch_ref: claimBatch.ref,
      resolution_run_ref: zero,
      resolver: tool,
      members: [],
    }),
  );
  const judged = [context, snapshots, claimBatch, claimLines, resolvedBatch, resolvedLines];
  const report = (given.report ?? ((r) => r))(passedReport(judged));
  const inputs = [...judged, keep('validation-report', canonicalBytes(report))];
  return {
    asOf,
    config: {},
    inputs: (given.inputs ?? ((i) => i))(inputs),
    read: async (ref) => store.get(ref) ?? Promise.reject(new Error(`no ${ref}`)),
  };
}

function contextOf(pins: Record<'entities' | 'properties', { kind: string; ref: string }>, allow_partial: boolean) {
  const body: PinnedContextBody = {
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
      ruleset_id: 'r',
      resolved_min_bp: 1,
      gap_min_bp: 1,
      unresolved_below_bp: 1,
      popularity_high_bp: 1,
      context_low_bp: 1,
      top_k_entity: 1,
      top_k_property: 1,
    },
    validation: { profile: 'grounded', profile_version: '1', allow_partial, confidence_min_bp: 1, max_issues: 1 },
    pack: defaultPackPolicy,
    resources: pins as PinnedContextBody['resources'],
    tools: {},
    canonicalization: { profile: 'kristal.v3:jcs-rfc8785', version: '1' },
  };
  return { ...body, pinned_context_hash: pinnedContextHash(body) };
}

function snapshotSetOf(sources: readonly string[]): SnapshotSet {
  return {
    kind: 'snapshot-set',
    set_version: '1',
    build_request_ref: zero,
    pinned_context_hash: zero,
    snapshots: sources.map((source_id) => ({
      path: `${source_id}.md`,
      ref: digestOf(source_id),
      size: 1,
      media_type: 'text/markdown',
      access_class: 'public',
      retrieved_at: '2026-01-01T00:00:00Z',
      source: { source_id, origin: 'fixture', license: 'CC0-1.0' },
      code_points: 1,
      transformations: [],
    })),
    excluded: [],
  };
}

function passedReport(judged: readonly { kind: string; ref: string }[]): ValidationReport {
  return sealed({
    schema_version: '3.0',
    validation_status: 'passed',
    issues: [],
    stats: { error_count: 0, warning_count: 0, info_count: 0 },
    extensions: {
      orgo: {
        report_core_hash: zero,
        inputs: judged.map(({ kind, ref }) => ({ kind, ref })),
        resources: [],
        profile: 'grounded',
        ruleset: 'test',
        max_issues_per_code: 100,
        found: [],
        judged: { documents: 0, claims: 0 },
      },
    },
  });
}

/** A report with the core hash of its content. */
export function sealed(report: ValidationReport): ValidationReport {
  const orgo = { ...(report.extensions?.orgo as object), report_core_hash: reportCoreHash(report) };
  return { ...report, extensions: { ...report.extensions, orgo } };
}
