// Ties a process to the one that spawned it: when the parent is gone, however it went, the child stops in order.
//
// The parent (spawnTied) keeps the other end of a pipe open for as long as it lives; the kernel closes it when it dies.
// The child runs this file first (node --import): the end of the pipe is a SIGTERM to itself.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const FD = 3;
const VARIABLE = 'ORGO_LIFELINE';
/** How long a tied process may take to stop in order before it is cut off. */
const GRACE_MS = 30_000;

/**
 * Spawns a Node program that ends when this process does.
 * @param {string} node the Node to run it with
 * @param {string[]} args script and its arguments
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, detached?: boolean }} [options]
 */
export function spawnTied(node, args, { env = process.env, ...options } = {}) {
  const self = fileURLToPath(import.meta.url);
  return spawn(node, ['--import', self, ...args], {
    ...options,
    env: { ...env, [VARIABLE]: String(FD) },
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
}

if (process.env[VARIABLE] === String(FD) && isPipe(FD)) {
  // Not for grandchildren: they have other things on this descriptor.
  delete process.env[VARIABLE];
  const pipe = new net.Socket({ fd: FD, readable: true, writable: false });
  pipe.on('error', stop).on('close', stop).resume().unref();
}

/** @param {number} fd */
function isPipe(fd) {
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

function stop() {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
}
