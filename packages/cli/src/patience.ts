import { asCliError } from './cli-error.ts';

/** How long an instance may not answer before somebody who watches gives up. */
const patienceMs = 60_000;

/**
 * For watching: lets faults pass, since a service that is started again is back within seconds. What the rules refuse is thrown at once,
 * and a fault that does not pass in a minute too.
 */
export function createPatience() {
  let unansweredSince: number | undefined;
  return {
    answered(): void {
      unansweredSince = undefined;
    },
    async bear(error: unknown): Promise<void> {
      if (asCliError(error).exit !== 4) throw error;
      unansweredSince ??= performance.now();
      if (performance.now() - unansweredSince > patienceMs) throw error;
      await new Promise((resume) => setTimeout(resume, 250));
    },
  };
}
