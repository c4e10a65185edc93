import type { ClaimIrBatch, PassedOver } from '../claim-ir-batch.ts';
import { type Case, claimIdOf, cleanCase, resolvedEntity, type Said } from './facts.fixture.ts';
import type { ValidationFacts } from './facts.ts';

export const time = (iso8601: string, precision: 'day' | 'year' = 'day') => ({
  kind: 'time' as const,
  value: { iso8601, precision },
});
export const item = (surface: string) => ({ kind: 'item' as const, value: { surface } });
export const said = (...list: Said[]): Said[][] => [list];
// biome-ignore lint/suspicious/noExplicitAny: a plant reaches into any document
export type Plant = (c: any) => void;

/** A case with something wrong planted into it before its parts are bound together. */
export function planted(
  plant: Plant,
  profile: 'strict' | 'grounded' | 'exploratory' = 'strict',
  said?: Said[][],
): Case {
  const made = said ? cleanCase(profile, said) : cleanCase(profile);
  plant(made);
  return made;
}

/** Each rule with the smallest thing that must make it, and it alone, speak. */
export const plants: [code: string, plant: Plant, said?: Said[][]][] = [
  [
    'RESOLUTION_INVENTED_CLAIM',
    (c) => c.resolved[0].claims.push({ ...c.resolved[0].claims[1], claim_id: claimIdOf(99) }),
  ],
  [
    'RESOLUTION_INVENTED_CLAIM',
    (c) => (c.resolved[0].claims[1].object.value = { iso8601: '1816-01-01', precision: 'year' }),
  ],
  ['RESOLUTION_INVENTED_CLAIM', (c) => (c.resolved[0].claims[1].uncertainty = { confidence: 0.99 })],
  ['RESOLUTION_INVENTED_CLAIM', (c) => (c.claimIr[0].claims[0].predicate.surface = 'died in')],
  ['RESOLUTION_DROPPED_CLAIM', (c) => c.resolved[0].claims.pop()],
  [
    'RESOLUTION_DROPPED_CLAIM',
    (c) => (c.claimIr[0].claims[1].alternatives = [{ ...c.claimIr[0].claims[1], claim_id: claimIdOf(7) }]),
  ],
  [
    'CLAIM_ID_DUPLICATE',
    (c) => {
      c.claimIr[0].claims.push(c.claimIr[0].claims[1]);
      c.resolved[0].claims.push(c.resolved[0].claims[1]);
    },
  ],
  [
    'EVIDENCE_MISSING',
    (c) => {
      delete c.claimIr[0].claims[0].evidence;
      delete c.resolved[0].claims[0].evidence;
    },
  ],
  ['EVIDENCE_POINTER_INVALID', () => {}, said({ pid: 'P569', object: time('1815-01-01'), range: [5, 500] })],
  ['EVIDENCE_POINTER_INVALID', () => {}, said({ pid: 'P569', object: time('1815-01-01'), range: [5, 5] })],
  [
    'EVIDENCE_POINTER_INVALID',
    () => {},
    said({ pid: 'P569', object: time('1815-01-01'), evidence: [{ source: { source_id: 'elsewhere' } }] }),
  ],
  [
    'EVIDENCE_POINTER_INVALID',
    (c) => delete c.resolved[0].claims[0].evidence[0].selector,
    said({
      pid: 'P569',
      object: time('1815-01-01'),
      evidence: [{ source: { source_id: 'json' }, selector: { kind: 'json_pointer', value: '/a/c' } }],
    }),
  ],
  ['EVIDENCE_POINTER_INVALID', (c) => (c.resolved[0].claims[0].evidence = [{ source: { source_id: 'json' } }])],
  [
    'EVIDENCE_QUOTE_MISMATCH',
    () => {},
    said({
      pid: 'P569',
      object: time('1815-01-01'),
      evidence: [{ source: { source_id: 'ada' }, quote: 'Ada Lovelace', offsets: { start_char: 0, end_char: 9 } }],
    }),
  ],
  [
    'EVIDENCE_QUOTE_MISMATCH',
    (c) => delete c.resolved[0].claims[0].evidence[0].selector,
    said({
      pid: 'P569',
      object: time('1815-01-01'),
      evidence: [{ source: { source_id: 'json' }, quote: '2', selector: { kind: 'json_pointer', value: '/a/b' } }],
    }),
  ],
  [
    'UNCERTAINTY_MISSING',
    (c) => {
      delete c.claimIr[0].claims[0].uncertainty;
      delete c.resolved[0].claims[0].uncertainty;
    },
  ],
  [
    'CONFIDENCE_BELOW_MIN',
    (c) => {
      c.claimIr[0].claims[0].uncertainty = { confidence: 0.4999 };
      c.resolved[0].claims[0].uncertainty = { confidence: 0.4999 };
    },
  ],
  ['ENTITY_UNRESOLVED', (c) => (c.resolved[0].claims[0].object.value = { status: 'unresolved', surface: 'London' })],
  ['ENTITY_UNRESOLVED', (c) => (c.resolved[0].claims[0].object.value = { status: 'failed', surface: 'London' })],
  [
    'ENTITY_AMBIGUOUS',
    (c) =>
      (c.resolved[0].subject = {
        status: 'ambiguous',
        surface: 'Ada Byron',
        candidates: [{ id: 'Q7259', score: 0.5 }],
      }),
  ],
  ['PROPERTY_UNRESOLVED', (c) => (c.resolved[0].claims[0].predicate = { status: 'unresolved', surface: 'born in' })],
  [
    'PROPERTY_AMBIGUOUS',
    (c) =>
      (c.resolved[0].claims[0].predicate = {
        status: 'ambiguous',
        surface: 'born in',
        candidates: [{ id: 'P19', score: 0.5 }],
      }),
  ],
  ['ENTITY_ID_UNKNOWN', (c) => c.resolved[0].subject.candidates.push({ id: 'Q999999', score: 0.1 })],
  ['CANDIDATE_ORDER_INVALID', (c) => c.resolved[0].subject.candidates.push({ id: 'Q84', score: 0.95 })],
  ['CANDIDATE_ORDER_INVALID', (c) => c.resolved[0].subject.candidates.push({ id: 'Q84', score: 0.9 })],
  [
    'CANDIDATE_ORDER_INVALID',
    (c) =>
      c.resolved[0].subject.candidates.push(
        ...['Q84', 'Q28513', 'Q28515'].map((id, i) => ({ id, score: 0.3 - i / 10 })),
      ),
  ],
  ['RESOLUTION_MARGIN_VIOLATION', (c) => (c.resolved[0].subject.candidates = [{ id: 'Q84', score: 0.9 }])],
  ['RESOLUTION_MARGIN_VIOLATION', (c) => (c.resolved[0].subject.decision.method = 'judge')],
  ['RESOLUTION_MARGIN_VIOLATION', (c) => (c.resolved[0].subject.decision.method = 'human')],
  ['RESOLUTION_MARGIN_VIOLATION', (c) => (c.resolved[0].subject.decision.method = 'alias_match')],
  [
    'RESOLUTION_MARGIN_VIOLATION',
    (c) =>
      (c.resolved[0].subject = {
        ...resolvedEntity('Q7259'),
        candidates: [{ id: 'Q7259', score: 0.8499 }],
        decision: {},
      }),
  ],
  [
    'RESOLUTION_MARGIN_VIOLATION',
    (c) => {
      const candidates = [
        { id: 'Q7259', score: 0.9 },
        { id: 'Q84', score: 0.8501 },
      ];
      c.resolved[0].subject = { ...resolvedEntity('Q7259'), candidates, decision: {} };
    },
  ],
  [
    'RESOLUTION_MARGIN_VIOLATION',
    (c) => (c.resolved[0].claims[0].object.value = resolvedEntity('Q28513')),
    said({ pid: 'P19', object: item('Springfield') }),
  ],
  ['DOCUMENT_WITHOUT_CLAIMS', (c) => (c.resolved[0].subject = { status: 'unresolved', surface: 'About maps' }), said()],
  ['VALUE_TYPE_MISMATCH', () => {}, said({ pid: 'P569', object: { kind: 'string', value: 'in 1815' } })],
  [
    'VALUE_CLASS_MISMATCH',
    (c) => {
      c.claimIr[0].claims[0].object.value.candidates = [{ id: 'Q11573', score: 1 }];
      c.resolved[0].claims[0].object.value = resolvedEntity('Q11573');
    },
    said({ pid: 'P19', object: item('metre') }),
  ],
  [
    'SUBJECT_CLASS_MISMATCH',
    (c) => {
      c.claimIr[0].subject.surface = 'Springfield';
      c.claimIr[0].subject.candidates = [{ id: 'Q28513', score: 1 }];
      c.resolved[0].subject = resolvedEntity('Q28513');
    },
  ],
  ['VALUE_INVALID', () => {}, said({ pid: 'P569', object: time('1815-02-29') })],
  ['VALUE_INVALID', () => {}, said({ pid: 'P569', object: time('1815-12-10T25:00:00Z') })],
  [
    'VALUE_INVALID',
    () => {},
    said({ pid: 'P2048', object: { kind: 'quantity', value: { amount: 3, unit_qid: 'Q84' } } }),
  ],
  [
    'VALUE_INVALID',
    () => {},
    said({ pid: 'P1082', object: { kind: 'quantity', value: { amount: 3, lower_bound: 4 } } }),
  ],
  ['VALUE_INVALID', () => {}, said({ pid: 'P856', object: { kind: 'url', value: 'nowhere' } })],
  [
    'VALUE_NORMALIZATION_LOSSY',
    (c) => (c.claimIr[0].warnings = [{ code: 'VALUE_NORMALIZATION_NEEDED', message: 'x' }]),
  ],
  [
    'VALUE_NORMALIZATION_LOSSY',
    (c) => (c.resolved[0].claims[1].object.normalized = { notes: 'lossy: seconds dropped' }),
  ],
  [
    'CHRONOLOGY_CONFLICT',
    () => {},
    said({ pid: 'P569', object: time('1815-12-10') }, { pid: 'P570', object: time('1814-01-01', 'year') }),
  ],
  [
    'SINGLE_VALUE_CONFLICT',
    () => {},
    [[{ pid: 'P569', object: time('1815-12-10') }], [{ pid: 'P569', object: time('1816-01-01', 'year') }]],
  ],
  [
    'SELF_REFERENCE',
    (c) => (c.resolved[0].claims[0].object.value = resolvedEntity('Q7259')),
    said({ pid: 'P26', object: item('Ada Byron') }),
  ],
  ['POLICY_NON_PORTABLE', (c) => (c.context.pack = { ...c.context.pack, ordering: 'POS' })],
  ['RESOURCE_PIN_MISMATCH', (c) => (c.run.resources.entities = c.run.resources.properties)],
  ['RESOURCE_PIN_MISMATCH', (c) => (c.run.policies.thresholds_bp.resolved_min_bp = 100)],
  ['RESOURCE_PIN_MISMATCH', (c) => (c.run.policies.scoring_ruleset_id = 'score@1+ladder@0')],
  ['RESOURCE_PIN_MISMATCH', (c) => (c.run.hint_refs = [c.run.resources.entities])],
  ['RESOURCE_PIN_MISMATCH', (c) => (c.context.tools = { resolve: { name: 'other', version: '1' } })],
  [
    'VALIDATION_LIMIT_EXCEEDED',
    (c) =>
      (c.context.contract_profile = {
        ...c.context.contract_profile,
        limits: { ...c.context.contract_profile.limits, max_claims: 1 },
      }),
  ],
];

/** A batch whose extractor says that it passed something over. */
export const passingOver = (facts: ValidationFacts, ...passed_over: PassedOver[]): ValidationFacts => ({
  ...facts,
  claimBatch: { ...facts.claimBatch, value: { ...(facts.claimBatch.value as ClaimIrBatch), passed_over } },
});

/** Things that can only be wrong after everything was bound together. */
export const tampers: [code: string, tamper: (facts: ValidationFacts) => ValidationFacts][] = [
  ['INPUT_REF_MISMATCH', (f) => ({ ...f, claimLines: { ...f.claimLines, ref: f.run.ref } })],
  ['INPUT_REF_MISMATCH', (f) => ({ ...f, snapshots: { ...f.snapshots, ref: f.run.ref } })],
  [
    'INPUT_REF_MISMATCH',
    (f) => ({
      ...f,
      claimLines: { ...f.claimLines, lines: f.claimLines.lines.map((l) => ({ ...l, ref: f.run.ref })) },
    }),
  ],
  ['INPUT_REF_MISMATCH', (f) => ({ ...f, claimBatch: { ...f.claimBatch, ref: f.run.ref } })],
  [
    'TABLE_ROW_MALFORMED',
    (f) => passingOver(f, { code: 'TABLE_ROW_MALFORMED', doc_id: 'a.csv', source_id: 'ada', count: 3 }),
  ],
  [
    'SOURCE_PASSED_OVER',
    (f) => passingOver(f, { code: 'TABLE_MAPPING_MISSING', doc_id: 'a.csv', source_id: 'ada', count: 1 }),
  ],
  [
    'SCHEMA_INVALID',
    (f) => ({ ...f, run: { ...f.run, value: undefined, problem: { path: '/run_id', message: 'invalid_type' } } }),
  ],
  [
    'SCHEMA_INVALID',
    (f) => ({ ...f, claimLines: { ...f.claimLines, problem: { path: 'line 1', message: 'JSON_MALFORMED' } } }),
  ],
];
