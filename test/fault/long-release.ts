// The long lane of releases: each victim by itself, killed at every row of the tables that the lives take. Usage:
//   node test/fault/long-release.ts [--victims postgres,nats,…]
import os from 'node:os';
import { parseArgs } from 'node:util';
import { type Victim, victims } from './blows.ts';
import { openLives } from './live-all.ts';
import { sentences } from './sentences.ts';

const { values } = parseArgs({
  options: { victims: { type: 'string', default: victims.filter((one) => one !== 'nats and redis').join() } },
});
const wanted = values.victims.split(',').map((name): Victim => {
  const known = victims.find((one) => one === name);
  if (known === undefined) throw new Error(`there is no victim ${name}: ${victims.join(', ')}`);
  return known;
});

const began = performance.now();
const seconds = (): string => ((performance.now() - began) / 1000).toFixed(0);
const all = await openLives();
let wrong = 0;
try {
  const rows = all.rows().filter((row) => !sentences.has(row));
  process.stdout.write(`${rows.length} rows, undisturbed after ${seconds()} s, load ${os.loadavg()[0]?.toFixed(0)}\n`);
  for (const victim of wanted) {
    const { hit, blows, never, differences } = await all.under(victim, rows);
    wrong += never.length + differences.length;
    process.stdout.write(
      `${victim}: killed ${blows} times at ${new Set(hit).size} rows, ${never.length} not reached, ${differences.length} lives differ; ${seconds()} s\n`,
    );
    for (const name of never) process.stdout.write(`  not reached: ${name}\n`);
    for (const one of differences) process.stdout.write(`  differs: ${JSON.stringify(one)}\n`);
  }
} finally {
  await all.close();
}
process.exit(wrong === 0 ? 0 : 1);
