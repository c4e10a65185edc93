import { nativeAlone } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { officialSchemas } from '@orgo/kristal';
import { describe, expect, test } from 'vitest';
import type { ArtifactFact, SchemaSet } from './facts.ts';
import {
  admitInput,
  build_id,
  declaredOutputs,
  fact,
  pipelineOf,
  policy,
  replyInput,
  step,
  tenant_id,
} from './gate.fixture.ts';
import { initialGate } from './state.ts';

const fresh = initialGate({ tenant_id, id: build_id });
const kristal = pipelineOf('kristal');
const set: SchemaSet = { set_id: digestOf('set'), kinds: Object.keys(officialSchemas).sort() };
const other: SchemaSet = { ...set, set_id: digestOf('other') };

describe('a mandate that demands official schemas', () => {
  const demand = (set_id: string | null, more = {}) =>
    policy({ rules: [{ type: 'official_schemas', channels: null, set_id }], ...more });
  const admitted = (held: SchemaSet | null, ...policies: ReturnType<typeof policy>[]) =>
    step(fresh, admitInput(kristal, { policies, facts: { schemas: held } })).decision;

  test.each<[string, SchemaSet | null, ReturnType<typeof policy>, string[]]>([
    ['has them', set, demand(null), []],
    ['has those that it names', set, demand(set.set_id), []],
    ['has none', null, demand(null), ['SCHEMA_SET_MISSING']],
    ['has others', other, demand(set.set_id), ['SCHEMA_SET_MISMATCH']],
    ['has them, and it names none in a way that nobody can', set, demand(''), ['SCHEMA_SET_MISMATCH']],
    ['lacks one for a kind', { ...set, kinds: set.kinds.slice(1) }, demand(null), ['SCHEMA_SET_MISSING']],
    ['has none, and it only should', null, demand(null, { enforcement: 'SHOULD' }), []],
    ['has none, and it is not in force', null, demand(null, { effective_to: '2026-01-01T00:00:00.000Z' }), []],
  ])('where the gatekeeper %s', (_, held, rule, codes) => {
    expect(admitted(held, policy(), rule)).toMatchObject({
      verdict: codes.length === 0 ? 'PASS' : 'FAIL',
      reason_codes: codes,
    });
  });

  test('or does not: the admission says what the build is judged by', () => {
    expect(admitted(null, policy())?.detail.schemas).toEqual(nativeAlone);
    expect(admitted(set, policy())?.detail.schemas).toEqual({ source: 'official', ...set });
  });
});

describe('outputs of a build that was admitted', () => {
  const outputs = (more: Partial<ArtifactFact>) => declaredOutputs(kristal, 'pin').map((ref) => fact(ref, more));
  const differs = outputs({ official: { code: 'SCHEMA_OFFICIAL_MISMATCH', detail: '/ required: x' } });
  const judged = (admitted: SchemaSet | null, schemas: SchemaSet | null, given: ArtifactFact[]) => {
    const { state } = step(fresh, admitInput(kristal, { facts: { schemas: admitted } }));
    const { decision, send } = step(state, replyInput(state, { stage: 'pin', outputs: given, schemas }));
    return { codes: decision?.reason_codes, report: send?.report?.text };
  };

  test.each<[string, SchemaSet | null, SchemaSet | null, ArtifactFact[], string[]]>([
    ['under official schemas pass where they match', set, set, outputs({}), []],
    ['under official schemas fail where they do not', set, set, differs, ['SCHEMA_OFFICIAL_MISMATCH']],
    ['under official schemas fail where the gatekeeper has others now', set, other, differs, ['SCHEMA_SET_MISMATCH']],
    ['under official schemas fail where it has none now', set, null, outputs({}), ['SCHEMA_SET_MISSING']],
    ['without are judged without, also where it has some now', null, set, differs, []],
  ])('%s', (_, admitted, held, given, codes) => {
    expect(judged(admitted, held, given).codes).toEqual(codes);
  });

  test('are reported as checked against them, or not', () => {
    expect(judged(set, set, outputs({})).report).toContain('"check":"official schemas"');
    expect(judged(null, set, outputs({})).report).not.toContain('official schemas');
  });
});
