import type { Offer } from '@orgo/contracts';
import { heartbeat, konnaxionState, type NodeState, stateRecord, toPublicKonnaxionState } from '@orgo/konnaxion-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publicSchema } from '../kit/shared.ts';
import { type NodeInstance, startNodeInstance, tenant } from './konnaxion-node-instance.ts';
import { packIdOf, readerPack } from './konnaxion-node-packs.ts';

// The life of a node, and the record of its state after each attempt of it: in the public form wherever that has a word for it, and a refusal by name where not.
let node: NodeInstance;
beforeEach(async () => {
  node = await startNodeInstance();
  await node.join({ labels: { environment: 'rehearsal' } });
});
afterEach(() => node.stop());

const subject = { tenant_id: tenant, instance_id: 'edge-1', environment: 'rehearsal' };
/** The public form of the record as it was after its n-th attempt from the end. */
const publicOf = (state: NodeState, back = 0) => {
  const record = konnaxionState(subject, { ...state, attempts: state.attempts.slice(0, state.attempts.length - back) });
  if (record === null) throw new Error('nothing was done');
  return toPublicKonnaxionState(record);
};

test('every event of a node’s life is a public record, or has no word there', async (context) => {
  const faultsOf = publicSchema(context, 'konnaxion-state');
  const [a, b, c] = await Promise.all([readerPack(2), readerPack(1), readerPack(0)]);
  const seen: unknown[] = [];
  const see = (state: NodeState): void => {
    const form = publicOf(state);
    if (!form.ok) throw new Error(form.detail);
    expect(faultsOf(form.value)).toBeNull();
    const { active, last_attempt, health } = form.value as Record<string, Record<string, string>>;
    seen.push([last_attempt?.type, last_attempt?.status, last_attempt?.reason_code, active?.pack_id, health?.status]);
  };
  expect(await stateRecord(node)).toBeNull();

  const first = await node.publish(a);
  see(await node.look());
  const second = await node.publish(b);
  node.road.trick = (file) => (file.endsWith('statistics.json') ? Buffer.from('{}') : undefined);
  see(await node.look());
  node.road.clear();
  const again = node.repo.offer(b);
  node.repo.change({ current: again });
  see(await node.look());
  expect(publicOf(await heartbeat(await node.context()))).toMatchObject({ code: 'NOT_PROJECTABLE' });

  node.repo.write({ timestamp: (signed) => Object.assign(signed, { expires: '2020-01-01T00:00:00Z' }) });
  see(await node.look());
  node.repo.write();
  see(await node.look());

  const ahead: Offer = node.repo.offer(c);
  const nobody = { selector: { by: 'ids' as const, ids: ['edge-9'] }, enrolled_through: 1 };
  node.repo.change({ candidate: { offer: ahead, cohorts: [nobody], prefetch: true } });
  expect(publicOf(await node.look())).toMatchObject({ ok: false, code: 'NOT_PROJECTABLE' });

  node.repo.change({ current: node.repo.offer(a), candidate: null });
  see(await node.look());
  const rollback = node.repo.authorization(again, first);
  node.repo.change({ current: node.repo.offer(a), rollback, revoked_packs: [packIdOf(c)] });
  const back = await node.look();
  see(back);
  expect(publicOf(back, 1)).toMatchObject({ ok: false, code: 'NOT_PROJECTABLE' });
  node.repo.change({ revoked_packs: [packIdOf(c), packIdOf(a)] });
  await node.look();
  node.world.metrics = () => [{ name: 'query_errors_bp', value: '12.5', samples: 40 }];
  const revoked = await heartbeat(await node.context());
  expect(revoked.attempts.at(-1)).toMatchObject({ health: 'DEGRADED' });

  expect(seen).toEqual([
    ['ACTIVATE', 'SUCCEEDED', 'OK', packIdOf(a), 'HEALTHY'],
    ['ACTIVATE', 'FAILED', 'FILE_SIZE_MISMATCH', packIdOf(a), 'HEALTHY'],
    ['ACTIVATE', 'SUCCEEDED', 'OK', packIdOf(b), 'HEALTHY'],
    ['VERIFY', 'FAILED', 'METADATA_STALE', packIdOf(b), 'HEALTHY'],
    ['ACTIVATE', 'SUCCEEDED', 'OK', packIdOf(b), 'HEALTHY'],
    ['ROLLBACK', 'FAILED', 'DOWNGRADE_BLOCKED', packIdOf(b), 'HEALTHY'],
    ['ROLLBACK', 'SUCCEEDED', 'OK', packIdOf(a), 'HEALTHY'],
  ]);
  expect(second.pack_seq).toBe(again.pack_seq);
  // What served last, with the pack that lies there and those that never serve again.
  const record = await stateRecord(node);
  expect(record).toMatchObject({ record: { environment: 'rehearsal' }, public: { code: 'NOT_PROJECTABLE' } });
  expect(record?.record.pins.revoked_pack_ids).toEqual([packIdOf(c), packIdOf(a)]);
  expect(record?.record.installed).toMatchObject([{ pack_id: packIdOf(a), status: 'REVOKED' }]);
});

test('a node that has activated nothing has no public record of its refusal', async () => {
  const pack = await readerPack(0);
  await node.publish(pack);
  node.road.trick = (file) => (file.endsWith('statistics.json') ? null : undefined);
  const record = await node.look().then(() => stateRecord(node));
  expect(record).toMatchObject({
    record: { active: null, last_attempt: { reason_code: 'FILE_MISSING' } },
    public: { ok: false, code: 'NOT_PROJECTABLE' },
  });
});
