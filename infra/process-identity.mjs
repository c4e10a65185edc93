// A process is its pid and its start time: a pid alone is reused, and killing a reused pid kills a stranger.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const STOP_GRACE_MS = 10_000;

/**
 * When the process started, as an opaque text that is equal for the same process only; undefined when there is none
 * (a zombie counts as none: it runs no code and holds no port).
 * @param {number} pid
 * @returns {string | undefined}
 */
export function startTime(pid) {
  if (process.platform === 'linux') return linuxStartTime(pid);
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const line = ps.stdout?.trim() ?? '';
  return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
}

/** @param {number} pid */
function linuxStartTime(pid) {
  let stat;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/**
 * `pid:start time`, to be written into a file and compared later.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function identify(pid) {
  const started = startTime(pid);
  return started === undefined ? undefined : `${pid}:${started}`;
}

/**
 * Whether the process that was identified still runs.
 * @param {string} identity
 */
export function runs(identity) {
  const pid = Number.parseInt(identity, 10);
  return pid > 0 && identify(pid) === identity;
}

/**
 * Stops a process that need not be our child: the signal, a grace, then SIGKILL. Returns when it is gone.
 * @param {string} identity a process that is gone already, or whose pid now belongs to another, is left alone
 * @param {NodeJS.Signals} signal
 */
export async function stopIdentified(identity, signal) {
  const deadline = performance.now() + STOP_GRACE_MS;
  send(identity, signal);
  while (runs(identity)) {
    if (performance.now() > deadline) send(identity, 'SIGKILL');
    await pause(20);
  }
}

/** @param {string} identity @param {NodeJS.Signals} signal */
function send(identity, signal) {
  if (!runs(identity)) return;
  try {
    process.kill(Number.parseInt(identity, 10), signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
