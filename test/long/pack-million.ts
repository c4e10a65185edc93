import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeLargeExchange } from './large-exchange.ts';
import { askLarge, checkLarge, compileLarge, openLarge, patternsOf } from './large-pack.ts';

// node test/long/pack-million.ts [statements] [seed]: makes an Exchange of so many statements, compiles it, verifies the pack, asks it 200
// random patterns and compares the answers with the formula behind the statements. Each step is a process of its own, so that its peak memory is.
const [statements = '1000000', seed = `${Date.now() % 1_000_000}`, step, folder = ''] = process.argv.slice(2);
const count = Number(statements);
const exchange = path.join(folder, 'exchange.json');
const packFolder = path.join(folder, 'pack');

const seconds = async (work: () => unknown): Promise<number> => {
  const started = performance.now();
  await work();
  return Math.round(performance.now() - started) / 1000;
};

const steps: Record<string, () => Promise<Record<string, unknown>>> = {
  async make() {
    return { seconds: await seconds(() => writeLargeExchange(exchange, count)), bytes: fs.statSync(exchange).size };
  },
  async compile() {
    const took = await seconds(() => compileLarge(exchange, packFolder));
    const { runtime_pack_id, files } = JSON.parse(
      fs.readFileSync(path.join(packFolder, 'runtime-pack-manifest.json'), 'utf8'),
    );
    const sizes = Object.fromEntries(
      files.map((file: { path: string; size_bytes: number }) => [file.path, file.size_bytes]),
    );
    return { seconds: took, runtime_pack_id, sizes };
  },
  async open() {
    let statementsOf = 0;
    return {
      seconds: await seconds(async () => (statementsOf = (await openLarge(packFolder)).tables.triples.rows)),
      statements: statementsOf,
    };
  },
  async verify() {
    const pack = await openLarge(packFolder);
    return { seconds: await seconds(() => checkLarge(pack)) };
  },
  async answer() {
    const pack = await openLarge(packFolder);
    const times = (await askLarge(pack, count, patternsOf(count, Number(seed), 200))).sort((a, b) => a - b);
    const at = (share: number) => Math.round((times[Math.floor(share * (times.length - 1))] as number) * 100) / 100;
    return { patterns: times.length, seed: Number(seed), p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
  },
};

if (step) {
  const figures = await steps[step]?.();
  console.log(JSON.stringify({ step, ...figures, peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024) }));
} else {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-million-'));
  try {
    for (const name of Object.keys(steps)) {
      const run = spawnSync(process.execPath, [process.argv[1] as string, statements, seed, name, home], {
        encoding: 'utf8',
      });
      process.stdout.write(run.stdout);
      if (run.status !== 0) throw new Error(`${name} failed: ${run.stderr}`);
    }
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}
