// Runs the task under the pinned Node and becomes a thin shell around it: signals go down, the exit code comes up.
import fs from 'node:fs';
import os from 'node:os';
import { spawnTied } from '../lifeline.mjs';

/** One Ctrl-C arrives from the terminal and again from npm: a repetition this soon is the same wish. */
const SAME_WISH_MS = 300;
const PARENT_CHECK_MS = 500;

/**
 * @param {string} node
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code; 128 + the signal's number when a signal ended it
 */
export function handOver(node, args, env) {
  // Detached: the terminal's Ctrl-C reaches only us, so that the task sees each signal once.
  const child = spawnTied(node, args, { env, detached: true });
  let last = -Infinity;
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    const now = performance.now();
    // A terminal that is closed wants an orderly end, and a program need not know that signal.
    if (now - last > SAME_WISH_MS) child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
    last = now;
  };
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, forward);
  if (!leadsSession()) whenParentGoes(() => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 128 + os.constants.signals[signal] : (code ?? 1)));
  });
}

/** @param {() => void} then */
function whenParentGoes(then) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    then();
  }, PARENT_CHECK_MS);
  timer.unref();
}

/** Whoever starts us with setsid wants us to outlive them. */
function leadsSession() {
  try {
    const stat = fs.readFileSync('/proc/self/stat', 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) === process.pid;
  } catch {
    return false;
  }
}
