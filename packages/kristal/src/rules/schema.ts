import type { JsonValue } from '@orgo/core';
import type { Judged, JudgedLines, ValidationFacts } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

function* named(facts: ValidationFacts): Generator<[pointer: string, judged: Judged<unknown>]> {
  yield ['/claim_ir_batch', facts.claimBatch];
  yield ['/resolved_batch', facts.resolvedBatch];
  yield ['/resolution_run', facts.run];
  yield* lines('/claim_ir', facts.claimLines);
  yield* lines('/resolved', facts.resolvedLines);
}

function* lines(pointer: string, judged: JudgedLines<unknown>): Generator<[string, Judged<unknown>]> {
  for (const [i, line] of judged.lines.entries()) yield [`${pointer}/${i}`, line];
}

/** A line that has another `schema_version`; batches and run records have none. */
function foreignVersion(raw: JsonValue): string | undefined {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw) || !('schema_version' in raw)) return undefined;
  return raw.schema_version === '3.0' ? undefined : String(raw.schema_version);
}

const schemaInvalid: Rule = {
  code: 'KRS_V3_SCHEMA_INVALID',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'The document does not match the pinned contract.',
  *check(facts): Generator<Finding> {
    for (const [pointer, { raw, problem }] of named(facts)) {
      if (problem && foreignVersion(raw) === undefined) {
        yield { location: { json_pointer: pointer }, details: { path: problem.path, reason: problem.message } };
      }
    }
    for (const [pointer, { problem }] of [
      ['/claim_ir', facts.claimLines],
      ['/resolved', facts.resolvedLines],
    ] as const) {
      if (problem)
        yield { location: { json_pointer: pointer }, details: { path: problem.path, reason: problem.message } };
    }
  },
};

const versionUnsupported: Rule = {
  code: 'KRS_V3_SCHEMA_VERSION_UNSUPPORTED',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'The document has a schema version that the pinned contract does not know.',
  *check(facts): Generator<Finding> {
    for (const [pointer, { raw }] of named(facts)) {
      const version = foreignVersion(raw);
      if (version !== undefined)
        yield { location: { json_pointer: pointer }, details: { schema_version: version.slice(0, 32) } };
    }
  },
};

/** Documents against the pinned contract. */
export const schemaRules: readonly Rule[] = [schemaInvalid, versionUnsupported];
