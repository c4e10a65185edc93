/** A bell that one loop waits for and anyone rings. A ring while nobody waits is kept; many are one. */
export type Signal = {
  set(): void;
  /** Resolves at the next ring, or after `ms`. */
  wait(ms: number): Promise<void>;
};

export function createSignal(): Signal {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    set() {
      rung = true;
      wake?.();
    },
    wait: (ms) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          wake = undefined;
          rung = false;
          resolve();
        };
        const timer = rung ? undefined : setTimeout(done, Math.min(Math.max(0, ms), 0x7fff_ffff));
        if (rung) done();
        else wake = done;
      }),
  };
}
