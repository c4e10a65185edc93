// What each word after `node infra/bootstrap.mjs` runs under the pinned Node.
import path from 'node:path';
import { cli, root } from './paths.mjs';

/** @param {string} file */
const at = (file) => path.join(root, file);

/** @type {Record<string, string[]>} */
const programs = {
  demo: [cli, 'demo'],
  start: [cli, 'up'],
  test: [at('infra/run-tests.ts')],
  verify: [at('infra/verify.ts')],
  bench: [at('test/bench/main.ts')],
  generate: [at('infra/generate.ts')],
};

export const taskNames = [...Object.keys(programs), 'exec'];

/** Commands of the CLI that start servers. */
const STARTS_SERVERS = new Set(['up', 'demo']);
const NEEDS_SERVERS = new Set(['demo', 'start', 'test', 'bench']);

/** @typedef {{ argv: string[], servers: boolean }} Task what to run, and whether it needs the server programs */

/**
 * @param {string} name
 * @param {string[]} args what was typed after it
 * @returns {Task | undefined}
 */
export function resolveTask(name, args) {
  if (name === 'exec') return resolveCommand(args);
  const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
  return program && { argv: [...program, ...args], servers: NEEDS_SERVERS.has(name) };
}

/**
 * A command line of the CLI; its command is the first word that is no option.
 * @param {string[]} args
 * @returns {Task & { command: string }}
 */
export function resolveCommand(args) {
  const command = args.find((arg) => !arg.startsWith('-')) ?? '';
  return { argv: [cli, ...args], servers: STARTS_SERVERS.has(command), command };
}
