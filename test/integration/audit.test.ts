import { join } from 'node:path';
import { decisionKinds, type ReceiptItem, sealedSubject } from '@orgo/contracts';
import { digestOf, leafHash, parseCheckpoint, rootOf, toHex, verifyNote } from '@orgo/core';
import { verifySeal } from '@orgo/core/seal';
import { readFileIfAny } from '@orgo/runtime/durable-file';
import { newId } from '@orgo/runtime/ids';
import { verifySignature } from '@orgo/runtime/signer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Audit,
  authorizationFor,
  decisionOf,
  digestOfItem,
  itemsOf,
  startAudit,
  tenant,
} from './audit-instance.ts';

let audit: Audit;
beforeEach(async () => {
  audit = await startAudit({ tenants: ['acme', 'globex'] });
});
afterEach(() => audit.stop());

const accepted = { outcome: 'accepted', code: null };
const gatekeeper = () => audit.keyring.signer(tenant, 'gatekeeper');
const many = (count: number, build_id = newId('bld')) =>
  Array.from({ length: count }, (_, attempt) => ({ decision: decisionOf({ build_id, attempt }) }));
const verdictOf = ({ seal, decision }: ReceiptItem) =>
  verifySeal(seal, decision.payload, { log: audit.root.log, verify: verifySignature });

test('a decision is sealed in order, and its receipt proves it with everything it came with', async () => {
  const first = decisionOf();
  const authorization = authorizationFor(first);
  const decision = { ...first, authorizations: [digestOf(authorization)] };
  const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
  const [item] = itemsOf([{ decision, authorizations: [authorization] }], await gatekeeper(), traceparent);
  expect(await audit.send([item as never])).toEqual([accepted]);
  await expect.poll(() => audit.receipts).toHaveLength(1);
  const [receipt] = audit.receipts as [ReceiptItem];
  expect(receipt).toMatchObject({ decision: item?.decision, authorizations: item?.authorizations, traceparent });
  expect(verdictOf(receipt)).toEqual({ ok: true, value: { index: 0, size: 1 } });
  const [row] = await audit.rows('SELECT * FROM log_leaf');
  expect(row.leaf.toString()).toBe(item?.decision.payload);
  expect(row).toMatchObject({ decision_digest: digestOf(decision), stage: 'pin' });
  await expect.poll(() => audit.rows('SELECT * FROM outbox')).toEqual([]);
});

test('indexes are dense and every receipt verifies, with two replicas and many batches at once', async () => {
  await audit.another({ ORGO_SEAL_BATCH: '7' });
  const items = itemsOf(many(60).concat(many(60), many(60)), await gatekeeper());
  const batches = Array.from({ length: 36 }, (_, i) => items.slice(i * 5, i * 5 + 5));
  const answers = await Promise.all(batches.map((batch) => audit.send(batch)));
  expect(answers.flat()).toEqual(items.map(() => accepted));
  await expect.poll(() => audit.receipts.length, { timeout: 10_000 }).toBe(items.length);
  expect(audit.receipts.map(({ seal }) => seal.index).sort((a, b) => a - b)).toEqual(items.map((_, i) => i));
  for (const receipt of audit.receipts) expect(verdictOf(receipt)).toMatchObject({ ok: true });

  const leaves = await audit.rows<{ leaf: Buffer }>('SELECT leaf FROM log_leaf ORDER BY idx');
  const checkpoints = await audit.rows<{ size: string; root: Buffer; note: string }>(
    'SELECT size, root, note FROM log_checkpoint ORDER BY size',
  );
  expect(checkpoints.length).toBeGreaterThan(1);
  expect(Number(checkpoints.at(-1)?.size)).toBe(items.length);
  for (const { size, root, note } of checkpoints) {
    const over = leaves.slice(0, Number(size)).map(({ leaf }) => leafHash(leaf));
    expect(root.toString('hex')).toBe(toHex(rootOf(over)));
    const verified = verifyNote(note, audit.root.log.keys, verifySignature);
    expect(verified.ok && parseCheckpoint(verified.value.body)).toMatchObject({ value: { size: Number(size) } });
  }
});

test('a decision that is sealed already is a duplicate, and its receipt still goes out once somebody takes it', async () => {
  audit.taking = false;
  const items = itemsOf(many(3), await gatekeeper());
  expect(await audit.send(items)).toEqual(items.map(() => accepted));
  const twice = [...items, items[0] as never];
  expect(await audit.send(twice)).toEqual(twice.map(() => ({ outcome: 'duplicate', code: null })));
  await audit.rows('TRUNCATE inbox');
  expect(await audit.send(twice), 'also when the inbox has forgotten it').toEqual(
    twice.map(() => ({ outcome: 'duplicate', code: null })),
  );
  expect(await audit.rows('SELECT count(*)::int AS n FROM log_leaf')).toEqual([{ n: 3 }]);
  audit.taking = true;
  await expect
    .poll(() => audit.receipts.map(digestOfItem).sort(), { timeout: 10_000 })
    .toEqual(items.map(digestOfItem).sort());
});

test('a decision about a build is sealed behind what it rests on, whichever comes first', async () => {
  const build_id = newId('bld');
  const passed = decisionOf({ kind: 'STAGE', build_id });
  const cancelled = decisionOf({ kind: 'CANCEL', build_id, rests_on: [digestOf(passed)] });
  const recorded = decisionOf({ kind: 'RECORD', build_id, rests_on: [digestOf(cancelled)] });
  const [first, second, third] = itemsOf(
    [passed, cancelled, recorded].map((decision) => ({ decision })),
    await gatekeeper(),
  ) as [never, never, never];
  const later = { outcome: 'later', code: 'DECISION_OUT_OF_ORDER' };
  expect(await audit.send([second])).toEqual([later]);
  expect(await audit.rows('SELECT * FROM log_leaf')).toEqual([]);
  expect(await audit.send([third, first]), 'what rests on one that was put off is put off').toEqual([later, accepted]);
  expect(await audit.send([second, third]), 'one behind the other in one batch').toEqual([accepted, accepted]);
  const kinds = await audit.rows<{ kind: string }>('SELECT kind FROM log_leaf ORDER BY idx');
  expect(kinds.map(({ kind }) => kind)).toEqual(['STAGE', 'CANCEL', 'RECORD']);
  const duplicate = { outcome: 'duplicate', code: null };
  expect(await audit.send([second])).toEqual([duplicate]);
});

test('who gets a receipt follows from what was decided; nobody on the road has a say', async () => {
  const decided = decisionKinds.map((kind) => ({ decision: decisionOf({ kind }) }));
  const items = itemsOf(decided, await gatekeeper());
  const diverted = items.map((item) => ({ ...item, reply_to: 'release' }) as never);
  expect((await audit.send(diverted)).map(({ outcome }) => outcome)).not.toContain('accepted');
  expect(await audit.send(items)).toEqual(items.map(() => accepted));
  const told = () =>
    Object.fromEntries(decided.map(({ decision }) => [decision.kind, audit.receivers.get(digestOf(decision))]));
  await expect.poll(told).toEqual({
    ...Object.fromEntries(decisionKinds.map((kind) => [kind, 'orchestrator'])),
    RELEASE: 'release',
    NODE_JOIN: 'release',
    NODE_REPORT: 'release',
    RELEASE_STEP: 'release',
    RELEASE_CLOSE: 'release',
    CHANNEL_CHANGE: 'orchestrator,release',
    ROLLBACK: 'orchestrator,release',
    TRUST_ROOT: 'release',
  });
});

describe('refuses for good', () => {
  const refused = async (items: Parameters<Audit['send']>[0], code: string) => {
    expect(await audit.send(items)).toEqual([{ outcome: 'refused', code }]);
    expect(await audit.rows('SELECT * FROM log_leaf')).toEqual([]);
  };

  test.each(['orchestrator', 'audit', 'log'])('a decision signed by the key of %s', async (role) => {
    const signer = await audit.keyring.signer(tenant, role);
    await refused(itemsOf([{ decision: decisionOf() }], signer), 'DECISION_SIGNER_UNTRUSTED');
    await refused(
      itemsOf([{ decision: decisionOf() }], { ...signer, role: 'gatekeeper' }),
      'DECISION_SIGNER_UNTRUSTED',
    );
  });

  test('a decision whose text was changed after it was signed', async () => {
    const [item] = itemsOf([{ decision: decisionOf() }], await gatekeeper()) as [never];
    const { decision } = item as { decision: { payload: string } };
    const payload = decision.payload.replace('"PASS"', '"FAIL"');
    await refused([{ ...(item as object), decision: { ...decision, payload } } as never], 'DECISION_SIGNER_UNTRUSTED');
  });

  test('a decision of another tenant, under this one’s name or its own', async () => {
    const other = await audit.keyring.signer('globex', 'gatekeeper');
    await refused(itemsOf([{ decision: decisionOf() }], other), 'TENANT_MISMATCH');
    await refused(itemsOf([{ decision: decisionOf({ tenant_id: 'globex' }) }], await gatekeeper()), 'TENANT_MISMATCH');
  });

  test('what does not parse as a decision', async () => {
    await refused(itemsOf([{ decision: { v: 2 } as never }], await gatekeeper()), 'DECISION_MALFORMED');
    await refused(
      itemsOf([{ decision: decisionOf({ surplus: 1 } as never) }], await gatekeeper()),
      'DECISION_MALFORMED',
    );
  });

  test('a decision without the authorizations it gives, or with others', async () => {
    const decision = decisionOf();
    const [one, other] = [authorizationFor(decision), authorizationFor(decision, 'extract')];
    const gives = { ...decision, authorizations: [digestOf(one)] };
    const key = await gatekeeper();
    await refused(itemsOf([{ decision: gives }], key), 'DECISION_MALFORMED');
    await refused(itemsOf([{ decision: gives, authorizations: [other] }], key), 'DECISION_MALFORMED');
    await refused(itemsOf([{ decision, authorizations: [one] }], key), 'DECISION_MALFORMED');
    await refused(itemsOf([{ decision: gives, authorizations: [one, one] }], key), 'DECISION_MALFORMED');
  });

  test('an entry over 65,535 bytes', async () => {
    const sized = (bytes: number) => {
      const bare = decisionOf({ detail: { text: 'é' } });
      const text = `é${'x'.repeat(bytes - Buffer.byteLength(JSON.stringify(bare)))}`;
      return itemsOf([{ decision: { ...bare, detail: { text } } }], key);
    };
    const key = await gatekeeper();
    await refused(sized(65_536), 'ENTRY_TOO_LARGE');
    expect(await audit.send(sized(65_535))).toEqual([accepted]);
  });

  test('only what is wrong of an envelope', async () => {
    const good = itemsOf(many(2), await gatekeeper());
    const bad = itemsOf(many(1), await audit.keyring.signer(tenant, 'log'));
    expect((await audit.send([good[0], bad[0], good[1]] as never)).map(({ outcome }) => outcome)).toEqual([
      'accepted',
      'refused',
      'accepted',
    ]);
  });
});

describe('puts off', () => {
  test('a decision whose report cannot be read, until it can', async () => {
    const report = { kind: 'stage-report', ref: digestOf({ fine: true }), media_type: 'application/json', size: 13 };
    const items = itemsOf([{ decision: decisionOf({ report }) }], await gatekeeper());
    expect(await audit.send(items)).toEqual([{ outcome: 'later', code: 'GATE_EVIDENCE_MISSING' }]);
    expect(await audit.rows('SELECT * FROM log_leaf')).toEqual([]);
    await audit.put('stage-report', { fine: true });
    expect(await audit.send(items)).toEqual([accepted]);
    const told = (audit.replicas[0]?.said ?? []).flatMap(({ level, code, msg }) =>
      code === 'GATE_EVIDENCE_MISSING' || msg === 'sealed after all' ? [level] : [],
    );
    expect(told).toEqual(['warn', 'info']);
  });

  test('a decision whose report has another size than it says', async () => {
    const report = await audit.put('stage-report', { fine: true });
    const items = itemsOf([{ decision: decisionOf({ report: { ...report, size: 12 } }) }], await gatekeeper());
    expect(await audit.send(items)).toEqual([{ outcome: 'later', code: 'SIZE_MISMATCH' }]);
  });

  test('a decision under a root version that has not arrived', async () => {
    expect(await audit.seal([{ decision: decisionOf({ root_version: 2 }) }])).toEqual([
      { outcome: 'later', code: 'ROOT_VERSION_UNKNOWN' },
    ]);
  });
});

test('tenants have logs of their own', async () => {
  const other = itemsOf(
    [{ decision: decisionOf({ tenant_id: 'globex' }) }],
    await audit.keyring.signer('globex', 'gatekeeper'),
  );
  expect(await audit.seal(many(2))).toEqual([accepted, accepted]);
  expect(await audit.send(other, 'globex')).toEqual([accepted]);
  expect(await audit.rows('SELECT tenant_id, idx FROM log_leaf ORDER BY tenant_id, idx')).toEqual([
    { tenant_id: 'acme', idx: '0' },
    { tenant_id: 'acme', idx: '1' },
    { tenant_id: 'globex', idx: '0' },
  ]);
});

test('the newest checkpoint is kept outside of the database', async () => {
  await audit.seal(many(3));
  const [{ note }] = (await audit.rows('SELECT note FROM log_checkpoint')) as [{ note: string }];
  const kept = () => readFileIfAny(join(audit.instance.home, 'checkpoints', tenant));
  await expect.poll(async () => new TextDecoder().decode(await kept())).toBe(note);
});

test('a sealed decision is told with its proof, a question that is none is told so', async () => {
  const decision = decisionOf({ kind: 'RECORD', stage: null });
  await audit.seal([{ decision }, ...many(3)]);
  const told = (await audit.ask(sealedSubject(tenant), {
    v: 1,
    build_id: decision.build_id,
    kind: 'RECORD',
  })) as ReceiptItem;
  expect(verdictOf(told)).toEqual({ ok: true, value: { index: 0, size: 4 } });
  expect(await audit.ask(sealedSubject(tenant), { v: 1 })).toMatchObject({ ok: false, code: 'MESSAGE_MALFORMED' });
});

test('connections that break in mid-batch lose nothing that was answered for, and leave no gap', async () => {
  const items = itemsOf(many(40), await gatekeeper());
  const answers = Promise.all(items.map((item) => audit.send([item]).catch(() => [{ outcome: 'later', code: null }])));
  await expect.poll(async () => (await audit.rows('SELECT FROM log_leaf')).length).toBeGreaterThan(0);
  await audit.rows(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orgo_audit' AND datname = current_database()`,
  );
  const before = (await answers).flat();
  const rest = items.filter((_, at) => before[at]?.outcome === 'later');
  for (const item of rest)
    await expect.poll(async () => (await audit.send([item]).catch(() => []))[0]?.outcome).toMatch(/accepted|duplicate/);
  await expect.poll(() => new Set(audit.receipts.map(digestOfItem)).size, { timeout: 10_000 }).toBe(items.length);
  const indexes = [...new Set(audit.receipts.map(({ seal }) => seal.index))].sort((a, b) => a - b);
  expect(indexes).toEqual(items.map((_, i) => i));
  expect((await audit.call('POST', '/log/fsck')).body).toMatchObject({ ok: true, entries: 40 });
});
