import { CliError } from './cli-error.ts';

/** Writes to a place that a person named. @throws CliError OUTPUT_UNWRITABLE where the place does not take it */
export function writeOut<T>(place: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    throw new CliError('OUTPUT_UNWRITABLE', `${place}: ${code}`);
  }
}
