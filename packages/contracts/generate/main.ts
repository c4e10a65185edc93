import { driftedFiles, writeFiles } from './files.ts';

// `node main.ts` prints the generated files; `node main.ts --check` names those that differ and fails.
const check = process.argv.includes('--check');
const touched = check ? driftedFiles() : writeFiles();
for (const file of touched) console.log(`${check ? 'differs' : 'written'}  ${file}`);
if (check && touched.length > 0) process.exitCode = 1;
