import { describe, expect, it } from 'vitest';
import { cleanCase, factsOf, resolvedEntity, type Said } from './facts.fixture.ts';
import type { ValidationFacts } from './facts.ts';
import { judge } from './judge.ts';
import { planted, plants, said, tampers, time } from './plants.fixture.ts';
import { validationRules } from './table.ts';

const terms = { asOf: '2026-01-01T00:00:00Z', inputs: [] };
const codesOf = (facts: ValidationFacts) => [...new Set(judge(facts, terms).issues.map((issue) => issue.code))];

describe('validation rules', () => {
  it('pass a clean case under every profile', () => {
    for (const profile of ['strict', 'grounded', 'exploratory'] as const) {
      const report = judge(factsOf(cleanCase(profile)), terms);
      expect(report.issues).toEqual([]);
      expect(report.validation_status).toBe('passed');
    }
  });

  it.each(plants)('KRS_V3_%s speaks, and nothing else does (%#)', (code, plant, what) => {
    expect(codesOf(factsOf(planted(plant, 'strict', what)))).toEqual([`KRS_V3_${code}`]);
  });

  it.each(tampers)('KRS_V3_%s speaks after binding (%#)', (code, tamper) => {
    expect(codesOf(tamper(factsOf(cleanCase())))).toContain(`KRS_V3_${code}`);
  });

  it('name a foreign schema version as such', () => {
    const facts = factsOf(cleanCase());
    const [line] = facts.resolvedLines.lines;
    const foreign = {
      ...line,
      raw: { schema_version: '4.0' },
      value: undefined,
      problem: { path: '/x', message: 'x' },
    };
    const codes = codesOf({
      ...facts,
      resolvedLines: { ...facts.resolvedLines, lines: [foreign as never] },
      documents: [],
    });
    expect(codes).toContain('KRS_V3_SCHEMA_VERSION_UNSUPPORTED');
    expect(codes).not.toContain('KRS_V3_SCHEMA_INVALID');
  });

  it('are each made to speak by some plant', () => {
    const spoken = new Set([...plants, ...tampers].map(([code]) => `KRS_V3_${code}`));
    spoken.add('KRS_V3_SCHEMA_VERSION_UNSUPPORTED');
    expect([...spoken].sort()).toEqual(validationRules.map((rule) => rule.code).sort());
  });

  it('have one code each, of the report’s alphabet', () => {
    const codes = validationRules.map((rule) => rule.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^KRS_V3_[A-Z0-9_]+$/);
  });
});

describe('what is no conflict', () => {
  const clean: [what: string, said: Said[][]][] = [
    [
      'a year and a day of it',
      [[{ pid: 'P569', object: time('1815-01-01', 'year') }], [{ pid: 'P569', object: time('1815-12-10') }]],
    ],
    [
      'death in the year of birth',
      said({ pid: 'P569', object: time('1815-12-10') }, { pid: 'P570', object: time('1815-01-01', 'year') }),
    ],
    [
      'two populations',
      said(
        { pid: 'P1082', object: { kind: 'quantity', value: { amount: 1 } } },
        { pid: 'P1082', object: { kind: 'quantity', value: { amount: 2 } } },
      ),
    ],
    ['29 February of a leap year', said({ pid: 'P569', object: time('1816-02-29') })],
    [
      '29 February 1900 in the Julian calendar',
      said({ pid: 'P569', object: { kind: 'time', value: { iso8601: '1900-02-29', calendar: 'julian' } } }),
    ],
    ['an allowed unit', said({ pid: 'P2048', object: { kind: 'quantity', value: { amount: 2, unit_qid: 'Q11573' } } })],
    ['an astral letter before the quote', said({ pid: 'P569', object: time('1815-12-10'), range: [66, 73] })],
  ];
  it.each(clean)('%s', (_what, list) => {
    expect(codesOf(factsOf(cleanCase('strict', list)))).toEqual([]);
  });

  it('a choice by an alias that nothing else bears, by a pinned hint, or by an id the source states', () => {
    const alias = planted((c) => {
      c.resolved[0].subject = { ...resolvedEntity('Q7259'), surface: 'Countess', decision: { method: 'alias_match' } };
      c.claimIr[0].subject.surface = 'Countess';
    });
    const hint = planted((c) => {
      c.resolved[0].subject.decision = { method: 'human' };
      c.hints = [{ doc_id: 'ada-0.md', surface: 'ADA  BYRON', accepted_id: 'Q7259', reason: 'OTHER' }];
    });
    const stated = planted((c) => {
      c.claimIr[0].claims[0].object.value = { surface: 'Springfield', candidates: [{ id: 'Q28513', score: 1 }] };
      c.resolved[0].claims[0].object.value = resolvedEntity('Q28513');
    });
    for (const made of [alias, hint, stated]) expect(codesOf(factsOf(made))).toEqual([]);
  });
});
