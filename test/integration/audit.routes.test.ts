import type { ReceiptItem } from '@orgo/contracts';
import { leafHash, rootOf, toHex } from '@orgo/core';
import { newId } from '@orgo/runtime/ids';
import { verifySeal } from '@orgo/runtime/seal';
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
