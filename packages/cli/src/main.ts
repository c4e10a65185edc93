import { CommanderError } from 'commander';
import { CliError } from './cli-error.ts';
import { printFailure } from './output.ts';
import { createProgram } from './program.ts';

const json = process.argv.includes('--json');
try {
  await (await createProgram(process.argv.slice(2))).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) process.exitCode = printFailure(error, json);
  // Help and version were asked for and end with 0; a wrong call ends with 2.
  else if (error.exitCode !== 0) process.exitCode = printFailure(wrongCall(error), json);
}

/** Commander says what is wrong in words of its own; where it prints the help instead, a command is missing. */
function wrongCall({ code, message }: CommanderError): CliError {
  const detail = code === 'commander.help' ? 'a command is missing' : message.replace(/^error: /, '');
  return new CliError('USAGE_INVALID', detail, 'Add --help for what is understood.');
}
