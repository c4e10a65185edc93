// The pinned Node and pnpm: installed once per content of their lockfile, by hash, with no install script run.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { InfraFailure } from '../failure.mjs';
import { cleanEnvironment } from './environment.mjs';
import { say } from './narration.mjs';
import { cache, infra } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {{ node: string, pnpm: string }} Toolchain absolute paths */

const source = path.join(infra, 'toolchain');
const MIN_SYSTEM_NODE = 24;
const key = createHash('sha256')
  .update(fs.readFileSync(path.join(source, 'package-lock.json')))
  .digest('hex')
  .slice(0, 12);
const folder = path.join(cache, 'toolchain', key);

/** The toolchain when it is installed already; this installs nothing. @returns {Toolchain | undefined} */
export function installedToolchain() {
  if (!fs.existsSync(path.join(folder, '.ok'))) return undefined;
  const modules = path.join(folder, 'node_modules');
  const node = pinnedNode(modules) ?? systemNode();
  return node === undefined ? undefined : { node, pnpm: path.join(modules, '.bin/pnpm') };
}

/**
 * Installs what the lockfile pins unless it is there. Two runs may race: the rename is atomic and either result is good.
 * @returns {Toolchain}
 */
export function ensureToolchain() {
  const ready = installedToolchain();
  if (ready) return ready;
  say('installing the pinned Node and pnpm (once per checkout)');
  const draft = `${folder}.${process.pid}`;
  fs.rmSync(draft, { recursive: true, force: true });
  fs.mkdirSync(draft, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    fs.copyFileSync(path.join(source, file), path.join(draft, file));
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const installed = run('npm', args, { cwd: draft, env: cleanEnvironment(), quiet: true });
  if (!installed.ok) {
    fs.rmSync(draft, { recursive: true, force: true });
    throw new InfraFailure('SETUP_FAILED', `could not install the pinned Node and pnpm: ${installed.detail}`);
  }
  fs.writeFileSync(path.join(draft, '.ok'), '');
  try {
    fs.renameSync(draft, folder);
  } catch {
    fs.rmSync(draft, { recursive: true, force: true }); // another run won
  }
  const toolchain = installedToolchain();
  if (toolchain) return toolchain;
  throw new InfraFailure(
    'SETUP_FAILED',
    `no Node ${MIN_SYSTEM_NODE} is packaged for ${process.platform}-${process.arch}, and this is ${process.version}. macOS: brew install node@${MIN_SYSTEM_NODE}`,
  );
}

/** @param {string} modules */
function pinnedNode(modules) {
  const file = path.join(modules, `node-${process.platform}-${process.arch}`, 'bin/node');
  return fs.existsSync(file) ? file : undefined;
}

/** The Node that runs this, when it is new enough to stand in for the pinned one. */
export function systemNode() {
  return Number.parseInt(process.versions.node, 10) >= MIN_SYSTEM_NODE ? process.execPath : undefined;
}
