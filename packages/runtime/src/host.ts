import { writeSync } from 'node:fs';
import { reasons } from '@orgo/contracts';
import { codeOf, detailOf } from './errors.ts';
import type { Handlers } from './http.ts';
import type { Log } from './log.ts';
import { type Opened, openings } from './openings.ts';

/**
 * A part that a process hosts. It is given what it needs, and never opens a port of its own choosing or listens for signals.
 * `start` returns when it takes work; `drain` stops taking and waits for what runs, at most for the deadline; `stop` lets go of everything.
 */
export type Service = {
  name: string;
  start(): Promise<void>;
  ready(): boolean;
  drain(deadlineMs: number): Promise<void>;
  stop(): Promise<void>;
  /** HTTP operations it answers. */
  routes?: Handlers;
};

export type Host = {
  /** True when every service says so. */
  ready(): boolean;
  /** Drains and stops in reverse order. Idempotent; a service that fails to stop does not keep the others. */
  stop(): Promise<void>;
};

/** Starts services in order. When one fails, it and those before it are stopped, since it may have begun to work, and its error is thrown. */
export async function host(services: readonly Service[], options: { log: Log; drainMs?: number }): Promise<Host> {
  const { log, drainMs = 10_000 } = options;
  const started: Service[] = [];
  const attempt = async (service: Service, what: 'drain' | 'stop'): Promise<void> => {
    try {
      await (what === 'drain' ? service.drain(drainMs) : service.stop());
    } catch (err) {
      log.error({ err, code: codeOf(err), part: service.name }, `${what} failed`);
    }
  };
  const stopAll = async (): Promise<void> => {
    const reversed = started.toReversed();
    for (const service of reversed) await attempt(service, 'drain');
    for (const service of reversed) await attempt(service, 'stop');
  };

  for (const service of services) {
    started.push(service);
    try {
      await service.start();
      log.info({ part: service.name }, 'started');
    } catch (error) {
      log.error({ err: error, code: codeOf(error), part: service.name }, 'cannot start');
      await stopAll();
      throw error;
    }
  }
  let stopping: Promise<void> | undefined;
  return {
    ready: () => stopping === undefined && started.every((service) => service.ready()),
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

/** Resolves with the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    const heard = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.off(each, heard);
      resolve(signal);
    };
    for (const signal of signals) process.on(signal, heard);
  });
}

/** Tells whoever supervises this process that it takes work: a line on the descriptor ORGO_READY_FD names. */
function sayReady(): void {
  const fd = Number(process.env.ORGO_READY_FD);
  if (Number.isInteger(fd) && fd > 2) writeSync(fd, 'ready\n');
}

/** How long a process may take to end by itself once everything is closed: entries that close more after it need the time. */
const lingerMs = 5_000;

/**
 * Ends a process that stays alive after everything it opened was closed: a thread, socket or timer that a fault left behind. Nothing is done for
 * anybody any more, and whoever supervises it starts no other while it is there. The timer itself holds nothing: a process that can end does so at once.
 */
function endIfHeld(afterMs: number): void {
  const end = (): void => {
    // Threads are not among what Node lists.
    const open = [...new Set(process.getActiveResourcesInfo())].join(', ');
    process.stderr.write(
      `the process is ended although something holds it; open are: ${open || 'none, so a thread'}\n`,
    );
    process.exit();
  };
  setTimeout(end, afterMs).unref();
}

/**
 * Body of a process entry: starts, waits for a signal, and lets go of what was opened, the last first. A failure is one line on standard error with its
 * reason code, and the exit status that the code's row names; what had been opened until then is let go of as well, or the process would neither work nor end.
 * Where something still holds it `lingerMs` later, default 5 s, that is said on standard error and the process is ended.
 */
export async function runProcess(
  start: (opened: Opened) => Promise<void>,
  options: { lingerMs?: number } = {},
): Promise<void> {
  const fail = (error: unknown): void => {
    const code = codeOf(error);
    process.stderr.write(`${code}: ${detailOf(error)}\n${reasons[code].help}\n`);
    process.exitCode = reasons[code].exit;
  };
  const { opened, close } = openings(fail);
  try {
    const signalled = untilSignal();
    await start(opened);
    sayReady();
    await signalled;
  } catch (error) {
    fail(error);
  }
  await close();
  endIfHeld(options.lingerMs ?? lingerMs);
}
