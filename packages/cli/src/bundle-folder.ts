import fs from 'node:fs';
import path from 'node:path';
import type { BundleFiles } from '@orgo/audit/domain';
import { CliError } from './cli-error.ts';

/** The files of a bundle folder. A link is not followed and counts as a file that nobody declared. @throws CliError BUNDLE_INVALID */
export function bundleFolder(folder: string): BundleFiles {
  if (!fs.existsSync(folder) || !fs.statSync(folder).isDirectory())
    throw new CliError('BUNDLE_INVALID', `${folder} is no folder`);
  const paths: string[] = [];
  const walk = (relative: string): void => {
    for (const entry of fs.readdirSync(path.join(folder, relative), { withFileTypes: true })) {
      const name = relative ? `${relative}/${entry.name}` : entry.name;
      if (entry.isDirectory()) walk(name);
      else paths.push(name);
    }
  };
  walk('');
  const regular = (name: string): boolean =>
    fs.lstatSync(path.join(folder, name), { throwIfNoEntry: false })?.isFile() ?? false;
  return {
    paths: () => paths,
    read: (name) =>
      paths.includes(name) && regular(name) ? new Uint8Array(fs.readFileSync(path.join(folder, name))) : undefined,
  };
}
