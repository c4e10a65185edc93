import { type Attack, after, forge, give, indexFile, nameOf, over, roles, version } from './tuf-attack.ts';

const rollback: Attack[] = [
  [
    'rollback',
    'the timestamp of before',
    /less than current version/,
    'METADATA_ROLLBACK',
    after(give('timestamp', 'before')),
  ],
  [
    'rollback',
    'a newer timestamp of the snapshot of before',
    /less than current version/,
    'METADATA_ROLLBACK',
    after(forge('timestamp', version('snapshot.json', 1))),
  ],
  [
    'rollback',
    'a newer snapshot of the targets of before',
    /less than current version/,
    'METADATA_ROLLBACK',
    after(forge('snapshot', version('targets.json', 1))),
  ],
  [
    'rollback',
    'a newer snapshot of the channel of before',
    /less than current version/,
    'METADATA_ROLLBACK',
    after(forge('snapshot', version('channel.stable.json', 1))),
  ],
  [
    'rollback',
    'a newer snapshot without the channel',
    /Missing file channel.stable.json/,
    'METADATA_INVALID',
    after(forge('snapshot', (signed) => delete signed.meta['channel.stable.json'])),
  ],
  [
    'rollback',
    'a next root with the version of the first',
    /Expected version 2, got 1/,
    'ROOT_VERSION_GAP',
    ({ repo }) => repo.writeRoot((signed) => Object.assign(signed, { version: 1 })),
  ],
  [
    'rollback',
    'the first root in the place of the next',
    /Expected version 2, got 1/,
    'ROOT_VERSION_GAP',
    (duel) => duel.serve('metadata/2.root.json', duel.before.get('metadata/1.root.json')),
  ],
];

const fastForward: Attack[] = [
  ...(['timestamp', 'snapshot', 'targets', 'stable'] as const).map(
    (role): Attack => [
      'fast-forward',
      `the ${nameOf(role)} at the highest version there is, by its own stolen key`,
      'follows',
      null,
      forge(role, (signed) => Object.assign(signed, { version: Number.MAX_SAFE_INTEGER })),
    ],
  ),
  [
    'fast-forward',
    'a next root at the highest version there is, by its own key',
    /Expected version 2, got/,
    'ROOT_VERSION_GAP',
    ({ repo }) => repo.writeRoot((signed) => Object.assign(signed, { version: Number.MAX_SAFE_INTEGER })),
  ],
];

const freeze: Attack[] = [
  ['indefinite freeze', 'the timestamp of before, within its life', 'nothing', null, give('timestamp', 'before')],
  ...roles.map(
    (role): Attack => [
      'indefinite freeze',
      `the ${nameOf(role)} past its expiry`,
      /is expired/,
      'METADATA_STALE',
      forge(role, over),
    ],
  ),
  [
    'indefinite freeze',
    'the last root past its expiry',
    /is expired/,
    'TRUST_ROOT_EXPIRED',
    ({ repo }) => repo.writeRoot(over),
  ],
  [
    'indefinite freeze',
    'a root past its expiry on the way to one that is not',
    'follows',
    null,
    ({ repo }) => {
      repo.writeRoot(over);
      repo.writeRoot();
    },
  ],
];

const mixAndMatch: Attack[] = [
  ...(['snapshot', 'targets', 'stable'] as const).map(
    (role): Attack => [
      'mix-and-match',
      `the ${nameOf(role)} of before under the name of the new one`,
      /Expected (length|hash)/,
      'SNAPSHOT_MISMATCH',
      give(role, 'before'),
    ],
  ),
  [
    'mix-and-match',
    'a channel of before under a snapshot that fixes its version alone',
    /does not match snapshot version/,
    'SNAPSHOT_MISMATCH',
    (duel) => {
      forge('snapshot', (signed) => {
        signed.meta['channel.stable.json'] = { version: 9 };
      })(duel);
      duel.serve('metadata/9.channel.stable.json', duel.before.get('metadata/1.channel.stable.json'));
    },
  ],
  [
    'mix-and-match',
    'a snapshot of before under a timestamp that fixes its version alone',
    /match timestamp/,
    'SNAPSHOT_MISMATCH',
    (duel) => {
      forge('timestamp', (signed) => {
        signed.meta['snapshot.json'] = { version: 9 };
      })(duel);
      duel.serve('metadata/9.snapshot.json', duel.before.get('metadata/1.snapshot.json'));
    },
  ],
  [
    'mix-and-match',
    'the index of before in the place of the new one',
    /Expected (length|hash)|Max length/,
    'METADATA_INVALID',
    (duel) => duel.serveTarget(indexFile, [...duel.before].find(([name]) => name.endsWith(indexFile))?.[1]),
  ],
];

/** When and in what order it was signed. */
export const byVersions: readonly Attack[] = [...rollback, ...fastForward, ...freeze, ...mixAndMatch];
