// The environment of everything that runs under the pinned Node.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cache, compiled, infra } from './paths.mjs';

// What npm hands to scripts would steer npm and pnpm below us; only how to reach a registry may pass.
const NETWORK_SETTINGS = /registry|proxy|cafile|^npm_config_ca$|userconfig|globalconfig|strict_ssl|_auth/i;

/**
 * @param {NodeJS.ProcessEnv} [inherited]
 * @returns {NodeJS.ProcessEnv} without npm's own variables; the certificate store of the system is trusted
 */
export function cleanEnvironment(inherited = process.env) {
  const kept = Object.entries(inherited).filter(([name]) => !/^npm_/i.test(name) || NETWORK_SETTINGS.test(name));
  return {
    ...Object.fromEntries(kept),
    // The bundled certificates do not know a company's own authority: without this pnpm hangs without a word.
    NODE_USE_SYSTEM_CA: '1',
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    PRISMA_SCHEMA_ENGINE_BINARY: inherited.PRISMA_SCHEMA_ENGINE_BINARY ?? path.join(infra, 'prisma-engine-stub.sh'),
    HOME: usableHome(inherited),
  };
}

/**
 * The clean environment with the pinned Node and pnpm first on PATH.
 * @param {import('./toolchain.mjs').Toolchain} toolchain
 * @returns {NodeJS.ProcessEnv}
 */
export function taskEnvironment(toolchain) {
  const env = cleanEnvironment();
  env.PATH = [path.dirname(toolchain.node), path.dirname(toolchain.pnpm), env.PATH].join(path.delimiter);
  // Stripping types and compiling is most of a start: a process reads what an earlier one has compiled.
  env.NODE_COMPILE_CACHE ??= compiled;
  return env;
}

/**
 * npm and pnpm keep caches in HOME and fail without one; users such as nobody have none.
 * @param {NodeJS.ProcessEnv} env
 */
function usableHome(env) {
  const home = env.HOME ?? os.homedir();
  return writable(home) || !writable(cache) ? home : path.join(cache, 'user');
}

/** @param {string} folder */
function writable(folder) {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
