import type { ReasonCode } from '@orgo/contracts';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Changes, Signed } from '../kit/channel-repo.ts';
import { type NodeInstance, startNodeInstance } from './konnaxion-node-instance.ts';
import { packIdOf, readerPack, type TestPack } from './konnaxion-node-packs.ts';
import type { Trick } from './konnaxion-node-road.ts';

// Whatever comes over the road, signed by the wrong keys or by the right ones: the node refuses it by its code and serves what it served.
export let packs: [TestPack, TestPack, TestPack];
export let node: NodeInstance;
export let answer: unknown;

/** In each test of the file the node runs the first release of the channel. */
export function besiege(): void {
  beforeAll(async () => {
    packs = await Promise.all([readerPack(2), readerPack(1), readerPack(0)]);
  });
  beforeEach(async () => {
    node = await startNodeInstance();
    await node.join();
    await runs(packs[0]);
  });
  afterEach(() => node.stop());
}

/** Releases a pack and has the node run it. */
export async function runs(pack: TestPack): Promise<void> {
  await node.publish(pack);
  await node.look();
  node.road.reports.length = 0;
  answer = await node.answer();
  expect(answer).toMatchObject({ ok: true, value: { runtime_pack_id: packIdOf(pack) } });
}

export const expired = (signed: Signed): void => {
  signed.expires = '2020-01-01T00:00:00Z';
};
/** The channel as it stands, changed before its keys sign it, one version up. */
export const forge = (changes: Changes) => (): void => node.repo.write(changes);

export const serve = (files: ReadonlyMap<string, Trick>): void => {
  node.road.trick = (path) => files.get(path.replace(/^tuf\//, ''));
};

/** The node looks, and looks again: it refuses once, by this code, and serves as before; then nothing more is said or fetched. */
export async function refusesOnce(code: ReasonCode, type: 'VERIFY' | 'ACTIVATE' | 'ROLLBACK'): Promise<void> {
  const before = await node.state();
  const after = await node.look();
  expect(after.attempts.at(-1)).toMatchObject({ type, status: 'FAILED', reason_code: code, reported: true });
  expect([after.active, after.floors.highest_activated_seq]).toEqual([
    before.active,
    before.floors.highest_activated_seq,
  ]);
  expect(await node.answer()).toEqual(answer);
  expect(node.lines.at(-1)).toMatchObject({ error_code: code });
  node.road.asked.length = 0;
  expect(await node.look()).toEqual(after);
  expect(node.road.asked.filter((path) => /packs|nonce|reports/.test(path))).toEqual([]);
  const begun = type === 'ROLLBACK' ? [{ attempt: { type, status: 'IN_PROGRESS', reason_code: null } }] : [];
  expect(node.road.reports).toMatchObject([
    ...begun,
    { attempt: { type, status: 'FAILED', reason_code: code }, active_pack_id: before.active?.pack_id },
  ]);
  expect(await node.answer()).toEqual(answer);
}

/** Nothing of a refused pack stays behind, and a newer release is taken as if nothing had been. */
export async function takesTheNext(): Promise<void> {
  node.road.clear();
  const { release_seq } = await node.publish(packs[2]);
  expect(await node.look()).toMatchObject({
    active: { release_seq, pack_id: packIdOf(packs[2]) },
    last_known_good: { pack_id: packIdOf(packs[0]) },
  });
  expect(await node.answer()).toMatchObject({ value: { runtime_pack_id: packIdOf(packs[2]) } });
}
