import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { peersFolder } from './peer-process.ts';

/**
 * Installs the peers as their lockfile says, once per lockfile, without running their scripts. Not `npm ci`: it refuses a lockfile that leaves
 * out optional packages of other platforms, which not every registry has.
 * crash: if we die in between, the stamp is missing and the next run installs again
 */
export function installPeers(): void {
  const lock = fs.readFileSync(path.join(peersFolder, 'package-lock.json'), 'utf8');
  const stamp = path.join(peersFolder, 'node_modules/.installed');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === lock) return;
  process.stderr.write('installing the peers (once)\n');
  const npm = spawnSync('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: peersFolder,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0) throw new Error('npm could not install the peers in test/bench/peers');
  fs.writeFileSync(stamp, lock);
}
