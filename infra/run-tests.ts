// `npm test`: every lane, in one vitest run, closing with the line that counts. Arguments go to vitest, so that one lane or
// one file can be run: npm test -- --project integration
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './bootstrap/paths.mjs';
import { spawnTied } from './lifeline.mjs';
import { TALLY_FILE, type Tally } from './tally-reporter.ts';

/** A run that takes longer hangs: it is ended, and counts as failed. */
const LIMIT_MINUTES = 60;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-tally-'));
const tallyFile = path.join(folder, 'tally.json');
const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const reporters = ['--reporter=default', `--reporter=${path.join(root, 'infra/tally-reporter.ts')}`];

/** npm takes the `--` away that stands before them, other callers may not. */
const given = process.argv.slice(process.argv[2] === '--' ? 3 : 2);

const { code, late } = await new Promise<{ code: number; late: boolean }>((resolve) => {
  let late = false;
  const child = spawnTied(process.execPath, [vitest, 'run', ...reporters, ...given], {
    cwd: root,
    env: { ...process.env, [TALLY_FILE]: tallyFile },
  });
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGTERM');
  }, LIMIT_MINUTES * 60_000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.once('exit', (status) => {
    clearTimeout(limit);
    resolve({ code: status ?? 1, late });
  });
});

const none: Tally = { passed: 0, failed: 0, skipped: [] };
const tally: Tally = fs.existsSync(tallyFile) ? JSON.parse(fs.readFileSync(tallyFile, 'utf8')) : none;
fs.rmSync(folder, { recursive: true });

// vitest can fail without a failed test: a set-up that throws, a limit, nothing found.
const failed = tally.failed === 0 && (code !== 0 || late) ? 1 : tally.failed;
if (late) console.log(`ended after ${LIMIT_MINUTES} minutes`);
for (const { name, reason } of tally.skipped) console.log(`skipped: ${name} (${reason})`);
const skipped = tally.skipped.length > 0 ? `, ${tally.skipped.length} skipped` : '';
console.log(`${tally.passed} passed, ${failed} failed${skipped}`);
if (failed > 0 || tally.passed === 0) process.exitCode = 1;
