import type { StageRun } from './define.ts';

/** A stage for threads: hands its input on, or takes memory without end, as its configuration says. */
export const run: StageRun = async ({ config, inputs, read }) => {
  const { hoard = false, limits } = config as { [name: string]: unknown };
  if (limits !== undefined) throw new TypeError('a stage sees no limits');
  const held: unknown[] = [];
  while (hoard) held.push(Array.from({ length: 10_000 }, (_, n) => ({ n, text: `${n}` })));
  const bytes = await read(inputs[0]?.ref ?? '');
  const outputs = [{ kind: 'echo', media_type: 'application/json', bytes }];
  return { ok: true, value: { outputs, metrics: {}, diagnostics: [] } };
};
