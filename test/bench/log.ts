// The log alone: entries that one audit process seals each second (signature verified, leaf, tree nodes, signed checkpoint and receipt in one
// transaction, on a disk that syncs), and how long a request for an inclusion proof takes at sizes. One JSON object on stdout. Sender, receiver and log
// share one process here, so the rate is pessimistic.
// node test/bench/log.ts [size,size,…]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startServers } from '@orgo/infra/servers';
import { createTemplateDatabase } from '@orgo/infra/test-databases';
import { SHARED_DATABASE } from '@orgo/infra/test-servers';
import { newId } from '@orgo/runtime/ids';
import { type Audit, decisionOf, itemsOf, startAudit, tenant } from '../integration/audit-instance.ts';
import { commandNow, machineNow } from './machine.ts';
import { rounded } from './result.ts';
import { ascending, quantile } from './statistics.ts';

const sizes = (process.argv[2] ?? '1000,10000,50000').split(',').map(Number);
const batch = 64;
const batchesAtOnce = 4;

/** Seals until the log has `size` entries; entries per second of the sealing alone, signing not counted. */
async function fill(audit: Audit, from: number, size: number): Promise<number> {
  const signer = await audit.keyring.signer(tenant, 'gatekeeper');
  let took = 0;
  for (let done = from; done < size; ) {
    const rounds: ReturnType<typeof itemsOf>[] = [];
    for (; rounds.length < 16 && done < size; ) {
      const count = Math.min(batch, size - done);
      const build_id = newId('bld');
      rounds.push(
        itemsOf(
          Array.from({ length: count }, (_, attempt) => ({ decision: decisionOf({ build_id, attempt }) })),
          signer,
        ),
      );
      done += count;
    }
    const begin = performance.now();
    await Promise.all(
      Array.from({ length: batchesAtOnce }, async () => {
        for (let items = rounds.pop(); items !== undefined; items = rounds.pop()) {
          const outcomes = await audit.send(items);
          if (outcomes.some(({ outcome }) => outcome !== 'accepted')) throw new Error(JSON.stringify(outcomes[0]));
        }
      }),
    );
    took += performance.now() - begin;
  }
  return ((size - from) * 1000) / took;
}

async function proofTimes(audit: Audit, size: number): Promise<{ p50_ms: number; p99_ms: number }> {
  const times: number[] = [];
  for (let n = 0; n < 300; n++) {
    const begin = performance.now();
    const { status } = await audit.call('GET', `/log/proofs/${(n * 7919) % size}`);
    times.push(performance.now() - begin);
    if (status !== 200) throw new Error(`no proof: HTTP ${status}`);
  }
  const sorted = ascending(times.slice(20));
  return { p50_ms: rounded(quantile(sorted, 0.5)), p99_ms: rounded(quantile(sorted, 0.99)) };
}

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-log-'));
const servers = await startServers({ home, need: ['postgres'], env: { ...process.env, DATABASE_URL: '' } });
try {
  await createTemplateDatabase(servers.adminDatabaseUrl);
  process.env[SHARED_DATABASE] = servers.adminDatabaseUrl;
  const audit = await startAudit();
  try {
    await fill(audit, 0, 512);
    const at = [];
    for (let n = 0; n < sizes.length; n++) {
      const size = sizes[n] as number;
      const sealed = await fill(audit, sizes[n - 1] ?? 512, size);
      at.push({ size, sealed_per_s: Math.round(sealed), proof: await proofTimes(audit, size) });
    }
    console.log(
      JSON.stringify({ machine: machineNow(), command: commandNow(), batch, batches_at_once: batchesAtOnce, at }),
    );
  } finally {
    await audit.stop();
  }
} finally {
  await servers.stop();
  fs.rmSync(home, { recursive: true, force: true });
}
