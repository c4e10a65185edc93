// node_modules as the lockfile says. pnpm is asked only when what it reads has changed since it last succeeded.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { InfraFailure } from '../failure.mjs';
import { say } from './narration.mjs';
import { root } from './paths.mjs';
import { run } from './run.mjs';
import { packageFolders } from './workspace.mjs';

const stamp = path.join(root, 'node_modules/.orgo-installed');

/** A digest of everything that decides what is installed. */
function wanted() {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`);
  const manifests = packageFolders().map((folder) => path.join(folder, 'package.json'));
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests])
    hash.update(`\0${file}\0`).update(fs.readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

/** Whether every package finds what it declares, in whatever version. This installs nothing. */
export function dependenciesPresent() {
  return packageFolders().every((folder) => {
    const manifest = path.join(root, folder, 'package.json');
    const { dependencies, devDependencies } = JSON.parse(fs.readFileSync(manifest, 'utf8'));
    const names = Object.keys({ ...dependencies, ...devDependencies });
    return names.every((name) => fs.existsSync(path.join(root, folder, 'node_modules', name)));
  });
}

/**
 * @param {import('./toolchain.mjs').Toolchain} toolchain
 * @param {NodeJS.ProcessEnv} env
 */
export function ensureDependencies(toolchain, env) {
  const unchanged = fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted();
  if (unchanged && dependenciesPresent()) return;
  say('installing dependencies');
  // append-only shows retries of a slow registry, which the silent reporter hides. CI=1: never ask, there may be no one.
  const args = ['install', '--frozen-lockfile', '--reporter=append-only'];
  const installed = run(toolchain.pnpm, args, { env: { ...env, CI: '1' } });
  if (!installed.ok) throw new InfraFailure('SETUP_FAILED', `could not install dependencies: ${installed.detail}`);
  fs.writeFileSync(stamp, wanted());
}
