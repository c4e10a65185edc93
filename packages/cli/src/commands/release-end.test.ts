import type { Measurement, ReleaseStatus } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { CliError } from '../cli-error.ts';
import { failUnlessReleased } from './release-end.ts';

const finding: Measurement = {
  name: 'smoke_failures',
  outcome: 'fail',
  value: 2,
  op: 'lte',
  threshold: 0,
  samples: 3,
  at: '2026-11-20T12:00:00.000Z',
};
const ended = (status: string, reason_codes: string[], of: Measurement | null = null): ReleaseStatus =>
  ({ release_id: 'rel_1', status, reason_codes, finding: of }) as unknown as ReleaseStatus;

function said(release: ReleaseStatus): { code: string; message: string } | null {
  try {
    failUnlessReleased(release);
    return null;
  } catch (error) {
    if (error instanceof CliError) return { code: error.code, message: error.message };
    throw error;
  }
}

it('says nothing of a release that came to RELEASED', () => {
  expect(said(ended('RELEASED', []))).toBeNull();
});

it.each([
  ['the code that refused it', ['CHANNEL_NOT_ALLOWED'], 'CHANNEL_NOT_ALLOWED'],
  ['that it did not complete, where no code did', [], 'RELEASE_NOT_COMPLETED'],
  ['that it did not complete, where what failed is no refusal', ['HASH_MISMATCH'], 'RELEASE_NOT_COMPLETED'],
])('says %s', (_, codes, code) => {
  expect(said(ended('FAILED', codes))).toMatchObject({ code, message: expect.stringContaining('rel_1 is FAILED') });
});

it('names metric, value, threshold and samples of an automatic rollback', () => {
  const of = said(ended('ROLLED_BACK', ['ANALYSIS_FAILED'], finding));
  for (const word of ['ROLLED_BACK', 'smoke_failures', '2', '0', '3']) expect(of?.message).toContain(word);
});
