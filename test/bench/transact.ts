// How much a transition costs in `transact`: node CPU, PostgreSQL CPU, transitions per second. Prints, asserts nothing.
// node test/bench/transact.ts [seconds] [batch]
import fs from 'node:fs';
import os from 'node:os';
import { transact } from '@orgo/store/transact';
import { add, counter, encodeCounts } from '../kit/database.counter.ts';
import { aggregateSql, createStoreSchema, startTestServers } from '../kit/database.ts';

const seconds = Number(process.argv[2] ?? 5);
const sizes = process.argv[3] === undefined ? [1, 64, 256] : [Number(process.argv[3])];
const ticks = 10_000;

const cpuOfChildren = (parent: number): number => {
  let us = 0;
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      if (Number(pid) === parent || Number(stat[1]) === parent) us += (Number(stat[11]) + Number(stat[12])) * ticks;
    } catch {
      // A process that ended between the two looks has nothing to add.
    }
  }
  return us;
};

await using servers = await startTestServers('postgres');
console.log(
  `${os.cpus().length} x ${os.cpus()[0]?.model}, node ${process.version}, load ${os.loadavg()[0]?.toFixed(2)}`,
);
for (const size of sizes) {
  const schema = await createStoreSchema(servers.urls.DATABASE_URL, aggregateSql('counter'));
  const db = schema.open({ max: 1 });
  const options = { encode: encodeCounts, nudge: () => undefined };
  let message = 0;
  const batch = () => Array.from({ length: size }, (_, i) => add('bench', `c${message % 4096}-${i}`, `m${message++}`));
  const until = async (end: number): Promise<number> => {
    let count = 0;
    for (; performance.now() < end; count += size) await transact(db, counter, batch(), options);
    return count;
  };
  await until(performance.now() + 1_500);
  const [node, postgres, start] = [process.cpuUsage(), cpuOfChildren(servers.pids.postgres ?? 0), performance.now()];
  const count = await until(start + seconds * 1000);
  const spent = process.cpuUsage(node);
  const wall = performance.now() - start;
  console.log(
    JSON.stringify({
      batch: size,
      transitions_per_s: Math.round(count / (wall / 1000)),
      node_us: +((spent.user + spent.system) / count).toFixed(1),
      postgres_us: +((cpuOfChildren(servers.pids.postgres ?? 0) - postgres) / count).toFixed(1),
      ms_per_batch: +(wall / (count / size)).toFixed(2),
    }),
  );
  await db.close();
}
