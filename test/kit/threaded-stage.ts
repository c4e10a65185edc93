import type { StageRun } from '@orgo/adapter-sdk';

/** A stage for threads: hands its input on, spins for ever, takes memory without end, or ends its thread, as its configuration says. */
export const run: StageRun = async ({ config, inputs, read }) => {
  const { spin = false, hoard = false, crash = false, limits } = config as { [name: string]: unknown };
  if (limits !== undefined) throw new TypeError('a stage sees no limits');
  const held: unknown[] = [];
  while (hoard) held.push(Array.from({ length: 10_000 }, (_, n) => ({ n, text: `${n}` })));
  while (spin);
  if (crash) process.exit(9);
  const bytes = await read(inputs[0]?.ref ?? '');
  return {
    ok: true,
    value: { outputs: [{ kind: 'echo', media_type: 'application/json', bytes }], metrics: {}, diagnostics: [] },
  };
};
