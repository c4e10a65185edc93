import fs from 'node:fs';
import type { GateDecision, Offer, ReasonCode, SealedDecision } from '@orgo/contracts';
import { placesIn } from '@orgo/konnaxion-node';
import { describe, expect, test } from 'vitest';
import { makeKey, type TestKey } from '../kit/channel-repo.ts';
import { createSealedLog } from '../kit/sealed-log.ts';
import { kristalIdOf, packIdOf } from './konnaxion-node-packs.ts';
import { besiege, node, packs, refusesOnce, takesTheNext } from './konnaxion-node-siege.ts';

// Who has every key of the channel has nodes run nothing that the gatekeeper did not authorize, and sealed.
besiege();

type Said = Partial<Pick<GateDecision, 'kind' | 'verdict' | 'build_id' | 'tenant_id' | 'detail'>>;

/** The gatekeeper's word on an offer, as it should be but for what is said, by whom it is said, in the tenant's log or in another. */
function word(
  { release_id, pack_id, kristal_id }: Offer,
  said: Said = {},
  by: Partial<{ gatekeeper: TestKey; log: TestKey; role: string }> = {},
  log = node.repo.log,
): SealedDecision {
  const detail = { channel: 'stable', pack_id, kristal_id, ...said.detail };
  const { gatekeeper, log: logKey } = node.repo.keys;
  return log.append({ kind: 'RELEASE', build_id: release_id, ...said, detail }, { gatekeeper, log: logKey, ...by });
}

/** The channel's next release of the second pack, under whatever is said to authorize it. */
function offered(authorize: (offer: Offer) => SealedDecision | null | undefined): Offer {
  const offer = node.repo.offer(packs[1]);
  const sealed = authorize(offer);
  if (sealed !== undefined) node.repo.authorize(offer, sealed);
  node.repo.change({ current: offer });
  return offer;
}

const of = (offer: Offer) => ({ ...offer, release_id: node.repo.index().current?.release_id as Offer['release_id'] });
const resealed = (sealed: SealedDecision, seal: Partial<SealedDecision['seal']>): SealedDecision => ({
  ...sealed,
  seal: { ...sealed.seal, ...seal },
});

describe('a pack that is offered', () => {
  const cases: [string, ReasonCode, (offer: Offer) => SealedDecision | null][] = [
    ['without authorization', 'RELEASE_UNAUTHORIZED', () => null],
    ['under that of another release', 'RELEASE_UNAUTHORIZED', (offer) => word(of(offer))],
    [
      'under that of another pack',
      'RELEASE_UNAUTHORIZED',
      (offer) => word({ ...offer, pack_id: packIdOf(packs[0]), kristal_id: kristalIdOf(packs[0]) as never }),
    ],
    ['under that for another channel', 'RELEASE_UNAUTHORIZED', (offer) => word(offer, { detail: { channel: 'beta' } })],
    [
      'under that for another tenant',
      'RELEASE_UNAUTHORIZED',
      (offer) => word(offer, { tenant_id: 'museum' as GateDecision['tenant_id'] }),
    ],
    [
      'under that of another tenant',
      'TENANT_MISMATCH',
      (offer) => word(offer, {}, {}, createSealedLog('museum', 'orgo.test/acme')),
    ],
    ['under a refusal', 'RELEASE_UNAUTHORIZED', (offer) => word(offer, { verdict: 'FAIL' })],
    ['under a step of it', 'RELEASE_UNAUTHORIZED', (offer) => word(offer, { kind: 'RELEASE_STEP' })],
    [
      'under what is no decision',
      'RELEASE_UNAUTHORIZED',
      (offer) => ({ ...word(offer), of: 'me' }) as unknown as SealedDecision,
    ],
    ['on the word of nobody', 'KEY_UNKNOWN', (offer) => word(offer, {}, { gatekeeper: makeKey() })],
    [
      'on the word of the release service',
      'KEY_NOT_TRUSTED_FOR_ROLE',
      (offer) => word(offer, {}, { gatekeeper: node.repo.keys.release }),
    ],
    [
      'on the word of the release service for itself',
      'KEY_NOT_TRUSTED_FOR_ROLE',
      (offer) => word(offer, {}, { gatekeeper: node.repo.keys.release, role: 'release' }),
    ],
    [
      'under another’s word, put into its own',
      'SIGNATURE_INVALID',
      (offer) => {
        const [right, other] = [word(offer), word(of(offer))];
        return { ...other, decision: { ...other.decision, payload: right.decision.payload } };
      },
    ],
    [
      'under a word that is not in the log',
      'PROOF_INVALID',
      (offer) => {
        const aside = word(offer, {}, {}, createSealedLog('acme', 'orgo.test/acme'));
        const { seal } = word(of(offer));
        return { ...aside, seal };
      },
    ],
    ['under a checkpoint of nobody', 'KEY_UNKNOWN', (offer) => word(offer, {}, { log: makeKey() })],
    [
      'under a checkpoint of another log',
      'KEY_UNKNOWN',
      (offer) => word(offer, {}, {}, createSealedLog('acme', 'orgo.test/museum')),
    ],
    ['under a checkpoint of another size', 'CHECKPOINT_MALFORMED', (offer) => resealed(word(offer), { size: 99 })],
  ];
  test.each(cases)('%s: %s', async (_what, code, authorize) => {
    offered(authorize);
    await refusesOnce(code, 'ACTIVATE');
    // Nothing of it was brought.
    expect(fs.readdirSync(placesIn(node.dir).packs)).toEqual([packIdOf(packs[0])]);
    await takesTheNext();
  });

  test('under its own word: it is taken, and the word is looked at again only where a person asks', async () => {
    const offer = offered((made) => word(made));
    expect(await node.look()).toMatchObject({ active: { release_id: offer.release_id } });
    node.repo.authorize(offer, null);
    node.repo.change({});
    expect(await node.look()).toMatchObject({ active: { release_id: offer.release_id }, metadata_refused: null });
  });

  test('ahead of its turn, without authorization: it is not brought', async () => {
    const offer = node.repo.offer(packs[1]);
    node.repo.authorize(offer, null);
    node.repo.change({ candidate: { offer, cohorts: [], prefetch: true } });
    expect(await node.look()).toMatchObject({ prefetched: [], refused: [{ reason_code: 'RELEASE_UNAUTHORIZED' }] });
    expect(fs.readdirSync(placesIn(node.dir).packs)).toEqual([packIdOf(packs[0])]);
  });

  test('again under a higher number: RELEASE_SUBSTITUTED', async () => {
    const first = node.repo.index().current as Offer;
    node.repo.change({ current: node.repo.offer(packs[0], { pack_seq: first.pack_seq + 7 }) });
    await refusesOnce('RELEASE_SUBSTITUTED', 'ACTIVATE');
  });
});

describe('when the gatekeeper has another key', () => {
  /** A next trust root, which drops the key of before; answers that key. */
  const rotated = (): TestKey => {
    const old = node.repo.keys.gatekeeper;
    node.repo.keys.gatekeeper = makeKey();
    node.repo.writeTrust();
    return old;
  };

  test('what the dropped key authorized before that is taken, also by a node that joins later', async () => {
    const offer = node.repo.offer(packs[1]);
    node.repo.authorize(offer, word(offer));
    rotated();
    node.repo.change({ current: offer });
    expect(await node.look()).toMatchObject({ active: { release_id: offer.release_id } });
    const folder = `${node.dir}-later`;
    await node.join({ folder, instance_id: 'edge-2' });
    expect(await node.look(folder)).toMatchObject({ active: { release_id: offer.release_id } });
    expect(fs.readdirSync(placesIn(folder).trust).sort()).toEqual(['1.root.json', '2.root.json', '2.sealed.json']);
  });

  test('what the dropped key authorizes after that is not: KEY_REVOKED', async () => {
    const old = rotated();
    offered((offer) => word(offer, {}, { gatekeeper: old }));
    await refusesOnce('KEY_REVOKED', 'ACTIVATE');
    await takesTheNext();
  });

  test('a node that was not told where the key was dropped decides nothing, and serves, until it is', async () => {
    const offer = node.repo.offer(packs[1]);
    node.repo.authorize(offer, word(offer));
    rotated();
    const [entry] = [...node.repo.trustSeals];
    node.repo.trustSeals.clear();
    node.repo.change({ current: offer });
    await expect(node.look()).rejects.toMatchObject({ code: 'ROOT_VERSION_UNKNOWN' });
    expect(await node.state()).toMatchObject({ active: { pack_id: packIdOf(packs[0]) }, refused: [] });
    // An entry about something else, or by a key that the root does not list, is no place.
    node.repo.trustSeals.set(2, word(offer));
    node.repo.change({});
    await expect(node.look()).rejects.toMatchObject({ code: 'ROOT_VERSION_UNKNOWN' });
    node.repo.trustSeals.set(...(entry as [number, SealedDecision]));
    node.repo.change({});
    expect(await node.look()).toMatchObject({ active: { release_id: offer.release_id } });
  });
});
