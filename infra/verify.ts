// `npm run verify`: everything that must hold before a change is shown to others. A step whose inputs are as they were when
// it last passed is not run again (turbo.json says what each step reads).

import fs from 'node:fs';
import path from 'node:path';
import { root } from './bootstrap/paths.mjs';
import { spawnTied } from './lifeline.mjs';

/** Script in package.json → what it proves. */
const STEPS = {
  _style: 'format and lint',
  _types: 'types',
  _imports: 'import rules',
  _generated: 'generated files as the tables print them',
  _unused: 'no unused file, export or dependency',
  _unit: 'unit tests',
};

interface Summary {
  readonly tasks: readonly {
    readonly task: string;
    readonly cache: { readonly status: 'HIT' | 'MISS' };
    readonly execution?: { readonly startTime: number; readonly endTime: number; readonly exitCode: number };
  }[];
}

const runs = path.join(root, '.turbo/runs');
fs.rmSync(runs, { recursive: true, force: true });
const turbo = path.join(root, 'node_modules/turbo/bin/turbo');
const options = ['--continue', '--summarize', '--concurrency=2', '--env-mode=loose', '--output-logs=errors-only'];
const code = await new Promise<number>((resolve) => {
  const child = spawnTied(process.execPath, [turbo, 'run', ...Object.keys(STEPS), ...options], { cwd: root });
  child.once('exit', (status) => resolve(status ?? 1));
});

const file = fs.existsSync(runs) ? fs.readdirSync(runs)[0] : undefined;
const summary: Summary = file ? JSON.parse(fs.readFileSync(path.join(runs, file), 'utf8')) : { tasks: [] };
for (const [name, meaning] of Object.entries(STEPS)) {
  const task = summary.tasks.find((candidate) => candidate.task === name);
  const ran = task?.execution;
  const verdict = ran === undefined ? 'not run' : ran.exitCode === 0 ? 'ok' : 'FAILED';
  const time =
    task?.cache.status === 'HIT' ? 'unchanged' : ran ? `${((ran.endTime - ran.startTime) / 1000).toFixed(1)} s` : '';
  console.log(`${verdict.padEnd(8)} ${meaning.padEnd(42)} ${time}`);
}
process.exitCode = code;
