import { canonicalBytes, utf8 } from '@orgo/core';
import { createChannelRepo, makeKey } from '../kit/channel-repo.ts';
import { type Attack, demandTwo, forge, indexFile, nameOf, replaced, roles, rotateRoot } from './tuf-attack.ts';

const arbitrary: Attack[] = [
  ...roles.map(
    (role): Attack => [
      'arbitrary software',
      `the ${nameOf(role)} signed by a key of nobody`,
      /signed by 0\/1/,
      'KEY_UNKNOWN',
      ({ repo }) => repo.write({}, { [role]: [makeKey()] }),
    ],
  ),
  ...roles.map(
    (role): Attack => [
      'arbitrary software',
      `the ${nameOf(role)} signed by the key of another role`,
      /signed by 0\/1/,
      'KEY_NOT_TRUSTED_FOR_ROLE',
      ({ repo }) => repo.write({}, { [role]: [repo.keys[role === 'targets' ? 'snapshot' : 'targets']] }),
    ],
  ),
  [
    'arbitrary software',
    'the id of the right key over a signature of another',
    /signed by 0\/1/,
    'SIGNATURE_INVALID',
    ({ repo }) => repo.write({}, { timestamp: [{ ...makeKey(), tufId: repo.keys.timestamp.tufId }] }),
  ],
  [
    'arbitrary software',
    'metadata of one kind, rightly signed, in the place of another',
    /expected 'timestamp', got snapshot/,
    'METADATA_INVALID',
    ({ repo }) => repo.write({ timestamp: (signed) => Object.assign(signed, { _type: 'snapshot' }) }),
  ],
  [
    'arbitrary software',
    'the channels of another tenant, whole and in order',
    /signed by 0\/1/,
    'KEY_UNKNOWN',
    (duel) => {
      const other = createChannelRepo('museum');
      for (const pack of [...duel.packs, ...duel.packs]) other.release(pack);
      for (const [name, bytes] of other.files)
        if (!name.endsWith('.root.json') && !name.startsWith('packs/')) duel.serve(name, bytes);
    },
  ],
  [
    'arbitrary software',
    'an index of other bytes',
    /hash|digest/i,
    'METADATA_INVALID',
    (duel) => {
      const bytes = canonicalBytes(duel.repo.index());
      bytes[20] = (bytes[20] as number) ^ 1;
      duel.serveTarget(indexFile, bytes);
    },
  ],
  [
    'arbitrary software',
    'a manifest of other bytes',
    /length|hash|digest/i,
    'METADATA_INVALID',
    (duel) => duel.serveTarget('pack-manifest.json', utf8('{}')),
  ],
];

const thresholds: Attack[] = [
  ...(['timestamp', 'snapshot', 'targets'] as const).map(
    (role): Attack => [
      'threshold',
      `the ${role} signed by one of two`,
      /signed by 1\/2/,
      'THRESHOLD_NOT_MET',
      (duel) => {
        demandTwo(duel, role);
        duel.repo.write();
      },
    ],
  ),
  [
    'threshold',
    'the timestamp signed by two of two',
    'follows',
    null,
    (duel) => {
      const second = demandTwo(duel, 'timestamp');
      duel.repo.write({}, { timestamp: [duel.repo.keys.timestamp, second] });
    },
  ],
  [
    'threshold',
    'the timestamp signed twice by one of two',
    /multiple signatures/,
    'METADATA_INVALID',
    (duel) => {
      demandTwo(duel, 'timestamp');
      duel.repo.write({}, { timestamp: [duel.repo.keys.timestamp, duel.repo.keys.timestamp] });
    },
  ],
  [
    'threshold',
    'the timestamp signed by one of two and by a key of nobody',
    /signed by 1\/2/,
    'THRESHOLD_NOT_MET',
    (duel) => {
      demandTwo(duel, 'timestamp');
      duel.repo.write({}, { timestamp: [duel.repo.keys.timestamp, makeKey()] });
    },
  ],
  [
    'threshold',
    'the channel signed by one of two',
    /signed by 1\/2/,
    'THRESHOLD_NOT_MET',
    forge('targets', (signed) => {
      const second = makeKey();
      signed.delegations.keys[second.tufId] = second.tuf;
      signed.delegations.roles[0].keyids.push(second.tufId);
      signed.delegations.roles[0].threshold = 2;
    }),
  ],
  [
    'threshold',
    'a root after one that two must sign, by one of them',
    /signed by 1\/2/,
    'ROOT_CONTINUITY_FAILED',
    (duel) => {
      demandTwo(duel, 'root');
      duel.repo.writeRoot();
    },
  ],
];

const revoked: Attack[] = [
  ...(['timestamp', 'snapshot', 'targets'] as const).map(
    (role): Attack => [
      'revoked key',
      `the ${role} by the key that a root replaced`,
      /signed by 0\/1/,
      'KEY_REVOKED',
      replaced(role),
    ],
  ),
  [
    'revoked key',
    'the channel by the key that the targets replaced',
    /signed by 0\/1/,
    'KEY_NOT_TRUSTED_FOR_ROLE',
    ({ repo }) => {
      const old = repo.keys.release;
      repo.keys.release = makeKey();
      repo.write({}, { stable: [old] });
    },
  ],
  [
    'revoked key',
    'a root by the key that the root before replaced',
    /signed by 0\/1/,
    'ROOT_CONTINUITY_FAILED',
    (duel) => {
      const old = duel.repo.keys['tuf-root'];
      rotateRoot(duel, 'old', 'new');
      duel.repo.writeRoot(undefined, old);
    },
  ],
];

const chain: Attack[] = [
  [
    'root chain',
    'a next root by its own new key alone',
    /signed by 0\/1/,
    'ROOT_CONTINUITY_FAILED',
    (duel) => rotateRoot(duel, 'new'),
  ],
  [
    'root chain',
    'a next root by the key before alone',
    /signed by 0\/1/,
    'ROOT_CONTINUITY_FAILED',
    (duel) => rotateRoot(duel, 'old'),
  ],
  [
    'root chain',
    'three roots by the keys before and after, at once',
    'follows',
    null,
    (duel) => {
      for (let times = 0; times < 3; times++) rotateRoot(duel, 'old', 'new');
    },
  ],
  [
    'root chain',
    'the root after the next in its place',
    /Expected version 2, got 3/,
    'ROOT_VERSION_GAP',
    ({ repo, ...duel }) => {
      repo.writeRoot();
      duel.serve('metadata/2.root.json', repo.writeRoot());
    },
  ],
  [
    'root chain',
    'a root after one that is kept back, and the keys that only it names',
    /signed by 0\/1/,
    'KEY_UNKNOWN',
    ({ repo, ...duel }) => {
      repo.keys.timestamp = makeKey();
      repo.writeRoot();
      repo.writeRoot();
      repo.write();
      duel.serve('metadata/2.root.json', null);
    },
  ],
  [
    'root chain',
    'a next root of another tenant',
    /signed by 0\/1/,
    'ROOT_CONTINUITY_FAILED',
    (duel) => {
      const other = createChannelRepo('museum');
      duel.serve('metadata/2.root.json', other.writeRoot());
    },
  ],
];

/** Who signed. */
export const bySigners: readonly Attack[] = [...arbitrary, ...thresholds, ...revoked, ...chain];
