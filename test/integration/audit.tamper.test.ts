import fs from 'node:fs';
import path from 'node:path';
import { type ArtifactRef, type FsckReport, sealedSubject } from '@orgo/contracts';
import { appendLeaves, digestHex, digestOf, emptyFrontier, rootOf } from '@orgo/core';
import { newId } from '@orgo/runtime/ids';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Audit, authorizationFor, type Decided, decisionOf, startAudit, tenant } from './audit-instance.ts';

let audit: Audit;
let build_id: string;
let output: ArtifactRef;
/** Twenty decisions of one build in four batches; the tenth names an artifact, the first gives an authorization. */
beforeEach(async () => {
  audit = await startAudit();
  build_id = newId('bld');
  output = await audit.put('pinned-context', { pinned: 'a' });
  const decided = Array.from({ length: 20 }, (_, attempt): Decided => {
    const decision = decisionOf({ build_id, attempt, outputs: attempt === 10 ? [output] : [] });
    if (attempt > 0) return { decision };
    const authorization = authorizationFor(decision);
    return { decision: { ...decision, authorizations: [digestOf(authorization)] }, authorizations: [authorization] };
  });
  for (let at = 0; at < 20; at += 5) await audit.seal(decided.slice(at, at + 5));
});
afterEach(() => audit.stop());

const fsck = async (): Promise<FsckReport> => (await audit.call('POST', '/log/fsck')).body;
const places = async () => (await fsck()).findings.map(({ code, place }) => `${code} ${place}`);
const checkpointFile = () => path.join(audit.instance.home, 'checkpoints', tenant);

describe('the log only grows', () => {
  const statements = ['log_leaf', 'log_node', 'log_checkpoint'].flatMap((table) => [
    `UPDATE ${table} SET tenant_id = 'x'`,
    `DELETE FROM ${table}`,
    `TRUNCATE ${table}`,
  ]);

  test.each(statements)('the service’s own role may not: %s', async (sql) => {
    const client = new pg.Client({ connectionString: audit.instance.serviceUrls.audit });
    await client.connect();
    await expect(client.query(sql)).rejects.toMatchObject({
      code: '42501',
      message: expect.stringContaining('permission denied'),
    });
    await client.end();
  });

  test.each(statements)('a trigger stops whoever may: %s', async (sql) => {
    await expect(audit.rows(sql)).rejects.toMatchObject({ message: expect.stringContaining('AUDIT_APPEND_ONLY') });
  });

  test('the head may move, but not be forgotten', async () => {
    const client = new pg.Client({ connectionString: audit.instance.serviceUrls.audit });
    await client.connect();
    await expect(client.query('DELETE FROM log')).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });
});

describe('reading everything back', () => {
  test('finds nothing in a sound log', async () => {
    expect(await fsck()).toEqual({
      tenant_id: tenant,
      ok: true,
      entries: 20,
      artifacts: 1,
      bytes: output.size,
      findings: [],
    });
  });

  test('finds a flipped byte of an entry, and no reader is given it', async () => {
    await audit.tamper('UPDATE log_leaf SET leaf = set_byte(leaf, 40, get_byte(leaf, 40) # 1) WHERE idx = 7');
    const report = await fsck();
    expect(report.findings).toEqual([
      { code: 'LEAF_HASH_MISMATCH', place: 'log/7', detail: expect.stringContaining(`${build_id} pin`) },
    ]);
    expect(report.ok).toBe(false);
    for (const route of ['/log/proofs/7', '/log/entries', `/records/${build_id}`, `/records/${build_id}/bundle`])
      expect((await audit.call('GET', route)).body).toMatchObject({ code: 'LEAF_HASH_MISMATCH' });
    expect(await audit.ask(sealedSubject(tenant), { v: 1, build_id, kind: 'STAGE' })).toMatchObject({
      ok: false,
      code: 'LEAF_HASH_MISMATCH',
    });
    expect(await audit.call('GET', '/log/proofs/8')).toMatchObject({ status: 200 });
  });

  test('finds an entry that was exchanged with its hash: every root over it contradicts', async () => {
    const leaf = (await audit.rows('SELECT leaf FROM log_leaf WHERE idx = 8'))[0].leaf.toString();
    await audit.tamper(
      `UPDATE log_leaf SET leaf = convert_to($1, 'UTF8'), leaf_hash = sha256('\\x00'::bytea || convert_to($1, 'UTF8')),
 decision_digest = 'sha256:' || encode(sha256(convert_to($1, 'UTF8')), 'hex') WHERE idx = 7`,
      [leaf.replace('"PASS"', '"FAIL"')],
    );
    expect(await places()).toEqual([
      'SIGNATURE_INVALID log/7',
      'ROOT_MISMATCH checkpoint/10',
      'PROOF_INVALID log/0',
      'ROOT_MISMATCH checkpoint/20',
    ]);
    expect((await audit.call('GET', '/log/proofs/8')).body).toMatchObject({ code: 'ROOT_MISMATCH' });
  });

  test('finds an entry that was exchanged with its hash, every tile over it and the head: the signed root differs', async () => {
    const text = (await audit.rows('SELECT leaf FROM log_leaf WHERE idx = 8'))[0].leaf.toString();
    await audit.tamper(
      `UPDATE log_leaf SET leaf = convert_to($1, 'UTF8'), leaf_hash = sha256('\\x00'::bytea || convert_to($1, 'UTF8')),
 decision_digest = 'sha256:' || encode(sha256(convert_to($1, 'UTF8')), 'hex') WHERE idx = 7`,
      [text.replace('"PASS"', '"FAIL"')],
    );
    const rows = await audit.rows<{ leaf_hash: Buffer }>('SELECT leaf_hash FROM log_leaf ORDER BY idx');
    const hashes = rows.map(({ leaf_hash }) => leaf_hash);
    await audit.tamper('UPDATE log_node SET hash = $1 WHERE level = 4', [rootOf(hashes.slice(0, 16))]);
    const { frontier } = appendLeaves(emptyFrontier(), hashes);
    await audit.tamper('UPDATE log SET state = $1', [{ frontier, epoch: 1 }]);
    expect(await places()).toEqual([
      'SIGNATURE_INVALID log/7',
      'ROOT_MISMATCH checkpoint/10',
      'LOG_FORK_DETECTED checkpoint/20',
    ]);
    expect((await audit.call('GET', '/log/proofs/8')).body).toMatchObject({ code: 'ROOT_MISMATCH' });
    expect((await audit.call('GET', '/log/consistency?from=10')).body).toMatchObject({ code: 'ROOT_MISMATCH' });
    expect(await audit.seal([{ decision: decisionOf({ build_id, attempt: 99 }) }])).toEqual([
      { outcome: 'later', code: 'LOG_FORK_DETECTED' },
    ]);
  });

  test('finds an entry that is missing, and one that is filed wrongly', async () => {
    await audit.tamper("UPDATE log_leaf SET build_id = 'bld_x' WHERE idx = 3");
    await audit.tamper('DELETE FROM log_leaf WHERE idx = 12');
    expect(await places()).toEqual(['LEAF_HASH_MISMATCH log/3', 'LOG_GAP_DETECTED log/12']);
    expect((await audit.call('GET', '/log/proofs/12')).body).toMatchObject({ code: 'LOG_GAP_DETECTED' });
  });

  test('finds a flipped checkpoint: its root, its note, its signature', async () => {
    await audit.tamper('UPDATE log_checkpoint SET root = set_byte(root, 0, get_byte(root, 0) # 1) WHERE size = 5');
    await audit.tamper("UPDATE log_checkpoint SET note = replace(note, E'\\n10\\n', E'\\n11\\n') WHERE size = 10");
    await audit.tamper("UPDATE log_checkpoint SET note = 'nothing' WHERE size = 15");
    expect(await places()).toEqual([
      'ROOT_MISMATCH checkpoint/5',
      'ROOT_MISMATCH checkpoint/5',
      'CHECKPOINT_SIGNATURE_INVALID checkpoint/10',
      'CHECKPOINT_MALFORMED checkpoint/15',
    ]);
  });

  test('finds a changed proof of signature and a changed authorization', async () => {
    await audit.tamper(`UPDATE log_leaf SET proof = jsonb_set(proof::jsonb, '{index}', '3')::json WHERE idx = 6`);
    await audit.tamper(`UPDATE log_leaf SET authorizations = '[]' WHERE idx = 0`);
    expect(await places()).toEqual(['DECISION_MALFORMED log/0', 'SIGNATURE_INVALID log/6']);
  });

  test('finds a stored inner hash that follows from nothing, and a head that does', async () => {
    await audit.tamper('UPDATE log_node SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE level = 4');
    expect(await places()).toEqual(['PROOF_INVALID log/0', 'LOG_FORK_DETECTED checkpoint/20']);
    await audit.tamper('UPDATE log_node SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE level = 4');
    await audit.tamper(`UPDATE log SET state = jsonb_set(state, '{frontier,hashes,0}', to_jsonb(repeat('0', 64)))`);
    expect(await places()).toEqual(['ROOT_MISMATCH checkpoint/20', 'LOG_FORK_DETECTED checkpoint/20']);
  });

  test('finds a flipped byte of an artifact and a missing one, and says whose they are', async () => {
    const hex = digestHex(output.ref);
    const file = path.join(audit.instance.home, 'artifacts', tenant, 'sha256', hex.slice(0, 2), hex);
    const bytes = fs.readFileSync(file);
    fs.chmodSync(file, 0o600);
    fs.writeFileSync(
      file,
      bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
    );
    const place = `artifact/${output.ref}`;
    const detail = expect.stringContaining(`pinned-context of ${build_id} pin, log/10`);
    expect((await fsck()).findings).toEqual([{ code: 'HASH_MISMATCH', place, detail }]);
    fs.rmSync(file);
    expect((await fsck()).findings).toEqual([{ code: 'ARTIFACT_NOT_FOUND', place, detail }]);
  });
});

describe('a log that went back', () => {
  const tail = async (): Promise<void> => {
    await audit.tamper('DELETE FROM log_leaf WHERE idx >= 15');
    await audit.tamper('DELETE FROM log_checkpoint WHERE size > 15');
    await audit.tamper('DELETE FROM log_node');
  };
  /** The state of the head when the log had fifteen entries. */
  const headOf15 = async (): Promise<unknown> => {
    const other = await audit.rows('SELECT leaf_hash FROM log_leaf WHERE idx < 15 ORDER BY idx');
    const { frontier } = appendLeaves(
      emptyFrontier(),
      other.map(({ leaf_hash }) => leaf_hash),
    );
    return { frontier, epoch: 1 };
  };
  const more = () => audit.seal([{ decision: decisionOf({ build_id, attempt: 99 }) }]);
  const off = (code: string) =>
    expect.objectContaining({ level: 'error', code, msg: 'signing is off for this tenant' });

  test('is not signed over any more: the checkpoint outside tells at the start', async () => {
    const state = await headOf15();
    await audit.replicas[0]?.stop();
    audit.replicas.splice(0);
    await tail();
    await audit.tamper('UPDATE log SET state = $1, version = 15', [state]);
    await audit.another();
    expect(audit.replicas[0]?.said).toContainEqual(off('LOG_ROLLBACK_DETECTED'));
    expect(await more()).toEqual([{ outcome: 'later', code: 'LOG_ROLLBACK_DETECTED' }]);
    expect(await audit.rows('SELECT max(idx)::int AS last FROM log_leaf')).toEqual([{ last: 14 }]);
    expect(await places()).toEqual(['LOG_ROLLBACK_DETECTED checkpoint/20']);
  });

  test('is not signed over by a process that has seen it longer', async () => {
    const state = await headOf15();
    await tail();
    await audit.tamper('UPDATE log SET state = $1, version = 15', [state]);
    expect(await more()).toEqual([{ outcome: 'later', code: 'LOG_ROLLBACK_DETECTED' }]);
    expect(await more()).toEqual([{ outcome: 'later', code: 'LOG_ROLLBACK_DETECTED' }]);
    expect(audit.replicas[0]?.said).toContainEqual(off('LOG_ROLLBACK_DETECTED'));
  });

  test('or was rewritten to the same length is a fork', async () => {
    await audit.tamper(`UPDATE log SET state = jsonb_set(state, '{frontier,hashes,0}', to_jsonb(repeat('0', 64)))`);
    expect(await more()).toEqual([{ outcome: 'later', code: 'LOG_FORK_DETECTED' }]);
    await audit.restart();
    expect(audit.replicas[0]?.said).toContainEqual(off('LOG_FORK_DETECTED'));
    expect(await more()).toEqual([{ outcome: 'later', code: 'LOG_FORK_DETECTED' }]);
  });

  test('a checkpoint outside that is forged keeps signing off, too', async () => {
    await audit.replicas[0]?.stop();
    audit.replicas.splice(0);
    fs.writeFileSync(checkpointFile(), fs.readFileSync(checkpointFile(), 'utf8').replace('\n20\n', '\n19\n'));
    await audit.another();
    expect(await more()).toEqual([{ outcome: 'later', code: 'CHECKPOINT_SIGNATURE_INVALID' }]);
  });

  test('one that lags behind does not: it is an older head of the same log', async () => {
    await audit.replicas[0]?.stop();
    audit.replicas.splice(0);
    const [{ note }] = (await audit.rows('SELECT note FROM log_checkpoint WHERE size = 10')) as [{ note: string }];
    fs.writeFileSync(checkpointFile(), note);
    await audit.another();
    expect(await more()).toEqual([{ outcome: 'accepted', code: null }]);
    await expect.poll(() => fs.readFileSync(checkpointFile(), 'utf8').split('\n')[1]).toBe('21');
  });

  test('none at all does not: a home may be new', async () => {
    await audit.replicas[0]?.stop();
    audit.replicas.splice(0);
    fs.rmSync(checkpointFile());
    await audit.another();
    expect(await more()).toEqual([{ outcome: 'accepted', code: null }]);
  });
});
