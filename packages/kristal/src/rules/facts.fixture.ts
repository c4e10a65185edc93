import { digestOf } from '@orgo/core';
import type { Claim, ClaimIr } from '../claim-ir.ts';
import type { ClaimIrBatch } from '../claim-ir-batch.ts';
import type { PinnedContext, ValidationProfile } from '../context.ts';
import { pinnedContextHash } from '../context.ts';
import type { GazetteerEntity, GazetteerProperty } from '../gazetteer.ts';
import { fingerprintRuleset } from '../gazetteer-text.ts';
import { defaultPackPolicy } from '../policies.ts';
import { kristalV3Profile, profileDigest } from '../profile.ts';
import type { ResolvedClaim, ResolvedClaimIr } from '../resolved.ts';
import type { ResolutionRun, ResolvedBatch } from '../resolved-batch.ts';
import { indexText } from '../snapshot-text.ts';
import { type Judged, joinDocuments, type ValidationFacts } from './facts.ts';

const text = 'Ada Byron was born in London in 1815. London has 8900000 people. Zoé 𝔘 died in 1852.';
const zero = digestOf('nothing');
const artifact = (kind: string) => ({
  kind,
  ref: digestOf(kind) as `sha256:${string}`,
  media_type: 'application/jsonl',
  size: 1,
});

const entity = (id: string, label: string, types: string[], aliases: string[] = []): GazetteerEntity => ({
  id,
  labels: { en: label },
  aliases: aliases.length > 0 ? { en: aliases } : {},
  types,
  popularity_bp: 5000,
  description: '',
  related: [],
});
const property = (id: string, label: string, more: Partial<GazetteerProperty>): GazetteerProperty => ({
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

export const entities: GazetteerEntity[] = [
  entity('Q7259', 'Ada Byron', ['Q5'], ['Countess']),
  entity('Q84', 'London', ['Q515']),
  entity('Q92561', 'London, Ontario', ['Q515'], ['London', 'Forest City']),
  entity('Q28513', 'Springfield', ['Q515']),
  entity('Q28515', 'Springfield', ['Q515']),
  entity('Q11573', 'metre', ['Q47574']),
];
export const properties: GazetteerProperty[] = [
  property('P19', 'born in', { subject_types: ['Q5'], value_types: ['Q515'], single_value: true }),
  property('P569', 'born', { datatype: 'time', single_value: true }),
  property('P570', 'died', { datatype: 'time', single_value: true }),
  property('P1082', 'population', { datatype: 'quantity' }),
  property('P2048', 'height', { datatype: 'quantity', allowed_units: ['Q11573'] }),
  property('P856', 'website', { datatype: 'url' }),
  property('P625', 'coordinates', { datatype: 'coord' }),
  property('P26', 'spouse', {}),
];

export const claimIdOf = (n: number): string => `c:${n.toString(16).padStart(32, '0')}`;

/** What a claim of the fixture says; evidence quotes the snapshot unless the test says otherwise. */
export type Said = Pick<Claim, 'object'> & { pid: string; range?: [number, number]; evidence?: Claim['evidence'] };

/** A Claim-IR claim and its resolution that agree with each other and with the gazetteer. */
function claimPair(n: number, { pid, object, range = [0, 37], evidence }: Said): [Claim, ResolvedClaim] {
  const surface = properties.find((p) => p.id === pid)?.labels.en as string;
  const quoted = evidence ?? [
    {
      source: { source_id: 'ada' },
      quote: [...text].slice(...range).join(''),
      offsets: { start_char: range[0], end_char: range[1] },
    },
  ];
  const shared = { claim_id: claimIdOf(n), evidence: quoted, uncertainty: { confidence: 0.9 } };
  const predicate = {
    status: 'resolved' as const,
    surface,
    pid,
    candidates: [{ id: pid, score: 1 }],
    decision: { method: 'exact_match' as const, chosen_candidate_index: 0 },
  };
  return [
    { ...shared, predicate: { surface }, object },
    { ...shared, predicate, object: object.kind === 'item' ? { kind: 'item', value: resolvedEntity('Q84') } : object },
  ];
}

/** A mention that was resolved by its label. */
export function resolvedEntity(qid: string) {
  return {
    status: 'resolved' as const,
    surface: entities.find((e) => e.id === qid)?.labels.en as string,
    qid,
    candidates: [{ id: qid, score: 0.9 }],
    decision: { method: 'exact_match' as const, chosen_candidate_index: 0 },
  };
}

/** The documents of a test: both sides of each line, to be changed before they are bound together. */
export type Case = {
  claimIr: ClaimIr[];
  resolved: ResolvedClaimIr[];
  context: PinnedContext;
  run: ResolutionRun;
  hints: ValidationFacts['hints'];
};

const born: Said = { pid: 'P19', object: { kind: 'item', value: { surface: 'London' } } };
const year: Said = { pid: 'P569', object: { kind: 'time', value: { iso8601: '1815-01-01', precision: 'year' } } };

/** A clean case about Ada Byron: one document unless more are asked for. */
export function cleanCase(profile: ValidationProfile = 'strict', documents: Said[][] = [[born, year]]): Case {
  let n = 0;
  const pairs = documents.map((said) => said.map((s) => claimPair(++n, s)));
  const made: Case = {
    claimIr: pairs.map((pair, i) => ({
      schema_version: '3.0',
      document: { source_id: 'ada', doc_id: `ada-${i}.md` },
      subject: { surface: 'Ada Byron' },
      claims: pair.map(([claim]) => claim),
    })),
    resolved: pairs.map((pair) => ({
      schema_version: '3.0',
      input: { claim_ir_ref: {}, claim_ir_hash: { alg: 'sha256', value: '' } },
      resolution: { run_id: 'r', created_at: '2026-01-01T00:00:00Z', resolver: { name: 'r', version: '1' } },
      subject: resolvedEntity('Q7259'),
      claims: pair.map(([, claim]) => claim),
    })),
    context: contextOf(profile),
    run: {
      kind: 'resolution-run',
      run_version: '1',
      run_id: 'r',
      as_of: '2026-01-01T00:00:00Z',
      resolver: { name: 'r', version: '1' },
      claim_ir_batch_ref: zero,
      resources: { entities: digestOf('gazetteer-entities'), properties: digestOf('gazetteer-properties') },
      hints_used: false,
      hint_refs: [],
      policies: {
        candidate_top_k: { entity: 3, property: 2 },
        tie_breakers: [],
        normalization_ruleset_id: fingerprintRuleset,
        scoring_ruleset_id: 'score@1+ladder@1',
        thresholds_bp: { resolved_min_bp: 8500, gap_min_bp: 500 },
      },
      summary: {},
      diagnostics: [],
    },
    hints: [],
  };
  // The two sides share no object, so that a plant in one leaves the other alone.
  return JSON.parse(JSON.stringify(made)) as Case;
}

function contextOf(profile: ValidationProfile): PinnedContext {
  const body = {
    kind: 'pinned-context' as const,
    context_version: '1' as const,
    mandate: { ref: zero, bundle_id: 'mandate:x', mandate_id: 'x' },
    build_request_ref: zero,
    pipeline: { ref: zero, pipeline_id: 'kristal', version: '1.0.0' },
    contract_profile: kristalV3Profile,
    contract_profile_ref: profileDigest(kristalV3Profile),
    governance: [],
    ingest: { on_poison: 'stop' as const, access_class: 'public' as const },
    resolution: {
      ruleset_id: 'ladder@1',
      resolved_min_bp: 8500,
      gap_min_bp: 500,
      unresolved_below_bp: 4000,
      popularity_high_bp: 9000,
      context_low_bp: 2000,
      top_k_entity: 3,
      top_k_property: 2,
    },
    validation: { profile, profile_version: '1', allow_partial: false, confidence_min_bp: 5000, max_issues: 50 },
    pack: defaultPackPolicy,
    resources: { entities: artifact('gazetteer-entities'), properties: artifact('gazetteer-properties') },
    tools: {},
    canonicalization: { profile: 'kristal.v3:jcs-rfc8785', version: '1' },
  };
  return { ...body, pinned_context_hash: pinnedContextHash(body) };
}

const judged = <T>(value: T): Judged<T> => ({
  ref: digestOf(value),
  raw: value as never,
  value,
  problem: undefined,
});

/** Binds a case: every reference, hash and member is derived from the documents as they now are. */
export function factsOf({ claimIr, resolved, context, run, hints }: Case): ValidationFacts {
  const claimLines = { ref: digestOf(claimIr), lines: claimIr.map(judged), problem: undefined };
  const bound = resolved.map((doc, i) => {
    const value = claimLines.lines[i]?.ref.slice('sha256:'.length) ?? '0'.repeat(64);
    return { ...doc, input: { ...doc.input, claim_ir_hash: { alg: 'sha256' as const, value } } };
  });
  const resolvedLines = { ref: digestOf(bound), lines: bound.map(judged), problem: undefined };
  const snapshots = {
    kind: 'snapshot-set' as const,
    set_version: '1' as const,
    build_request_ref: zero,
    pinned_context_hash: context.pinned_context_hash,
    snapshots: [],
    excluded: [],
  };
  const tool = { name: 't', version: '1' };
  const claimBatch = judged<ClaimIrBatch>({
    kind: 'claim-ir-batch',
    batch_version: '1',
    offset_unit: 'unicode-code-point',
    data_ref: claimLines.ref,
    snapshot_set_ref: digestOf(snapshots),
    extractor: tool,
    config_ref: zero,
    members: claimLines.lines.map(({ ref }, i) => ({ ref, doc_id: `ada-${i}.md`, line: i + 1 })),
  });
  const boundRun = judged({ ...run, claim_ir_batch_ref: claimBatch.ref });
  const resolvedBatch = judged<ResolvedBatch>({
    kind: 'resolved-batch',
    batch_version: '1',
    data_ref: resolvedLines.ref,
    claim_ir_batch_ref: claimBatch.ref,
    resolution_run_ref: boundRun.ref,
    resolver: tool,
    members: resolvedLines.lines.map(({ ref }, i) => ({
      ref,
      claim_ir_ref: claimLines.lines[i]?.ref ?? zero,
      doc_id: `ada-${i}.md`,
      line: i + 1,
    })),
  });
  return {
    context: { ref: digestOf(context), value: context },
    snapshots: { ref: digestOf(snapshots), value: snapshots },
    claimBatch,
    claimLines,
    resolvedBatch,
    resolvedLines,
    run: boundRun,
    contents: new Map([
      ['ada', { text: indexText(text), json: undefined }],
      ['json', { text: indexText('{"a":{"b":1}}'), json: { a: { b: 1 } } }],
    ]),
    entities: new Map(entities.map((e) => [e.id, e])),
    properties: new Map(properties.map((p) => [p.id, p])),
    hints,
    documents: joinDocuments(claimLines, resolvedLines),
  };
}
