import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { formatVkey } from '@orgo/core';
import { newId } from '@orgo/runtime/ids';
import { startWitness, type Witness } from '@orgo/witness';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Audit, decisionOf, startAudit, tenant } from './audit-instance.ts';

let audit: Audit;
let witness: Witness;
let settings: Record<string, string>;
const at = (name: string): string => path.join(audit.instance.home, name);
const startIt = (home: string, port = 0): Promise<Witness> =>
  startWitness({
    ORGO_WITNESS_DIR: path.join(home, 'witness'),
    ORGO_WITNESS_NAME: 'witness.example/w1',
    ORGO_WITNESS_LOGS: path.join(home, 'watched'),
    ORGO_WITNESS_HOST: '127.0.0.1',
    ORGO_WITNESS_PORT: port,
  });

beforeEach(async () => {
  audit = await startAudit();
  fs.writeFileSync(at('watched'), audit.root.log.keys.map((key) => `${formatVkey(key)}\n`).join(''));
  witness = await startIt(audit.instance.home);
  fs.writeFileSync(at('policy'), `witness w1 ${witness.vkey} ${witness.url}\nquorum w1\n`);
  settings = { ORGO_WITNESS_POLICY: at('policy') };
});
afterEach(async () => {
  await audit.stop();
  await witness.close();
});

const stopAudit = async (): Promise<void> => {
  for (const one of audit.replicas.splice(0)) await one.stop();
};
const seal = async (count: number) => {
  const build_id = newId('bld');
  const decided = Array.from({ length: count }, (_, attempt) => ({ decision: decisionOf({ build_id, attempt }) }));
  const outcomes = await audit.seal(decided);
  return [...new Set(outcomes.map(({ outcome, code }) => code ?? outcome))];
};
const cosigned = async () => (await audit.call('GET', '/log/checkpoint')).body.cosigned;
const isCosigned = (size: number) =>
  expect.poll(async () => (await cosigned())?.tree_size, { timeout: 20_000 }).toBe(size);
/** A witness is asked after the seal, which waits for nobody. */
const isMissed = () =>
  expect
    .poll(() => audit.replicas[0]?.said.map(({ code }) => code), { timeout: 20_000 })
    .toContain('WITNESS_UNAVAILABLE');
const places = async () =>
  (await audit.call('POST', '/log/fsck')).body.findings.map(
    (f: { code: string; place: string }) => `${f.code} ${f.place}`,
  );

/** Works on the databases of the server, which must be used by nobody then. */
async function admin(...statements: ((name: string) => string)[]): Promise<void> {
  const url = new URL(audit.instance.adminDatabaseUrl);
  const name = url.pathname.slice(1);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    const end = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()';
    for (const statement of statements) {
      await client.query(end, [name]);
      await client.query(statement(name));
    }
  } finally {
    await client.end();
  }
}
/** The whole database, as a file-level backup of the server would hold it. */
const backup = (): Promise<void> => admin((name) => `CREATE DATABASE "${name}_backup" TEMPLATE "${name}"`);
const restore = (): Promise<void> =>
  admin(
    (name) => `DROP DATABASE "${name}" WITH (FORCE)`,
    (name) => `ALTER DATABASE "${name}_backup" RENAME TO "${name}"`,
  );
const keepFiles = (): void => fs.cpSync(at('checkpoints'), at('checkpoints.kept'), { recursive: true });
const putBackFiles = (): void => {
  fs.rmSync(at('checkpoints'), { recursive: true });
  fs.cpSync(at('checkpoints.kept'), at('checkpoints'), { recursive: true });
};

/** Ten entries, a backup, ten more. */
async function backedUpAtTen(): Promise<void> {
  await stopAudit();
  await audit.another(settings);
  expect(await seal(10)).toEqual(['accepted']);
  await isCosigned(10);
  await stopAudit();
  await backup();
  keepFiles();
  await audit.another(settings);
  expect(await seal(10)).toEqual(['accepted']);
  await isCosigned(20);
}

describe('a database that was restored from an older backup', () => {
  beforeEach(backedUpAtTen);

  test('is not signed over: the checkpoint file tells', async () => {
    await stopAudit();
    await restore();
    await audit.another();
    expect(await seal(1)).toEqual(['LOG_ROLLBACK_DETECTED']);
    expect(await places()).toEqual(['LOG_ROLLBACK_DETECTED checkpoint/20', 'LOG_ROLLBACK_DETECTED checkpoint/20']);
  });

  test('with its checkpoint files: the witness tells, and fsck asks it', async () => {
    await stopAudit();
    await restore();
    putBackFiles();
    await audit.another(settings);
    expect(await seal(1)).toEqual(['LOG_ROLLBACK_DETECTED']);
    expect(audit.replicas[0]?.said).toContainEqual(
      expect.objectContaining({ level: 'error', code: 'LOG_ROLLBACK_DETECTED', msg: 'signing is off for this tenant' }),
    );
    expect(await places()).toEqual(['LOG_ROLLBACK_DETECTED checkpoint/witness']);
  });

  test('under a running audit: what it has seen tells', async () => {
    await restore();
    await expect.poll(() => seal(1), { timeout: 20_000 }).toEqual(['LOG_ROLLBACK_DETECTED']);
  });

  test('under an audit that started since and has not sealed: what it compared at its start tells', async () => {
    await stopAudit();
    await audit.another();
    await restore();
    await expect.poll(() => seal(1), { timeout: 20_000 }).toEqual(['LOG_ROLLBACK_DETECTED']);
  });

  test('and went on to the same length is a fork: for the file, and for the witness', async () => {
    await stopAudit();
    await restore();
    const newest = fs.readFileSync(at(`checkpoints/${tenant}`));
    putBackFiles();
    // Nobody outside is asked: this is how a fork comes to be.
    await audit.another();
    expect(await seal(15)).toEqual(['accepted']);
    await stopAudit();
    fs.writeFileSync(at(`checkpoints/${tenant}`), newest);
    await audit.another();
    expect(await seal(1)).toEqual(['LOG_FORK_DETECTED']);
    await stopAudit();
    putBackFiles();
    await audit.another(settings);
    expect(await seal(1)).toEqual(['LOG_FORK_DETECTED']);
    expect(await places()).toEqual(['LOG_FORK_DETECTED checkpoint/witness']);
  });

  test('and went on while the witness was away is found when it is back, and signing stops', async () => {
    await stopAudit();
    await restore();
    putBackFiles();
    const port = Number(new URL(witness.url).port);
    await witness.close();
    await audit.another(settings);
    expect(await seal(3)).toEqual(['accepted']);
    witness = await startIt(audit.instance.home, port);
    await expect.poll(() => seal(1), { timeout: 20_000 }).toEqual(['LOG_ROLLBACK_DETECTED']);
  });
});

test('sealing does not wait for a witness, and it cosigns when it is there again', async () => {
  await stopAudit();
  const port = Number(new URL(witness.url).port);
  await witness.close();
  await audit.another(settings);
  expect(await seal(5)).toEqual(['accepted']);
  expect(await cosigned()).toBe(null);
  await isMissed();
  witness = await startIt(audit.instance.home, port);
  await isCosigned(5);
  expect(await cosigned()).toMatchObject({ quorum: true, witnesses: [{ name: 'witness.example/w1' }] });
  expect((await audit.call('GET', '/tlog/checkpoint')).text).toBe((await cosigned()).checkpoint);
});

test('a witness that lies gives no cosignature, and can stop sealing', async () => {
  await stopAudit();
  await witness.close();
  let says = { status: 200, text: `\u2014 witness.example/w1 ${'A'.repeat(108)}\n` };
  const liar = createServer((request, response) => {
    request.resume();
    response.writeHead(says.status).end(says.text);
  });
  await once(liar.listen(Number(new URL(witness.url).port), '127.0.0.1'), 'listening');
  await audit.another(settings);
  expect(await seal(5)).toEqual(['accepted']);
  await isMissed();
  expect(await cosigned()).toBe(null);

  says = { status: 409, text: '9\n' };
  await stopAudit();
  await audit.another(settings);
  expect(await seal(1)).toEqual(['LOG_ROLLBACK_DETECTED']);
  liar.close();
  liar.closeAllConnections();
  witness = await startIt(audit.instance.home);
});

test('fsck holds the log against a cosigned checkpoint, too', async () => {
  await stopAudit();
  await audit.another(settings);
  await seal(5);
  await isCosigned(5);
  expect(await places()).toEqual([]);
  const file = at(`checkpoints/${tenant}.cosigned`);
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('\n5\n', '\n6\n'));
  expect(await places()).toEqual(['CHECKPOINT_SIGNATURE_INVALID checkpoint/cosigned']);
  await stopAudit();
  await audit.another(settings);
  expect(await seal(1)).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
});

test('a crash before the checkpoint was written outside is made good at the next start, before anything is sealed', async () => {
  await seal(5);
  await stopAudit();
  const file = at(`checkpoints/${tenant}`);
  fs.rmSync(file);
  await audit.another();
  await expect.poll(() => fs.existsSync(file) && fs.readFileSync(file, 'utf8').split('\n')[1]).toBe('5');
});
