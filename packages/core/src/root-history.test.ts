import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64 } from './base64.ts';
import { signBatch } from './batch.ts';
import { digestOf } from './digest.ts';
import { type FixtureKey, keyNumber, verifySignature } from './keys.fixture.ts';
import { pae } from './pae.ts';
import { type RootPlaces, verifyDsseUnder, verifyItemUnder, withHistory } from './root-history.ts';
import type { Root } from './trust-root.ts';

const type = 'application/vnd.orgo.gate-decision.v1+json';
const [one, two, three, logOne, logTwo] = [1, 2, 3, 8, 9].map(keyNumber) as [
  FixtureKey,
  FixtureKey,
  FixtureKey,
  FixtureKey,
  FixtureKey,
];
type Said = { gatekeeper: FixtureKey[]; log?: FixtureKey[]; revoked?: [FixtureKey, number | null][] };

/** A chain of roots that say which keys the gatekeeper has, and which were revoked. Whether they are signed is another module's. */
const chainOf = (...said: Said[]): Root[] =>
  said.map(({ gatekeeper, log = [logOne], revoked = [] }, at) => ({
    tenant_id: 'acme',
    version: at + 1,
    expires_at: '2099-01-01T00:00:00.000Z',
    digest: digestOf(at),
    roles: ['gatekeeper', 'log'],
    keysOf: (role) => (role === 'gatekeeper' ? gatekeeper : role === 'log' ? log : []).map(({ trusted }) => trusted),
    threshold: () => 1,
    revoked: revoked.map(([{ trusted }, distrust_from_index]) => ({
      key_id: trusted.keyid,
      role: 'gatekeeper',
      reason: 'found on a stick',
      at: '2026-01-01T00:00:00.000Z',
      distrust_from_index,
    })),
    log: {
      origin: 'orgo.test/acme',
      public: (log[0] as FixtureKey).public,
      keys: log.map((key) => ({ name: 'orgo.test/acme', public: key.public })),
    },
  }));
const at = (places: Record<number, number>): RootPlaces =>
  new Map(Object.entries(places).map(([version, index]) => [Number(version), index]));

/** What a verifier says of an entry of the log by a key at an index. */
const judged = (root: Root, key: FixtureKey, index: number | undefined): string => {
  const signer = { role: 'gatekeeper', tenant_id: 'acme', key_id: key.trusted.keyid };
  const [item] = signBatch([{ type, payload: '{"a":1}' }], signer, key.sign);
  const found = verifyItemUnder(item as NonNullable<typeof item>, {
    root,
    role: 'gatekeeper',
    type,
    index,
    verify: verifySignature,
  });
  return found.ok ? 'ok' : found.code;
};

describe('a key that a later root dropped', () => {
  // One is replaced by two, and two by three.
  const chain = chainOf(
    { gatekeeper: [one] },
    { gatekeeper: [two, one] },
    { gatekeeper: [two] },
    { gatekeeper: [three] },
  );
  const root = withHistory(chain, at({ 2: 10, 3: 20, 4: 30 }));

  it('counts on the entries below the entry of the root that dropped it, and on none from there', () => {
    expect([0, 19, 20, 21, 1e9].map((index) => judged(root, one, index))).toEqual([
      'ok',
      'ok',
      'KEY_REVOKED',
      'KEY_REVOKED',
      'KEY_REVOKED',
    ]);
    expect([0, 29, 30].map((index) => judged(root, two, index))).toEqual(['ok', 'ok', 'KEY_REVOKED']);
    expect([0, 30, 1e9].map((index) => judged(root, three, index))).toEqual(['ok', 'ok', 'ok']);
  });

  it('counts nowhere while nobody knows where that root stands, and on nothing that has no place', () => {
    const blind = withHistory(chain, at({ 2: 10, 3: 20 }));
    expect([0, 19, 29].map((index) => judged(blind, two, index))).toEqual([
      'KEY_REVOKED',
      'KEY_REVOKED',
      'KEY_REVOKED',
    ]);
    expect(judged(blind, one, 19)).toBe('ok');
    expect([judged(root, one, undefined), judged(root, three, undefined)]).toEqual(['KEY_REVOKED', 'ok']);
  });

  it('is another thing than a key that no root ever listed', () => {
    expect(judged(root, keyNumber(7), 0)).toBe('KEY_UNKNOWN');
  });

  it('counts where it counted, however many roots come after', () => {
    const index = fc.nat(40);
    fc.assert(
      fc.property(index, fc.nat(40), (entry, more) => {
        const longer = withHistory(
          [...chain, ...chainOf(...chain.map(() => ({ gatekeeper: [three] }))).slice(0, 1)],
          at({ 2: 10, 3: 20, 4: 30, 5: 30 + more }),
        );
        for (const key of [one, two, three]) expect(judged(longer, key, entry)).toBe(judged(root, key, entry));
      }),
    );
  });
});

describe('a revoked key', () => {
  const revoked = (from: number | null) =>
    chainOf(
      { gatekeeper: [one] },
      { gatekeeper: [two], revoked: [[one, from]] },
      { gatekeeper: [two], revoked: [[one, from]] },
    );

  it('counts below the place from which a thief may have had it, where that is known, and below the root’s otherwise', () => {
    const known = withHistory(revoked(5), at({ 2: 20, 3: 40 }));
    expect([4, 5, 19, 20].map((index) => judged(known, one, index))).toEqual([
      'ok',
      'KEY_REVOKED',
      'KEY_REVOKED',
      'KEY_REVOKED',
    ]);
    const unknown = withHistory(revoked(null), at({ 2: 20, 3: 40 }));
    expect([4, 5, 19, 20].map((index) => judged(unknown, one, index))).toEqual(['ok', 'ok', 'ok', 'KEY_REVOKED']);
  });

  it('does not count longer for a later place than the root’s own', () => {
    expect(judged(withHistory(revoked(1000), at({ 2: 20, 3: 40 })), one, 20)).toBe('KEY_REVOKED');
  });
});

describe('an envelope that an entry of the log rests on', () => {
  const bytes = new TextEncoder().encode('{"a":1}');
  const by = (...keys: FixtureKey[]) => ({
    payloadType: type,
    payload: toBase64(bytes),
    signatures: keys.map(({ trusted, sign }) => ({ keyid: trusted.keyid, sig: toBase64(sign(pae(type, bytes))) })),
  });
  const chain = chainOf({ gatekeeper: [one] }, { gatekeeper: [two], revoked: [[one, 5]] });
  const root = withHistory(chain, at({ 2: 20 }));
  const said = (envelope: ReturnType<typeof by>, index?: number, threshold?: number): string => {
    const more = threshold === undefined ? {} : { threshold };
    const found = verifyDsseUnder(envelope, {
      root,
      role: 'gatekeeper',
      type,
      index,
      verify: verifySignature,
      ...more,
    });
    return found.ok ? 'ok' : found.code;
  };

  it('counts by the place of that entry, as an entry does', () => {
    expect([4, 5, 20, undefined].map((index) => said(by(one), index))).toEqual([
      'ok',
      'KEY_REVOKED',
      'KEY_REVOKED',
      'KEY_REVOKED',
    ]);
    expect([said(by(two), 4), said(by(three), 4)]).toEqual(['ok', 'KEY_UNKNOWN']);
  });

  it('has as many signatures as the root of its time wanted, each by a key that counts there', () => {
    expect([said(by(one, two), 4, 2), said(by(one), 4, 2), said(by(one, two), 5, 2)]).toEqual([
      'ok',
      'THRESHOLD_NOT_MET',
      'THRESHOLD_NOT_MET',
    ]);
  });
});

describe('keys of the log', () => {
  const logsOf = (...said: [FixtureKey[], [FixtureKey, number | null][]?][]): string[] =>
    withHistory(
      chainOf(...said.map(([log, revoked]) => ({ gatekeeper: [one], log, revoked: revoked ?? [] }))),
      at({}),
    ).log.keys.map((key) => digestOf([...key.public]));
  const idsOf = (...keys: FixtureKey[]): string[] => keys.map((key) => digestOf([...key.public]));

  it('that were dropped go on vouching for the checkpoints they signed, after the current one; revoked ones do not', () => {
    expect(logsOf([[logOne]], [[logTwo, logOne]], [[logTwo]])).toEqual(idsOf(logTwo, logOne));
    expect(logsOf([[logOne]], [[logTwo], [[logOne, null]]])).toEqual(idsOf(logTwo));
  });
});
