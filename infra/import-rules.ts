// `node infra/import-rules.ts`: fails when an import goes where the table of rules does not let it.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './bootstrap/paths.mjs';
import { packageFolders } from './bootstrap/workspace.mjs';
import { checkImports } from './import-rules/check.ts';
import { placeOf } from './import-rules/rooms.ts';
import { sourceFiles } from './source-files.ts';

const packages = new Map(
  packageFolders().map((folder) => {
    const { name } = JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as { name: string };
    return [name, placeOf(`${folder}/package.json`).room] as const;
  }),
);
const sources = new Map(sourceFiles().map((file) => [file, fs.readFileSync(path.join(root, file), 'utf8')]));
const { violations, imports } = checkImports(sources, packages);

for (const { rule, file, line, import: imported } of violations) {
  console.error(`${file}:${line}  ${rule}: ${imported}`);
}
console.error(`${imports} imports in ${sources.size} files, ${violations.length} against the rules`);
if (violations.length > 0 || imports === 0) process.exitCode = 1;
