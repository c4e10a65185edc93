// What a person reads while the bootstrap works. Always on stderr: stdout belongs to the task.
import { InfraFailure } from '../failure.mjs';

const started = Date.now();

/** @param {string} line what is being done now; only said for work that takes time */
export function say(line) {
  process.stderr.write(`[orgo ${((Date.now() - started) / 1000).toFixed(1)}s] ${line}\n`);
}

/** Exit code of a fault in the table of exit codes: the world failed, try again. */
const EXIT_FAULT = 4;

/**
 * Runs `main`; an InfraFailure ends the process with its code on stderr, everything else is a bug and keeps its stack.
 * @param {() => Promise<void>} main
 */
export async function narrated(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof InfraFailure)) throw error;
    process.stderr.write(`\n${error.code}: ${error.message}\n`);
    process.exitCode = EXIT_FAULT;
  }
}
