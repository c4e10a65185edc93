import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { packIdOf, readerPack, type TestPack } from '../integration/konnaxion-node-packs.ts';
import { makeKey, type RoleName } from '../kit/channel-repo.ts';
import { attacks } from './tuf-attacks.cases.ts';
import { type Duel, startDuel, type Verdict } from './tuf-duel.ts';

// Whatever a server or a thief of keys does, an unmodified TUF client and a node come to the same verdict, and trust the same files after it.
let packs: TestPack[];
let duel: Duel;

beforeAll(async () => {
  packs = await Promise.all([readerPack(2), readerPack(1), readerPack(0)]);
  duel = await startDuel(packs);
});
beforeEach(() => duel.again());
afterAll(() => duel?.stop());

const refusal = (verdict: Verdict) => (verdict.said === 'refuses' ? verdict : { why: '', code: null });

describe('a client and a node', () => {
  test.each(attacks)('%s: %s', async (_goal, _name, says, code, arrange) => {
    await arrange(duel);
    const before = await duel.runs();
    const [client, node] = [await duel.client(), await duel.node()];
    if (says instanceof RegExp) {
      expect([client.said, node.said]).toEqual(['refuses', 'refuses']);
      expect(refusal(client).why).toMatch(says);
    } else expect(client.said).toBe(says);
    expect(refusal(node).code).toBe(code);
    if (code === null) expect(node.said).toBe(client.said);
    expect(duel.trusted().node).toEqual(duel.trusted().client);
    // What was verified goes on serving until something better is.
    expect(await duel.runs()).toBe(node.said === 'follows' ? packIdOf(packs[1] as TestPack) : before);
  });

  test.each(['timestamp', 'snapshot', 'targets', 'stable'] as const)(
    'are brought back from a %s that ran ahead, by a root with other keys',
    async (role: RoleName) => {
      const { repo } = duel;
      repo.write({
        [role]: (signed: { version: number }) => Object.assign(signed, { version: Number.MAX_SAFE_INTEGER }),
      });
      await duel.meet();
      // The thief is gone. What the right keys say counts from where they were.
      repo.versions[role] = 3;
      repo.release(packs[2] as TestPack);
      const held = [await duel.client(), await duel.node()];
      expect(held.map(({ said }) => said)).toEqual(['refuses', 'refuses']);
      expect(refusal(held[1] as Verdict).code).toBe('METADATA_ROLLBACK');
      for (const stolen of ['timestamp', 'snapshot'] as const) repo.keys[stolen] = makeKey();
      repo.writeRoot();
      repo.write();
      expect([await duel.client(), await duel.node()]).toEqual([{ said: 'follows' }, { said: 'follows' }]);
      expect(duel.trusted().node).toEqual(duel.trusted().client);
    },
  );
});
