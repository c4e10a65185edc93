import type { KeyUses, LoggedSubject, ReceiptItem } from '@orgo/contracts';
import {
  consistencyPath,
  fromHex,
  leafHash,
  parseTilePath,
  rootOf,
  tilePath,
  tilesOf,
  toHex,
  verifyConsistency,
  verifyTileLog,
} from '@orgo/core';
import { verifySeal } from '@orgo/core/seal';
import { newId } from '@orgo/runtime/ids';
import { verifySignature } from '@orgo/runtime/signer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Audit, decisionOf, itemsOf, startAudit, tenant } from './audit-instance.ts';

let audit: Audit;
beforeEach(async () => {
  audit = await startAudit({ tenants: ['acme', 'globex'] });
});
afterEach(() => audit.stop());

const _accepted = { outcome: 'accepted', code: null };
const gatekeeper = () => audit.keyring.signer(tenant, 'gatekeeper');
const many = (count: number, build_id = newId('bld')) =>
  Array.from({ length: count }, (_, attempt) => ({ decision: decisionOf({ build_id, attempt }) }));
const _verdictOf = ({ seal, decision }: ReceiptItem) =>
  verifySeal(seal, decision.payload, { log: audit.root.log, verify: verifySignature });

test('routes give the checkpoint, proofs and entries that the log has', async () => {
  expect(await audit.call('GET', '/log/checkpoint')).toMatchObject({
    status: 404,
    body: { code: 'LOG_ENTRY_NOT_FOUND' },
  });
  expect((await audit.call('GET', '/log/entries')).text).toBe('');
  for (let size = 0; size < 40; size += 8) await audit.seal(many(8));
  const { body: checkpoint } = await audit.call('GET', '/log/checkpoint');
  expect(checkpoint).toMatchObject({ tenant_id: tenant, origin: audit.root.log.origin, tree_size: 40 });
  const leaves = await audit.rows<{ leaf: Buffer }>('SELECT leaf FROM log_leaf ORDER BY idx');
  expect(checkpoint.root_hash).toBe(toHex(rootOf(leaves.map(({ leaf }) => leafHash(leaf)))));
  for (const index of [0, 15, 16, 38, 39]) {
    const { body: proof } = await audit.call('GET', `/log/proofs/${index}`);
    expect(proof).toMatchObject({ index, size: 40, leaf: leaves[index]?.leaf.toString('base64') });
    const payload = Buffer.from(proof.leaf, 'base64').toString();
    const seal = { index, size: 40, path: proof.path, checkpoint: proof.checkpoint };
    expect(verifySeal(seal, payload, { log: audit.root.log, verify: verifySignature })).toMatchObject({ ok: true });
  }
  const lines = (await audit.call('GET', '/log/entries?from=3&to=7')).text.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    [3, 4, 5, 6].map((index) => ({ index, leaf: leaves[index]?.leaf.toString('base64') })),
  );
  expect((await audit.call('GET', '/log/entries?from=38&to=9999')).text.split('\n')).toHaveLength(3);
  const { body: first } = await audit.call('GET', '/log/subjects?limit=3');
  const { body: rest } = await audit.call('GET', `/log/subjects?limit=3&cursor=${first.next_cursor}`);
  const subjects = [...first.items, ...rest.items] as LoggedSubject[];
  expect([first.items.length, rest.items.length, rest.next_cursor]).toEqual([3, 2, null]);
  expect(subjects.map(({ entries }) => entries.map(({ index }) => index))).toEqual(
    [32, 24, 16, 8, 0].map((from) => Array.from({ length: 8 }, (_, i) => from + i)),
  );
  expect((await audit.call('GET', '/log/subjects?of=rel')).body).toEqual({ items: [], next_cursor: null });
  expect(await audit.call('GET', '/log/subjects?of=x')).toMatchObject({ status: 400 });
  expect(await audit.call('GET', '/log/proofs/40')).toMatchObject({
    status: 404,
    body: { code: 'LOG_ENTRY_NOT_FOUND' },
  });
  expect(await audit.call('GET', '/log/entries?from=-1')).toMatchObject({
    status: 400,
    body: { code: 'REQUEST_INVALID' },
  });
  expect(await audit.call('GET', `/records/${newId('bld')}`)).toMatchObject({
    status: 404,
    body: { code: 'RECORD_NOT_FOUND' },
  });
  expect(await audit.call('POST', '/log/fsck')).toMatchObject({
    status: 200,
    body: { ok: true, entries: 40, findings: [] },
  });
});

test('paths go through stored inner nodes, one row per sixteen entries', async () => {
  const items = itemsOf(many(300), await gatekeeper());
  for (let at = 0; at < 300; at += 100) await audit.send(items.slice(at, at + 100));
  const nodes = await audit.rows('SELECT level, count(*)::int AS n FROM log_node GROUP BY level ORDER BY level');
  expect(nodes).toEqual([
    { level: 4, n: 18 },
    { level: 8, n: 1 },
  ]);
  const { body } = await audit.call('GET', '/log/proofs/299');
  const seal = { index: 299, size: 300, path: body.path, checkpoint: body.checkpoint };
  const payload = items[299]?.decision.payload ?? '';
  expect(verifySeal(seal, payload, { log: audit.root.log, verify: verifySignature })).toMatchObject({ ok: true });
});

const bytesOf = async (path: string): Promise<{ status: number; bytes: Uint8Array; type: string | null }> => {
  const answer = await audit.fetch(path);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, bytes, type: answer.headers.get('content-type') };
};

test('the log is read as C2SP tiles, at its newest size and at every size before', async () => {
  for (const count of [100, 100, 57, 43, 256]) await audit.seal(many(count));
  const { text: note } = await audit.call('GET', '/tlog/checkpoint');
  const [origin = '', size = '', root = ''] = note.split('\n');
  expect({ origin, size }).toEqual({ origin: audit.root.log.origin, size: '556' });
  const files = new Map<string, Uint8Array>();
  for (const tile of tilesOf(556)) {
    const { status, bytes, type } = await bytesOf(`/tlog/${tilePath(tile)}`);
    expect([status, type]).toEqual([200, 'application/octet-stream']);
    files.set(tilePath(tile), bytes);
  }
  expect([...files.keys()].sort()).toEqual([
    ...['tile/0/000', 'tile/0/001', 'tile/0/002.p/44', 'tile/1/000.p/2'],
    ...['tile/entries/000', 'tile/entries/001', 'tile/entries/002.p/44'],
  ]);
  const checkpoint = { origin, size: 556, root: new Uint8Array(Buffer.from(root, 'base64')) };
  expect(verifyTileLog(checkpoint, (path) => files.get(path))).toEqual({ ok: true, value: { entries: 556, tiles: 7 } });
  // An earlier size has its partial tiles still.
  expect((await bytesOf('/tlog/tile/0/001.p/1')).bytes).toEqual(files.get('tile/0/001')?.subarray(0, 32));
  for (const path of ['tile/0/002', 'tile/0/002.p/45', 'tile/1/000', 'tile/2/000.p/1', 'tile/entries/003.p/1']) {
    expect(parseTilePath(path).ok).toBe(true);
    expect(await audit.call('GET', `/tlog/${path}`)).toMatchObject({
      status: 404,
      body: { code: 'LOG_ENTRY_NOT_FOUND' },
    });
  }
  for (const path of [
    'tile/0/0',
    'tile/00/000',
    'tile/0/000.p/256',
    'tile/entries/..%2f..%2fx',
    'tile/x/000',
    'tile/0/000%00',
  ])
    expect((await audit.call('GET', `/tlog/${path}`)).body).toMatchObject({ code: 'PATH_UNSAFE' });
  await audit.tamper('UPDATE log_leaf SET leaf = set_byte(leaf, 40, get_byte(leaf, 40) # 1) WHERE idx = 300');
  for (const path of ['tile/0/001', 'tile/entries/001'])
    expect((await audit.call('GET', `/tlog/${path}`)).body).toMatchObject({ code: 'LEAF_HASH_MISMATCH' });
  expect((await bytesOf('/tlog/tile/0/000')).status).toBe(200);
  await audit.tamper('DELETE FROM log_node WHERE level = 8');
  expect((await audit.call('GET', '/tlog/tile/1/000.p/2')).body).toMatchObject({ code: 'LOG_GAP_DETECTED' });
});

test('every earlier size is proven to be the beginning of the newest checkpoint', async () => {
  for (const count of [10, 7, 3]) await audit.seal(many(count));
  const leaves = (await audit.rows<{ leaf: Buffer }>('SELECT leaf FROM log_leaf ORDER BY idx')).map(({ leaf }) =>
    leafHash(leaf),
  );
  for (let from = 1; from <= 20; from++) {
    const { body } = await audit.call('GET', `/log/consistency?from=${from}`);
    expect(body).toMatchObject({ from, to: 20, path: consistencyPath(leaves, from).map(toHex) });
    const bytes = (hex: string) => {
      const read = fromHex(hex);
      return read.ok ? read.value : new Uint8Array();
    };
    const [root1, root2, path] = [bytes(body.from_root), bytes(body.root), body.path.map(bytes)];
    expect(root1).toEqual(rootOf(leaves.slice(0, from)));
    expect(verifyConsistency({ size1: from, size2: 20, root1, root2, path })).toMatchObject({ ok: true });
    expect(body.checkpoint).toContain('\n20\n');
  }
  for (const [query, status] of [
    ['from=0', 400],
    ['from=-1', 400],
    ['', 400],
    ['from=21', 404],
  ] as const)
    expect(await audit.call('GET', `/log/consistency?${query}`)).toMatchObject({ status });
  await audit.tamper('UPDATE log_node SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE level = 4');
  expect((await audit.call('GET', '/log/consistency?from=17')).body).toMatchObject({ code: 'ROOT_MISMATCH' });
});

test('the log says what each key signed: the gatekeeper the entries, others what the entries are about', async () => {
  expect((await audit.call('GET', '/log/keys')).body).toEqual({ tenant_id: tenant, tree_size: 0, uses: [] });
  const about = (subject_key_id: string, attempt: number) => ({ decision: decisionOf({ subject_key_id, attempt }) });
  await audit.seal([about('one', 1), about('', 2), about('two', 3)]);
  await audit.seal([
    about('one', 4),
    { decision: decisionOf({ subject_key_id: 'one', kind: 'REFUSAL', final: false }) },
  ]);
  const { key_id } = await gatekeeper();
  const { body } = await audit.call('GET', '/log/keys');
  const rows = (body.uses as KeyUses['uses']).map((use) => Object.values(use).slice(0, 6));
  expect([body.tree_size, rows]).toEqual([
    5,
    [
      [key_id, 'decision', 'STAGE', 4, 0, 3],
      ['one', 'subject', 'STAGE', 2, 0, 3],
      ['two', 'subject', 'STAGE', 1, 2, 2],
      [key_id, 'decision', 'REFUSAL', 1, 4, 4],
      ['one', 'subject', 'REFUSAL', 1, 4, 4],
    ],
  ]);
  expect((await audit.call('GET', '/log/keys?key=two')).body.uses).toEqual([body.uses[2]]);
  await audit.tamper('UPDATE log_leaf SET leaf = set_byte(leaf, 40, get_byte(leaf, 40) # 1) WHERE idx = 3');
  expect((await audit.call('GET', '/log/keys')).body).toMatchObject({ code: 'LEAF_HASH_MISMATCH' });
});
