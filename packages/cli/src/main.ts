import { printFailure } from './output.ts';
import { createProgram } from './program.ts';

const json = process.argv.includes('--json');
try {
  await createProgram().parseAsync();
} catch (error) {
  const usage =
    (error as { code?: string; exitCode?: number; name?: string }).name === 'CommanderError'
      ? (error as { exitCode: number }).exitCode
      : null;
  // Commander has printed its own message; help and version end with 0, a wrong call with 2.
  process.exitCode = usage === null ? printFailure(error, json) : usage === 0 ? 0 : 2;
}
