import fs from 'node:fs';
import { CliError } from './cli-error.ts';

// Controls move the cursor and hide text, reordering characters make a name read as another one.
const deceptive = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A name as it may be shown on a terminal: what would deceive a reader is spelled out. */
export const shown = (name: string): string =>
  name.replace(deceptive, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

/** What keeps a file or folder that a person named from being read. */
export const unreadable = (place: string, error: unknown): CliError =>
  new CliError('INPUT_UNREADABLE', `${shown(place)}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);

/** Bytes of a file that a person named. @throws CliError INPUT_UNREADABLE */
export function readInput(file: string): Uint8Array {
  try {
    return new Uint8Array(fs.readFileSync(file));
  } catch (error) {
    throw unreadable(file, error);
  }
}
