import { CommanderError } from 'commander';
import { printFailure } from './output.ts';
import { createProgram } from './program.ts';

const json = process.argv.includes('--json');
try {
  await (await createProgram(process.argv.slice(2))).parseAsync();
} catch (error) {
  // Commander has said what is wrong itself; help and version end with 0, a wrong call with 2.
  if (!(error instanceof CommanderError)) process.exitCode = printFailure(error, json);
  else if (error.exitCode !== 0) {
    if (json)
      process.stdout.write(
        `${JSON.stringify({ error: { code: 'USAGE_INVALID', detail: error.message, next: 'See --help.' } })}\n`,
      );
    process.exitCode = 2;
  }
}
