// The packages of the workspace, as pnpm-workspace.yaml lists them.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './paths.mjs';

const folders = () => [
  '.',
  'infra',
  'test',
  ...inside('packages'),
  ...inside('services'),
  ...inside('services/adapters'),
];

/** @param {string} parent */
function inside(parent) {
  const full = path.join(root, parent);
  return fs.existsSync(full) ? fs.readdirSync(full).map((name) => path.join(parent, name)) : [];
}

/** Folders below the root that hold a package.json, in a fixed order. */
export const packageFolders = () =>
  folders()
    .filter((folder) => fs.existsSync(path.join(root, folder, 'package.json')))
    .sort();
