import type { NodeReport } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { noon, report } from '../world.fixture.ts';
import { progressOf } from './progress.ts';
import { type Reported, reportedOf } from './reported.ts';

const { decision, decision_digest } = report('n1', 'active');
const served = reportedOf(decision) as Reported;
const other = 'b'.repeat(64);

type Case = [NodeReport['attempt'], Partial<Reported>, string, string | null];
const cases: Case[] = [
  [{ type: 'ACTIVATE', status: 'SUCCEEDED', reason_code: null }, {}, 'CONFIRMED', null],
  [{ type: 'ACTIVATE', status: 'SUCCEEDED', reason_code: null }, { health: 'UNHEALTHY' }, 'ACTIVATED', null],
  [
    { type: 'ACTIVATE', status: 'FAILED', reason_code: 'FILE_HASH_MISMATCH' },
    { active_pack_id: other },
    'FAILED',
    'FILE_HASH_MISMATCH',
  ],
  [
    { type: 'ACTIVATE', status: 'FAILED', reason_code: 'TRANSFER_TOO_SLOW' },
    { active_pack_id: other },
    'stays',
    'TRANSFER_TOO_SLOW',
  ],
  // Who stands on the road of one node must not fail the release that it runs.
  [{ type: 'VERIFY', status: 'FAILED', reason_code: 'SIGNATURE_INVALID' }, {}, 'stays', 'SIGNATURE_INVALID'],
  [
    { type: 'VERIFY', status: 'FAILED', reason_code: 'METADATA_STALE' },
    { health: 'UNHEALTHY' },
    'stays',
    'METADATA_STALE',
  ],
  [{ type: 'ROLLBACK', status: 'IN_PROGRESS', reason_code: null }, { active_pack_id: other }, 'stays', null],
];
it.each(cases)('%j with %j says %s', (attempt, more, state, reason_code) => {
  const event = {
    type: 'NodeReported' as const,
    at: noon,
    release_id: 'rel_0198c0de-0000-7000-8000-00000000000a',
    verdict: attempt.status === 'FAILED' ? ('FAIL' as const) : ('PASS' as const),
    reason_codes: attempt.reason_code === null ? [] : [attempt.reason_code],
    said: { ...served, ...more, attempt },
    decision_digest,
  };
  expect(progressOf(event)).toEqual({ state, reason_code });
});
