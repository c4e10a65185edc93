import { buildEventSchema, heardSubject, tenantOfSubject } from '@orgo/contracts';
import { parseStrict } from '@orgo/core';
import type { Bus } from '@orgo/runtime/bus';
import { Refused } from '@orgo/runtime/errors';
import type { Noise } from '@orgo/runtime/noise';

/** The build of an attempt was cancelled (SP-24): its work stops and nothing of it is handed over. The gate has been shut by then. */
export class AttemptCancelled extends Refused {
  constructor(build: string) {
    super('BUILD_CANCELLED', `${build} was cancelled`);
  }
}

/** Which builds were cancelled, as far as this process heard, and what it still does for them. */
export type CancelledBuilds = {
  /**
   * Does an attempt's work, with a signal that is given when its build is cancelled.
   * @throws AttemptCancelled when that was heard before or meanwhile, also where the work came to an end; what the work throws.
   */
  during<T>(tenant: string, build: string, work: (cancelled: AbortSignal) => Promise<T>): Promise<T>;
  /** Stops listening. */
  stop(): void;
};

/** How many cancelled builds are remembered, for commands that come behind the notice. */
const remembered = 4096;

/** The build that a notice is about, if it is one: the event that a build of the subject's tenant was cancelled. */
const buildOf = (bytes: Uint8Array, subject: string): string | undefined => {
  const json = parseStrict(bytes);
  const event = buildEventSchema.safeParse(json.ok ? json.value : undefined);
  if (!event.success) return undefined;
  const { tenant_id, build_id, status } = event.data.data;
  return tenant_id === tenantOfSubject(subject) && status === 'CANCELLED' ? build_id : undefined;
};

/**
 * Hears the public event that a build was cancelled, and ends what works for it. The notice is unsigned and may be lost: a lost one lets the work go on until
 * its lease ends, and the gate refuses what comes of it; a false one costs the attempts of its build their leases. No outcome rests on either.
 */
export function cancelledBuilds(bus: Bus, noise: Noise): CancelledBuilds {
  const heard = new Set<string>();
  const working = new Set<{ key: string; stop(): void }>();
  const keyOf = (tenant: string, build: string): string => `${tenant} ${build}`;

  const stop = bus.listen(heardSubject('buildCancelled'), (bytes, subject) => {
    const tenant = tenantOfSubject(subject);
    const build = buildOf(bytes, subject);
    if (build === undefined) {
      noise.hear('MESSAGE_MALFORMED', { tenant_id: tenant, detail: 'not the event of a cancelled build' });
      return;
    }
    const key = keyOf(tenant, build);
    heard.add(key);
    const [oldest] = heard;
    if (heard.size > remembered && oldest !== undefined) heard.delete(oldest);
    for (const attempt of working) if (attempt.key === key) attempt.stop();
  });

  return {
    async during(tenant, build, work) {
      const key = keyOf(tenant, build);
      if (heard.has(key)) throw new AttemptCancelled(build);
      const cancelled = new AbortController();
      const attempt = { key, stop: () => cancelled.abort(new AttemptCancelled(build)) };
      working.add(attempt);
      try {
        const done = await work(cancelled.signal);
        cancelled.signal.throwIfAborted();
        return done;
      } finally {
        working.delete(attempt);
      }
    },
    stop,
  };
}
