import { sealedSubject } from '@orgo/contracts';
import { canonicalBytes } from '@orgo/core';
import { newId } from '@orgo/runtime/ids';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNode, type Release, startRelease, tenant } from './release-instance.ts';

let rel: Release;
beforeEach(async () => {
  rel = await startRelease({ realAudit: true });
});
afterEach(() => rel.stop());

const ask = async (question: object) => {
  const answer = await rel.platform.bus.request(sealedSubject(tenant), canonicalBytes(question));
  return JSON.parse(new TextDecoder().decode(answer));
};

test('over the real log: evidence, verdict, enrollment and report are all leaves of it', async () => {
  const node = makeNode('n1');
  expect((await rel.join(node)).status).toBe(201);
  const { build_id, pack } = await rel.build();
  const { body } = await rel.create(build_id);
  await rel.opened(body.release_id);
  await rel.report(node, body.release_id);
  expect(await rel.until(body.release_id, 'RELEASED')).toMatchObject({ pack_id: pack.pack_id });
  const sealed = await ask({ v: 1, build_id: body.release_id, kind: 'NODE_REPORT' });
  expect(JSON.parse(sealed.decision.payload)).toMatchObject({ kind: 'NODE_REPORT', verdict: 'PASS' });
  expect(sealed.seal).toMatchObject({ index: 4, size: 6 });
});

test('the newest sealed decision of a kind is proven under the newest checkpoint, or there is none', async () => {
  const { build_id } = await rel.build('a');
  const first = await ask({ v: 1, build_id, kind: 'RECORD' });
  await rel.build('b');
  const later = await ask({ v: 1, build_id, kind: 'RECORD' });
  expect([first.seal.size, later.seal.size]).toEqual([1, 2]);
  expect(later.decision).toEqual(first.decision);
  expect(await ask({ v: 1, build_id, kind: 'RELEASE' })).toMatchObject({ ok: false, code: 'RECORD_NOT_FOUND' });
  expect(await ask({ v: 1, build_id: newId('bld'), kind: 'RECORD' })).toMatchObject({ code: 'RECORD_NOT_FOUND' });
  expect(await ask({ v: 1, build_id, kind: 'ANY' })).toMatchObject({ code: 'MESSAGE_MALFORMED' });
});

test('an entry that was changed in the database releases nothing', async () => {
  const { build_id } = await rel.build();
  const admin = new pg.Client({ connectionString: rel.instance.adminDatabaseUrl, options: '-c search_path=audit' });
  await admin.connect();
  await admin.query('ALTER TABLE log_leaf DISABLE TRIGGER ALL');
  await admin.query(
    `UPDATE log_leaf SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '"attempt":0', '"attempt":1'), 'UTF8')`,
  );
  await admin.end();
  const { body } = await rel.create(build_id);
  expect(await rel.until(body.release_id, 'FAILED')).toMatchObject({ reason_codes: ['LEAF_HASH_MISMATCH'] });
});
