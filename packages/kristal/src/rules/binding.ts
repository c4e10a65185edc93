import { fingerprintRuleset } from '../gazetteer-text.ts';
import { policyProblems } from '../policies.ts';
import type { ValidationFacts } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

type Pair = [pointer: string, what: string, declared: string | undefined, actual: string | undefined];

const differing = function* (pairs: Iterable<Pair>): Generator<Finding> {
  for (const [json_pointer, what, declared, actual] of pairs) {
    if (declared === actual) continue;
    yield { location: { json_pointer }, details: { what, declared: declared ?? null, actual: actual ?? null } };
  }
};

function* referencePairs(facts: ValidationFacts): Generator<Pair> {
  const { claimBatch, resolvedBatch, claimLines, resolvedLines } = facts;
  if (claimBatch.value) {
    yield ['/claim_ir_batch/data_ref', 'claim-ir-lines', claimBatch.value.data_ref, claimLines.ref];
    yield ['/claim_ir_batch/snapshot_set_ref', 'snapshot-set', claimBatch.value.snapshot_set_ref, facts.snapshots.ref];
  }
  if (resolvedBatch.value) {
    yield ['/resolved_batch/data_ref', 'resolved-lines', resolvedBatch.value.data_ref, resolvedLines.ref];
    yield [
      '/resolved_batch/claim_ir_batch_ref',
      'claim-ir-batch',
      resolvedBatch.value.claim_ir_batch_ref,
      claimBatch.ref,
    ];
    yield [
      '/resolved_batch/resolution_run_ref',
      'resolution-run',
      resolvedBatch.value.resolution_run_ref,
      facts.run.ref,
    ];
  }
  if (facts.run.value) {
    yield ['/resolution_run/claim_ir_batch_ref', 'claim-ir-batch', facts.run.value.claim_ir_batch_ref, claimBatch.ref];
  }
  yield* memberPairs(facts);
}

function* memberPairs(facts: ValidationFacts): Generator<Pair> {
  const claims = { members: facts.claimBatch.value?.members ?? [], lines: facts.claimLines.lines };
  const resolved = { members: facts.resolvedBatch.value?.members ?? [], lines: facts.resolvedLines.lines };
  for (let i = 0; i < Math.max(claims.members.length, claims.lines.length); i++) {
    yield [`/claim_ir_batch/members/${i}`, 'claim-ir', claims.members[i]?.ref, claims.lines[i]?.ref];
  }
  for (let i = 0; i < Math.max(resolved.members.length, resolved.lines.length, claims.lines.length); i++) {
    yield [`/resolved_batch/members/${i}`, 'resolved', resolved.members[i]?.ref, resolved.lines[i]?.ref];
    yield [`/resolved_batch/members/${i}`, 'claim-ir', resolved.members[i]?.claim_ir_ref, claims.lines[i]?.ref];
    const line = resolved.lines[i]?.value;
    const declared = line && `sha256:${line.input.claim_ir_hash.value.toLowerCase()}`;
    if (line) yield [`/resolved/${i}/input/claim_ir_hash`, 'claim-ir', declared, claims.lines[i]?.ref];
  }
}

const inputRefMismatch: Rule = {
  code: 'KRS_V3_INPUT_REF_MISMATCH',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'A declared reference differs from the digest recomputed from the content.',
  check: (facts) => differing(referencePairs(facts)),
};

function* pinPairs({
  context: { value: context },
  run,
  snapshots,
  claimBatch,
  resolvedBatch,
}: ValidationFacts): Generator<Pair> {
  const { resources, resolution, tools } = context;
  yield [
    '/snapshot_set/pinned_context_hash',
    'pinned-context',
    snapshots.value.pinned_context_hash,
    context.pinned_context_hash,
  ];
  const tool = (t?: { name: string; version: string }) => t && `${t.name}@${t.version}`;
  if (tools.extract && claimBatch.value) {
    yield ['/claim_ir_batch/extractor', 'extractor', tool(claimBatch.value.extractor), tool(tools.extract)];
  }
  if (tools.resolve && resolvedBatch.value) {
    yield ['/resolved_batch/resolver', 'resolver', tool(resolvedBatch.value.resolver), tool(tools.resolve)];
  }
  if (!run.value) return;
  const used = run.value;
  const at = '/resolution_run';
  yield [`${at}/resources/entities`, 'gazetteer-entities', used.resources.entities, resources.entities.ref];
  yield [`${at}/resources/properties`, 'gazetteer-properties', used.resources.properties, resources.properties.ref];
  yield [`${at}/hint_refs`, 'resolution-hints', used.hint_refs.join(' '), resources.hints?.ref ?? ''];
  const ladder = used.policies.scoring_ruleset_id.split('+').at(-1);
  yield [`${at}/policies/scoring_ruleset_id`, 'ruleset', ladder, resolution.ruleset_id];
  yield [
    `${at}/policies/normalization_ruleset_id`,
    'ruleset',
    used.policies.normalization_ruleset_id,
    fingerprintRuleset,
  ];
  const { candidate_top_k, thresholds_bp } = used.policies;
  yield [
    `${at}/policies/candidate_top_k/entity`,
    'top_k_entity',
    `${candidate_top_k.entity}`,
    `${resolution.top_k_entity}`,
  ];
  yield [
    `${at}/policies/candidate_top_k/property`,
    'top_k_property',
    `${candidate_top_k.property}`,
    `${resolution.top_k_property}`,
  ];
  for (const [name, value] of Object.entries(thresholds_bp)) {
    const pinned = (resolution as Record<string, unknown>)[name];
    yield [`${at}/policies/thresholds_bp/${name}`, name, `${value}`, pinned === undefined ? undefined : `${pinned}`];
  }
}

const resourcePinMismatch: Rule = {
  code: 'KRS_V3_RESOURCE_PIN_MISMATCH',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'A resource, ruleset or tool that was used differs from the one the build pins.',
  check: (facts) => differing(pinPairs(facts)),
};

const policyNonPortable: Rule = {
  code: 'KRS_V3_POLICY_NON_PORTABLE',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'The pinned pack policy cannot be written in every Kristal vocabulary, or cannot be compiled.',
  *check({ context }): Generator<Finding> {
    for (const { part, value, why } of policyProblems(context.value.pack)) {
      yield { location: { json_pointer: `/pinned_context/pack/${part}` }, details: { value, why } };
    }
  },
};

/** What the artifacts say of each other and of the build's pins, against what they are. */
export const bindingRules: readonly Rule[] = [inputRefMismatch, resourcePinMismatch, policyNonPortable];
