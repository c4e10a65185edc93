import { type ReleaseStatus, type ReleaseTarget, terminalReleasePhases } from '@orgo/contracts';
import type { Client } from './client.ts';
import { colors as pc } from './colors.ts';
import { shortDigest, status, table } from './output.ts';
import { createPatience } from './patience.ts';

type Step = ReleaseStatus['steps'][number];
type Measured = Step['measurements'][number];

/** A measurement for a person: metric, value, threshold, samples. */
export const measured = ({ name, outcome, value, op, threshold, samples }: Measured): string =>
  `${name} ${value ?? '–'} (wanted ${op} ${threshold}, ${samples} samples): ${outcome}`;

const countsOf = ({ counts, needed }: Step): string => {
  const confirmed = `${counts.CONFIRMED} of ${counts.total} confirmed, ${needed} needed`;
  const others = (['FAILED', 'TIMED_OUT', 'OFFLINE_EXCLUDED', 'ROLLED_BACK', 'DRIFTED'] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`);
  return [confirmed, ...others].join(', ');
};

/** A release for a person: where it stands, each cohort, and why it waits. */
export function describeRelease(r: ReleaseStatus): string[] {
  const about = [
    `channel ${r.channel}${r.release_seq === null ? '' : ` #${r.release_seq}`}`,
    `build ${r.build_id}`,
    `pack ${shortDigest(r.pack_id)}`,
    ...(r.generation > 1 ? [`generation ${r.generation}`] : []),
  ];
  return [
    `${pc.bold(r.release_id)}  ${status(r.status)}  ${pc.dim(about.join(', '))}`,
    ...(r.steps.length > 0
      ? table(
          ['STEP', 'STATE', 'NODES', 'SOAK UNTIL'],
          r.steps.map((step) => [step.name, step.state, countsOf(step), step.soak_until ?? '–']),
        )
      : []),
    ...r.steps.flatMap(({ name, measurements }) =>
      measurements.map((one) => `${pc.dim('measured')} ${name}: ${measured(one)}`),
    ),
    ...(r.reason_codes.length ? [`${pc.dim('codes')}    ${r.reason_codes.join(', ')}`] : []),
    ...(r.finding ? [`${pc.dim('finding')}  ${measured(r.finding)}`] : []),
    ...(r.rollback ? [`${pc.dim('rollback')} ${r.rollback.trigger}, to ${shortDigest(r.rollback.to_pack_id)}`] : []),
    ...(r.waiting_for ? [`${pc.dim('waiting')}  ${r.waiting_for}`] : []),
  ];
}

/** The ledger for a person. */
export const describeTargets = (targets: readonly ReleaseTarget[]): string[] =>
  table(
    ['NODE', 'STEP', 'STATE', 'ACTIVE PACK', 'CODE'],
    targets.map((t) => [
      t.instance_id,
      `${t.step}${t.late ? ' late' : ''}`,
      t.state,
      shortDigest(t.active_pack_id),
      t.reason_code ?? '–',
    ]),
  );

/** Whether nothing more comes without a person. */
const settled = (r: ReleaseStatus): boolean =>
  r.status === 'RELEASED' || (r.status === 'PAUSED' && !r.stopped) || terminalReleasePhases.includes(r.status);

/** Says each change once: a cohort that moves, what a person did, why it waits. */
export function createTeller(say: (line: string) => void): (r: ReleaseStatus) => void {
  const steps = new Map<string, string>();
  let phase = '';
  let waits: string | null = null;
  let told = 0;
  return (r) => {
    if (r.status !== phase)
      say(`  ${status(r.status)}${r.reason_codes.length ? `  ${r.reason_codes.join(', ')}` : ''}`);
    phase = r.status;
    for (const step of r.steps) {
      const line = `${step.state.padEnd(12)} ${countsOf(step)}`;
      const isNew = steps.get(step.name) !== line && (step.state !== 'PENDING' || steps.has(step.name));
      if (isNew) say(`    ${step.name.padEnd(12)} ${line}`);
      if (isNew) steps.set(step.name, line);
    }
    for (const event of r.events.slice(told)) {
      const isWord = [
        'StepPromoted',
        'ReleasePaused',
        'ReleaseResumed',
        'ReleaseStopped',
        'RollbackAnswered',
        'StepFellBack',
      ];
      if (isWord.includes(event.type)) say(`    ${pc.dim(`${event.type} by ${event.actor}`)} ${event.detail}`);
    }
    told = r.events.length;
    // How many of a cohort are confirmed is said by its own line.
    const isCount = /^\d+ of \d+ nodes /.test(r.waiting_for ?? '');
    if (r.waiting_for !== waits && r.waiting_for !== null && !isCount)
      say(`    ${pc.dim('waiting for')} ${r.waiting_for}`);
    waits = r.waiting_for;
  };
}

/** Follows a release over the live feed until it has settled or the time is over; the release goes on by itself either way. */
export async function followRelease(
  client: Client,
  release: string,
  say: (line: string) => void,
  { timeoutMs = 86_400_000 } = {},
): Promise<ReleaseStatus> {
  const tell = createTeller(say);
  const deadline = AbortSignal.timeout(timeoutMs);
  const patience = createPatience();
  const call = { params: { release } };
  for (;;) {
    try {
      for await (const found of client.events<ReleaseStatus>('watchRelease', { ...call, signal: deadline })) {
        patience.answered();
        tell(found);
        if (settled(found)) return found;
      }
    } catch (e) {
      if (deadline.aborted) return client.call<ReleaseStatus>('getRelease', call);
      await patience.bear(e);
    }
  }
}
