import fs from 'node:fs';
import { CliError } from './cli-error.ts';

/** What keeps a file or folder that a person named from being read. */
export const unreadable = (place: string, error: unknown): CliError =>
  new CliError('INPUT_UNREADABLE', `${place}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);

/** Bytes of a file that a person named. @throws CliError INPUT_UNREADABLE */
export function readInput(file: string): Uint8Array {
  try {
    return new Uint8Array(fs.readFileSync(file));
  } catch (error) {
    throw unreadable(file, error);
  }
}
