import type { ReasonCode } from '@orgo/core';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { type Check, Nonconformance, NotApplicable } from './check.ts';
import { answerChecks } from './checks/answers.ts';
import { deliveryChecks, stopChecks } from './checks/delivery.ts';
import { determinismChecks, restartChecks } from './checks/determinism.ts';
import { inputChecks } from './checks/inputs.ts';
import { refusalChecks } from './checks/refusals.ts';
import { openStand, type Stand, type StandOptions } from './stand.ts';

export { type Candidate, commandCandidate } from './candidate.ts';
export { type CaseArtifact, type ConformanceCase, readCase } from './case.ts';

/** What one check saw. `code` says what is broken when it failed; `reason` is for a person. */
export type CheckResult = {
  id: string;
  title: string;
  status: 'pass' | 'fail' | 'skip';
  code: ReasonCode | null;
  reason: string;
  duration_ms: number;
};

export type ConformanceReport = {
  adapter: string;
  /** As its replies say; null when none could be believed. */
  version: string | null;
  passed: number;
  failed: number;
  skipped: number;
  checks: CheckResult[];
};

/** All checks, in the order in which they run: the last ones restart and stop the process. */
const checks: readonly Check[] = [
  ...answerChecks,
  ...determinismChecks,
  ...refusalChecks,
  ...inputChecks,
  ...deliveryChecks,
  ...restartChecks,
  ...stopChecks,
];

const perform = async (check: Check, stand: Stand): Promise<Omit<CheckResult, 'duration_ms'>> => {
  const { id, title } = check;
  const crashed = stand.process()?.exit();
  // What ended during an earlier check was told there; the next one gets a new process.
  if (crashed !== undefined) stand.start();
  try {
    await check.run(stand);
    return { id, title, status: 'pass', code: null, reason: '' };
  } catch (error) {
    if (error instanceof NotApplicable) return { id, title, status: 'skip', code: null, reason: error.message };
    if (error instanceof Nonconformance) return { id, title, status: 'fail', code: error.code, reason: error.message };
    return { id, title, status: 'fail', code: codeOf(error), reason: `the kit itself: ${detailOf(error)}` };
  }
};

/**
 * Looks whether an adapter does what an adapter must, over a real bus and store, with keys of a tenant made for it. Never rejects because of the adapter.
 * @param onCheck hears each result as it is known
 * @throws Fault when NATS or the home cannot be used
 */
export async function conform(
  options: StandOptions,
  onCheck: (result: CheckResult) => void = () => undefined,
): Promise<ConformanceReport> {
  const stand = await openStand(options);
  const results: CheckResult[] = [];
  try {
    stand.start();
    for (const check of checks) {
      if (options.signal?.aborted) break;
      const started = performance.now();
      const result = { ...(await perform(check, stand)), duration_ms: Math.round(performance.now() - started) };
      results.push(result);
      onCheck(result);
    }
  } finally {
    await stand.close();
  }
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  return {
    adapter: options.candidate.adapter,
    version: stand.first?.adapter.version ?? null,
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip'),
    checks: results,
  };
}
