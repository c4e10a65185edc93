// Unpacks Debian packages into a folder with a private apt state: no root, no service started, no system file touched.
// apt still checks the archive's signature and every hash.
import fs from 'node:fs';
import path from 'node:path';
import { cache } from './paths.mjs';
import { run } from './run.mjs';

/**
 * @param {string[]} names
 * @param {string} target
 * @returns {{ ok: true } | { ok: false, detail: string }}
 */
export function fetchDebianPackages(names, target) {
  const apt = path.join(cache, 'apt');
  const debs = path.join(apt, 'debs');
  for (const folder of ['lists/partial', 'cache/archives/partial', 'debs'])
    fs.mkdirSync(path.join(apt, folder), { recursive: true });
  const options = [
    `Dir::State::lists=${apt}/lists`,
    `Dir::Cache=${apt}/cache`,
    'Dir::State::status=/var/lib/dpkg/status',
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    const updated = run('apt-get', ['-qq', ...options, 'update'], { cwd: debs, env, quiet: true });
    if (!updated.ok) return updated;
    const downloaded = run('apt-get', ['-qq', ...options, 'download', ...names], { cwd: debs, env, quiet: true });
    if (!downloaded.ok) return downloaded;
    for (const file of fs.readdirSync(debs)) {
      const unpacked = run('dpkg-deb', ['-x', file, target], { cwd: debs, quiet: true });
      if (!unpacked.ok) return unpacked;
    }
    return { ok: true };
  } finally {
    fs.rmSync(apt, { recursive: true, force: true });
  }
}
