// nats-server and redis-server: found on this machine, or unpacked into the checkout from the Debian archive.
import fs from 'node:fs';
import path from 'node:path';
import { InfraFailure } from '../failure.mjs';
import { fetchDebianPackages } from './debian-packages.mjs';
import { say } from './narration.mjs';
import { cache } from './paths.mjs';

/** @typedef {'nats-server' | 'redis-server'} ServerProgram */

const runtime = path.join(cache, 'runtime');
const SBIN = ['/usr/sbin', '/usr/local/sbin'];

/**
 * `url`: set when the operator brings a running server. `override`: a path to the program. `debs`: what holds it.
 * @type {Record<ServerProgram, { url: string, override: string, debs: string[], brew: string }>}
 */
const programs = {
  'nats-server': { url: 'NATS_URL', override: 'ORGO_NATS_SERVER', debs: ['nats-server'], brew: 'nats-server' },
  'redis-server': {
    url: 'REDIS_URL',
    override: 'ORGO_REDIS_SERVER',
    debs: ['redis-server', 'redis-tools', 'libatomic1', 'liblzf1', 'libjemalloc2'],
    brew: 'redis',
  },
};

/** @param {string} file */
function executable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Where the program is: the operator's override, then PATH, then what was unpacked into the checkout.
 * @param {ServerProgram} name
 * @param {NodeJS.ProcessEnv} [env] ORGO_IGNORE_PATH_SERVERS=1 leaves PATH out
 * @returns {{ file: string, env: NodeJS.ProcessEnv } | undefined} `env`: what it needs besides the environment it gets
 */
export function locate(name, env = process.env) {
  const override = env[programs[name].override];
  if (override) return executable(override) ? { file: override, env: {} } : undefined;
  if (env.ORGO_IGNORE_PATH_SERVERS !== '1') {
    const folders = [...(env.PATH ?? '').split(path.delimiter), ...SBIN];
    const file = folders.map((folder) => path.join(folder, name)).find(executable);
    if (file) return { file, env: {} };
  }
  const file = ['usr/bin', 'usr/sbin'].map((folder) => path.join(runtime, folder, name)).find(executable);
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  if (file === undefined) return undefined;
  return { file, env: { LD_LIBRARY_PATH: path.join(runtime, 'usr/lib', triplet) } };
}

/**
 * The message for a machine that has neither the program nor its URL.
 * @param {ServerProgram[]} missing
 */
export function howToBring(missing) {
  const urls = missing.map((name) => programs[name].url).join(' and ');
  const overrides = missing.map((name) => programs[name].override).join(' / ');
  return [
    `Orgo needs ${missing.join(' and ')} and found neither the program nor its URL.`,
    `  macOS:          brew install ${missing.map((name) => programs[name].brew).join(' ')}`,
    `  Debian, Ubuntu: sudo apt-get install ${missing.join(' ')}`,
    `  Docker:         docker compose -f infra/compose.yaml up -d, then set ${urls}`,
    `  or point ${overrides} at the program.`,
  ].join('\n');
}

/** Makes sure that each server without a URL has its program. */
export function ensureServerPrograms(env = process.env) {
  const names = /** @type {ServerProgram[]} */ (Object.keys(programs));
  const absent = () => names.filter((name) => !env[programs[name].url] && !locate(name, env));
  const fetchable = absent().filter((name) => !env[programs[name].override]);
  let why = '';
  if (fetchable.length > 0 && process.platform === 'linux' && executable('/usr/bin/apt-get')) {
    say(`fetching ${fetchable.join(' and ')} from the Debian archive (nothing is installed on the system)`);
    const fetched = fetchDebianPackages(
      fetchable.flatMap((name) => programs[name].debs),
      runtime,
    );
    if (!fetched.ok) why = `\n  The Debian archive could not be used: ${fetched.detail}`;
  }
  const missing = absent();
  if (missing.length > 0) throw new InfraFailure('SERVER_PROGRAM_MISSING', howToBring(missing) + why);
}
