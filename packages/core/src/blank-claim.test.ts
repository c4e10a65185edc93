import { claimSchema, type GateClaim } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { blankClaim } from './blank-claim.ts';
import { digestOf, digestOfNothing } from './digest.ts';

const asked = {
  claim: 'CANCEL',
  tenant_id: 'acme',
  build_id: 'bld_0198c0de-0000-7000-8000-000000000001',
  idem_key: digestOf('key'),
  as_of: '2026-11-20T12:00:00.000Z',
  actor: 'ann@example.org',
} satisfies Partial<GateClaim>;

it('is a claim that says nothing but what is asked', () => {
  const blank = blankClaim(asked);
  expect(claimSchema.parse(blank)).toEqual(blank);
  expect(blank).toMatchObject({ ...asked, stage: null, pipeline_ref: digestOfNothing, mandate_ref: digestOfNothing });
  expect(blankClaim({ ...asked, attempt: 2 })).toEqual({ ...blank, attempt: 2 });
  expect(blankClaim(asked).inputs).not.toBe(blank.inputs);
});
