// A process is its pid and its start time: a pid alone is reused, and killing a reused pid kills a stranger.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

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
