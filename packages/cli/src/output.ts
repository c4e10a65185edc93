import { asCliError } from './cli-error.ts';
import { colors as pc } from './colors.ts';
import { setting } from './settings.ts';

/**
 * Where a command speaks. With `--json` stdout carries exactly one object and everything else goes to stderr;
 * without it stdout is for people.
 */
export type Output = {
  json: boolean;
  /** The result: the object with --json, the lines otherwise. Called once. */
  result(value: unknown, lines: () => string[]): void;
  /** Progress for a person: stdout without --json, stderr with it. */
  say(line: string): void;
};

let answered = false;

/** One write: a reader of the pipe never sees half an object. */
function answer(text: string): void {
  answered = true;
  process.stdout.write(`${text}\n`);
}

/** The output of this call; `--json` may stand anywhere on the line. */
export function createOutput(json = process.argv.includes('--json')): Output {
  return {
    json,
    result(value, lines) {
      answer(json ? JSON.stringify(value) : lines().join('\n'));
    },
    say(line) {
      (json ? process.stderr : process.stdout).write(`${line}\n`);
    },
  };
}

/**
 * Prints a failure with its code and the next step, and answers the exit code. With `--json` stdout has one object: the error, unless the
 * command gave its result before it failed, which then says itself how it ended.
 */
export function printFailure(error: unknown, json: boolean): number {
  const { code, detail, next, exit } = asCliError(error);
  if (json && !answered) answer(JSON.stringify({ error: { code, detail, next } }));
  process.stderr.write(`${pc.red(code)} ${detail}\n${pc.dim('next:')} ${next}\n`);
  if (exit === 1 && setting('ORGO_DEBUG') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exit;
}

/** Columns padded to their widest cell; the last one runs free. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const width = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((c, i) => (i === cells.length - 1 ? c : c.padEnd(width[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [pc.dim(line(head)), ...rows.map(line)];
}

/** A digest short enough for a table; whole in --json. */
export const shortDigest = (digest: string | null): string =>
  digest === null ? '–' : `${digest.replace('sha256:', '').slice(0, 12)}…`;

/** Bytes for a person. */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

const colors: Record<string, (s: string) => string> = {
  PASS: pc.green,
  COMPLETED: pc.green,
  RELEASED: pc.green,
  FAIL: pc.red,
  VALIDATION_FAILED: pc.red,
  FAILED: pc.red,
  ERROR: pc.yellow,
  BLOCKED: pc.yellow,
};
export const status = (s: string): string => (colors[s] ?? ((x: string) => x))(s);
