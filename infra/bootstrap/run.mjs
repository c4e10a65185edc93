// Runs one set-up program to its end.
import { spawnSync } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * Its output goes to stderr, or is kept quiet unless it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} [options]
 * @returns {{ ok: true } | { ok: false, detail: string }}
 */
export function run(command, args, { cwd = root, env = process.env, quiet = false } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', quiet ? 'pipe' : 2, quiet ? 'pipe' : 2],
  });
  if (result.status === 0) return { ok: true };
  const said = quiet ? `\n${result.stdout ?? ''}${result.stderr ?? ''}`.trimEnd() : '';
  const how = result.error?.message ?? result.signal ?? `exit ${result.status}`;
  return { ok: false, detail: `${command} ${args.join(' ')} (${how})${said}` };
}
