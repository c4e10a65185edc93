import type { StageRun } from '@orgo/adapter-sdk';

/** A stage for threads: hands its input on, spins for ever, or ends its thread, as its configuration says. */
export const run: StageRun = async ({ config, inputs, read }) => {
  const { spin = false, crash = false } = config as { spin?: boolean; crash?: boolean };
  while (spin);
  if (crash) process.exit(9);
  const bytes = await read(inputs[0]?.ref ?? '');
  return {
    ok: true,
    value: { outputs: [{ kind: 'echo', media_type: 'application/json', bytes }], metrics: {}, diagnostics: [] },
  };
};
