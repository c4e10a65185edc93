import type { ArtifactRef } from '@orgo/contracts';
import type { ReasonCode } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { Clock } from '@orgo/runtime/clock';
import { Breach, codeOf, detailOf, Fault, Refused } from '@orgo/runtime/errors';
import { type FaultPoints, noFaults } from '@orgo/runtime/fault-points';
import type { CheckedCommand } from './check.ts';
import type { StageDefinition, StageDone } from './define.ts';
import { openContext } from './stage-context.ts';
import { limitsOf } from './stage-limits.ts';
import type { OpenRun } from './stage-thread.ts';

/** How a run ended, before it is worded as a reply. */
export type StageOutcome = {
  status: 'ok' | 'failed' | 'error';
  codes: ReasonCode[];
  detail: string;
  outputs: ArtifactRef[];
  metrics: StageDone['metrics'];
  diagnostics: StageDone['diagnostics'];
  duration_ms: number;
};

/** The longest time a timer can hold: 24 days. */
const maxTimerMs = 2_147_483_647;

type Ended = Omit<StageOutcome, 'duration_ms'>;

const without = (status: 'failed' | 'error', code: ReasonCode, detail: string): Ended => ({
  status,
  codes: [code],
  detail,
  outputs: [],
  metrics: {},
  diagnostics: [],
});

/**
 * What a throw means. Broken integrity and a limit are final: another attempt reads the same bytes. A missing artifact may come back, so it is
 * transient like every fault. Anything else is a bug of the stage, or of the world; the attempt is made again and its log is read.
 */
const ofThrow = (error: unknown): Ended => {
  const code = codeOf(error);
  if (error instanceof Breach) return without('failed', code, detailOf(error));
  if (error instanceof Refused)
    return without(code === 'ARTIFACT_NOT_FOUND' ? 'error' : 'failed', code, detailOf(error));
  if (error instanceof Fault) return without('error', code, detailOf(error));
  return without('error', 'STAGE_INTERNAL_ERROR', detailOf(error));
};

const inOrder = (outputs: readonly ArtifactRef[]): ArtifactRef[] => {
  const keyOf = ({ kind, ref }: ArtifactRef): string => `${kind} ${ref}`;
  const byKey = new Map(outputs.map((output) => [keyOf(output), output]));
  return [...byKey.keys()].sort().map((key) => byKey.get(key) as ArtifactRef);
};

/** Rejects when the signal is given, so that a stage that does not listen cannot hold its command. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/**
 * Runs a stage for a checked command until its lease ends or it is told to stop: inputs are verified when read, outputs are stored before they are named. Never rejects; the
 * lease's end is `STAGE_TIMEOUT`, an end of the process `STAGE_INTERNAL_ERROR`, both transient. Over a limit of bytes or memory it is
 * `STAGE_LIMIT_EXCEEDED`, which is final; a pinned limit that is none is `STAGE_INPUT_INVALID`.
 */
export async function runStage(
  run: OpenRun['run'],
  checked: CheckedCommand,
  platform: {
    artifacts: ArtifactStore;
    clock: Clock;
    stopping: AbortSignal;
    definition: StageDefinition;
    faults?: FaultPoints;
  },
): Promise<StageOutcome> {
  const { artifacts, clock, stopping, definition, faults = noFaults } = platform;
  const pinned = limitsOf(definition, checked.command.config);
  if (!pinned.ok) return { ...without('failed', 'STAGE_INPUT_INVALID', pinned.detail), duration_ms: 0 };
  const { limits, config } = pinned;
  const started = clock.monotonicMs();
  const lease = new AbortController();
  const leaseMs = Date.parse(checked.command.not_after) - clock.now().getTime();
  const timer = setTimeout(
    () => lease.abort(new Fault('STAGE_TIMEOUT', `no answer by ${checked.command.not_after}`)),
    Math.min(Math.max(leaseMs, 0), maxTimerMs),
  );
  const signal = AbortSignal.any([lease.signal, stopping]);
  const { context, store, stored } = openContext(checked, artifacts, { signal, config, limits });

  const work = async (): Promise<Ended> => {
    const result = await run(context, limits);
    if (!result.ok)
      return without(
        'failed',
        result.code,
        result.path === undefined ? result.detail : `${result.detail} (${result.path})`,
      );
    const { outputs, metrics, diagnostics } = result.value;
    // crash: if we die here some outputs are stored and named by nobody; the next attempt stores the same bytes.
    for (const output of outputs) {
      await faults.at('adapter.beforeStore');
      await store(output);
      await faults.at('adapter.stored');
    }
    return { status: 'ok', codes: [], detail: '', outputs: inOrder(stored), metrics, diagnostics };
  };
  let ended: Ended;
  try {
    const working = work();
    // After a timeout nobody listens to the work any more; its later failure is not news.
    working.catch(() => undefined);
    ended = await Promise.race([working, untilAborted(signal)]);
  } catch (error) {
    ended = ofThrow(error);
  } finally {
    clearTimeout(timer);
  }
  return { ...ended, duration_ms: Math.round(clock.monotonicMs() - started) };
}
