import { writeSync } from 'node:fs';
import { Fault } from '@orgo/runtime/errors';
import { type FaultPoint, type FaultPoints, faultPoints } from '@orgo/store/fault-points';

/** How a point breaks: the process is gone, the call fails and the process goes on, or the process stands still until it is told to go on. */
export type FaultMode = 'kill' | 'throw' | 'pause';
export type FaultPlan = { point: FaultPoint; mode: FaultMode /** Which pass of the point, from 1. */; pass: number };

/** What a process says on standard output when its planned fault happens. */
export const faultLine = (plan: FaultPlan): string => `fault ${plan.point} ${plan.mode}`;

const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

/** Breaks once, as planned, and says so before it does. */
export function plannedFault(plan: FaultPlan | undefined): FaultPoints {
  let passes = 0;
  return {
    at(name) {
      if (plan === undefined || name !== plan.point || ++passes !== plan.pass) return;
      say(faultLine(plan));
      if (plan.mode === 'throw') throw new Fault('INTERNAL_ERROR', `planned at ${name}`);
      process.kill(process.pid, plan.mode === 'kill' ? 'SIGKILL' : 'SIGSTOP');
      // The signal reaches us before this wait ends.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, plan.mode === 'kill' ? 60_000 : 1_000);
    },
  };
}

/** What a process says when it is told that its faults may happen from now on. */
export const armedLine = 'armed';

/** Breaks nothing before the signal comes: what the process does until then is undisturbed, and counts no pass. */
export function armedBy(signal: NodeJS.Signals, faults: FaultPoints): FaultPoints {
  let armed = false;
  process.on(signal, () => {
    armed = true;
    say(armedLine);
  });
  return { at: (name) => (armed ? faults.at(name) : undefined) };
}

/** Several sources of faults, asked in turn. */
export const eachOf = (...all: readonly FaultPoints[]): FaultPoints => ({
  async at(name) {
    for (const one of all) await one.at(name);
  },
});

/** Fails a point once for each signal that asks for it, and says so. */
export function faultOnSignal(point: FaultPoint, signal: NodeJS.Signals): FaultPoints {
  let asked = 0;
  process.on(signal, () => {
    asked++;
  });
  return {
    at(name) {
      if (name !== point || asked === 0) return;
      asked--;
      say(faultLine({ point, mode: 'throw', pass: 0 }));
      throw new Fault('INTERNAL_ERROR', `asked for at ${name}`);
    },
  };
}

/** Plan of this process, from its environment. */
export const planOfEnv = (): FaultPlan | undefined => {
  const text = process.env.ORGO_TEST_FAULT;
  return text ? (JSON.parse(text) as FaultPlan) : undefined;
};

export const allFaultPoints = Object.keys(faultPoints) as FaultPoint[];

/** Those that a claim passes whose key was dropped before the gatekeeper heard it, and no other. */
export const againPoints: readonly FaultPoint[] = ['release.beforeAgain', 'release.saidAgain'];
/** Those that the release service passes on the way of any release, from the asking to its end. */
export const releasePoints = allFaultPoints.filter(
  (point) => /all|release/.test(faultPoints[point].service) && !againPoints.includes(point),
);

/** Those of the store: inbox, transaction, relay and alarms, whatever the service. */
export const storePoints = allFaultPoints.filter(
  (point) => faultPoints[point].service === 'all' || point.startsWith('alarm.'),
);
