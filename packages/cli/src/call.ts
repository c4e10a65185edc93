import { CommanderError } from 'commander';
import { CliError } from './cli-error.ts';
import { beginCall, printFailure } from './output.ts';
import { createProgram } from './program.ts';

/** Runs one call of the command line, which speaks on the streams of this process. @returns its exit code, which is that of this process as well */
export async function call(words: readonly string[]): Promise<number> {
  beginCall();
  process.exitCode = 0;
  try {
    await (await createProgram(words)).parseAsync(words, { from: 'user' });
  } catch (error) {
    const json = words.includes('--json');
    if (!(error instanceof CommanderError)) process.exitCode = printFailure(error, json);
    // Help and version were asked for and end with 0; a wrong call ends with 2.
    else if (error.exitCode !== 0) process.exitCode = printFailure(wrongCall(error), json);
  }
  return process.exitCode;
}

/** Commander says what is wrong in words of its own; where it prints the help instead, a command is missing. */
function wrongCall({ code, message }: CommanderError): CliError {
  const detail = code === 'commander.help' ? 'a command is missing' : message.replace(/^error: /, '');
  return new CliError('USAGE_INVALID', detail, 'Add --help for what is understood.');
}
