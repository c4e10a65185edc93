import type { ReasonCode } from '@orgo/core';
import { createLog, type Log } from '@orgo/runtime/log';
import { defineStage, type StageDefinition, type StageRun } from '../define.ts';
import { type ProgramTask, readAnswer } from './answer.ts';
import { linksOf } from './links.ts';
import { collectOutputs } from './outputs.ts';
import type { Program } from './program.ts';
import { callProgram } from './program-process.ts';
import { openWorkspace } from './workspace.ts';

/** All that a program sees of the environment, besides its declared constants: the same wherever the host runs, except where programs are found. */
const environmentOf = (program: Program, work: string): Record<string, string> => ({
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  ...program.env,
  PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  HOME: work,
  TMPDIR: work,
});

/**
 * A stage whose core is a program in any language. The host does everything else: checks, signatures, storage, replay. For each command the program is
 * started once: a `ProgramTask` on standard input, a `ProgramAnswer` on standard output, log lines on standard error, outputs as files in a folder that is
 * gone afterwards. An answer `failed` ends the stage; a program that breaks this contract is a fault (`EXEC_…`), and the attempt is made again. The end of
 * the lease kills the program with all it started.
 */
export function programStage(program: Program, options: { log?: Log } = {}): StageDefinition {
  const { adapter, version, limits } = program;
  let log = options.log;

  const run: StageRun = async ({ inputs, read, config, asOf, signal }) => {
    log ??= createLog({ service: `adapter-${adapter}` });
    const space = await openWorkspace();
    try {
      const task: ProgramTask = {
        v: 1,
        inputs: [],
        linked: [],
        config,
        as_of: asOf,
        output_dir: space.outputs,
        limits: { output_bytes: limits.output_bytes, answer_bytes: limits.answer_bytes },
      };
      for (const [i, input] of inputs.entries()) {
        const { kind, ref, media_type, size } = input;
        const bytes = await read(ref);
        const path = await space.addInput(`${i}-${kind}`, bytes);
        task.inputs.push({ kind, ref, media_type, size, path });
        for (const link of linksOf(input, bytes, program.follow)) {
          const linked = await read(link.ref);
          const name = `${i}-${kind}-${task.linked.length}`;
          task.linked.push({ ...link, size: linked.length, path: await space.addInput(name, linked) });
        }
      }
      const said = await callProgram({
        command: program.command,
        cwd: space.work,
        env: environmentOf(program, space.work),
        stdin: `${JSON.stringify(task)}\n`,
        signal,
        maxAnswerBytes: limits.answer_bytes,
        onLine: (line) => log?.info({ adapter, line }, 'program'),
      });
      const answer = readAnswer(said);
      if (answer.status === 'failed') return { ok: false, code: answer.code as ReasonCode, detail: answer.detail };
      const { metrics, diagnostics } = answer;
      const outputs = await collectOutputs(space.outputs, answer.outputs, program);
      return { ok: true, value: { outputs, metrics, diagnostics } };
    } finally {
      // crash: if we die here the folder stays behind in the temporary folder; nothing refers to it.
      await space.remove();
    }
  };
  return defineStage({
    adapter,
    version,
    run,
    limits: { concurrency: limits.concurrency, maxOutputBytes: limits.output_bytes },
  });
}
