import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { ascending, quantile } from './statistics.ts';

/** Medians in milliseconds of what an idle build cannot do without. */
export type Primitives = { fdatasync_ms: number; commit_ms: number; nats_rtt_ms: number };

/**
 * What stands one behind the other in an idle build of eight stages: the start, then ten turns (admission, eight stages, the record), each with a commit of
 * the gatekeeper, of the log and of the orchestrator.
 */
export const idleCommits = 1 + 10 * 3;
/**
 * One-way messages in the same line: claim, decision and receipt of the admission and the record; command, reply, decision and receipt of eight
 * stages; question and answer of the fold; the public event. Two make a round trip.
 */
export const idleHops = 2 * 3 + 8 * 4 + 2 + 1;

/** The computed least time of an idle build: its commits and its messages, and no processor time at all. */
export const idleFloorMs = ({ commit_ms, nats_rtt_ms }: Primitives): number =>
  idleCommits * commit_ms + (idleHops / 2) * nats_rtt_ms;

async function medianOf(count: number, once: () => Promise<void> | void): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    await once();
    times.push(performance.now() - from);
  }
  return quantile(ascending(times), 0.5);
}

/** Measures the primitives now, on the instance's own servers: 300 times each. */
export async function measurePrimitives(servers: { DATABASE_URL: string; NATS_URL: string }): Promise<Primitives> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-floor-'));
  const file = fs.openSync(path.join(folder, 'log'), 'w');
  const block = Buffer.alloc(4096, 1);
  const fdatasync_ms = await medianOf(300, () => {
    fs.writeSync(file, block);
    fs.fdatasyncSync(file);
  });
  fs.closeSync(file);
  fs.rmSync(folder, { recursive: true });

  const client = new pg.Client({ connectionString: servers.DATABASE_URL });
  await client.connect();
  await client.query('CREATE SCHEMA bench_floor CREATE TABLE row (n bigserial PRIMARY KEY, body text)');
  const commit_ms = await medianOf(300, async () => {
    await client.query({
      name: 'floor',
      text: 'INSERT INTO bench_floor.row (body) VALUES ($1)',
      values: ['x'.repeat(500)],
    });
  });
  await client.query('DROP SCHEMA bench_floor CASCADE');
  await client.end();

  const url = new URL(servers.NATS_URL);
  const login = { servers: url.host, user: url.username, pass: url.password };
  const [asker, answerer] = [await connect(login), await connect(login)];
  answerer.subscribe('bench.floor', { callback: (_, message) => void message.respond(message.data) });
  await answerer.flush();
  const nats_rtt_ms = await medianOf(300, async () => {
    await asker.request('bench.floor', block.subarray(0, 512), { timeout: 10_000 });
  });
  await asker.close();
  await answerer.close();
  return { fdatasync_ms, commit_ms, nats_rtt_ms };
}
