import { authorizationSchema, decisionSchema, type GateDecision } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { authorizationOf, blankDecision } from './blank-decision.ts';
import { digestOf, digestOfNothing } from './digest.ts';

const about = {
  kind: 'CANCEL',
  tenant_id: 'acme',
  build_id: 'bld_0198c0de-0000-7000-8000-000000000001',
  actor: 'ann@example.org',
  at: '2026-11-20T12:00:00.000Z',
} satisfies Partial<GateDecision>;

it('is a decision that says nothing but what it is about', () => {
  const blank = blankDecision(about);
  expect(decisionSchema.parse(blank)).toEqual(blank);
  expect(blank).toMatchObject({
    ...about,
    verdict: 'NOTED',
    final: false,
    as_of: about.at,
    mandate_ref: digestOfNothing,
  });
  expect(blankDecision({ ...about, verdict: 'PASS', as_of: '2026-01-01T00:00:00.000Z' })).toEqual({
    ...blank,
    verdict: 'PASS',
    as_of: '2026-01-01T00:00:00.000Z',
  });
});

it('shares no list with another', () => {
  expect(blankDecision(about).authorizations).not.toBe(blankDecision(about).authorizations);
});

it('gives an authorization under its own pins, which names the newest 64 decisions, each once', () => {
  const decision = blankDecision({ ...about, root_version: 3, pipeline_ref: digestOf('pipeline') });
  const decisions = Array.from({ length: 70 }, (_, n) => digestOf(n));
  const authorization = authorizationOf(decision, 'compile', [], [...decisions, digestOf(69)]);
  expect(authorizationSchema.parse(authorization)).toEqual(authorization);
  expect(authorization).toMatchObject({ root_version: 3, pipeline_ref: digestOf('pipeline'), as_of: about.at });
  expect(authorization.rests_on).toEqual(decisions.slice(6));
});
