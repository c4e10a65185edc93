import { channelIndexPath, packManifestPath } from '@orgo/contracts';
import { canonicalBytes, utf8 } from '@orgo/core';
import type { Signed } from '../kit/channel-repo.ts';
import { type Attack, forge, give, indexFile, nameOf, roles, slow } from './tuf-attack.ts';

const endless: Attack[] = [
  ...roles.map(
    (role): Attack => [
      'endless data',
      `a ${nameOf(role)} without end`,
      /Max length/,
      'METADATA_INVALID',
      give(role, 'endless'),
    ],
  ),
  [
    'endless data',
    'a next root without end',
    /Max length/,
    'METADATA_INVALID',
    (duel) => duel.serve('metadata/2.root.json', 'endless'),
  ],
  [
    'endless data',
    'an index without end',
    /Max length/,
    'METADATA_INVALID',
    (duel) => duel.serveTarget(indexFile, 'endless'),
  ],
  [
    'endless data',
    'a manifest without end',
    /Max length/,
    'METADATA_INVALID',
    (duel) => duel.serveTarget('pack-manifest.json', 'endless'),
  ],
  [
    'endless data',
    'an index that is a byte longer',
    /Max length/,
    'METADATA_INVALID',
    (duel) => duel.serveTarget(indexFile, Buffer.concat([canonicalBytes(duel.repo.index()), utf8(' ')])),
  ],
];

const surplus: Attack[] = [
  [
    'extraneous dependencies',
    'targets in the channel that nobody asked for',
    'follows',
    null,
    ({ repo, road }) => {
      repo.write({
        stable: (signed) =>
          Object.assign(signed.targets, { 'stable/more.json': { length: 9, hashes: { sha256: '0'.repeat(64) } } }),
      });
      road.asked.length = 0;
    },
  ],
  [
    'wrong software',
    'an index that the channel does not name',
    'nothing',
    null,
    forge('stable', (signed) => delete signed.targets[channelIndexPath('stable')]),
  ],
  [
    'wrong software',
    'a channel whose key was given a folder of another name',
    'nothing',
    null,
    forge('targets', (signed) => Object.assign(signed.delegations.roles[0], { paths: ['beta/*'] })),
  ],
  [
    'wrong software',
    'another channel that names this one’s index',
    'nothing',
    null,
    ({ repo, ...duel }) => {
      const asBeta = (signed: Signed): void => {
        const [own] = signed.delegations.roles;
        signed.delegations.roles = [{ ...own, name: 'channel.beta', paths: ['beta/*'] }];
      };
      const inSnapshot = ({ meta }: Signed): void => {
        meta['channel.beta.json'] = meta['channel.stable.json'];
      };
      repo.write({ targets: asBeta, snapshot: inSnapshot });
      const { stable } = repo.versions;
      duel.serve(`metadata/${stable}.channel.beta.json`, repo.read(`metadata/${stable}.channel.stable.json`));
    },
  ],
  [
    'wrong software',
    'an index of the pack that was left out of the channel’s targets',
    'nothing',
    'METADATA_INVALID',
    (duel) => {
      const { pack_id } = duel.repo.index().current as { pack_id: string };
      return forge('stable', (signed) => delete signed.targets[packManifestPath('stable', pack_id)])(duel);
    },
  ],
];

const malformed: Attack[] = [
  ...roles.map(
    (role): Attack => [
      'malformed',
      `the ${nameOf(role)} of a later major version of TUF`,
      /specVersion/,
      'METADATA_INVALID',
      forge(role, (signed) => Object.assign(signed, { spec_version: '2.0.0' })),
    ],
  ),
  ['malformed', 'a timestamp that is no JSON', /JSON/, 'METADATA_INVALID', give('timestamp', utf8('{'))],
  [
    'malformed',
    'a timestamp without a signature',
    /signed by 0\/1/,
    'SIGNATURE_MISSING',
    ({ repo }) => repo.write({}, { timestamp: [] }),
  ],
  [
    'malformed',
    'a next root that is no JSON',
    /JSON|null|undefined/,
    'METADATA_INVALID',
    (duel) => duel.serve('metadata/2.root.json', utf8('null')),
  ],
  [
    'malformed',
    'a timestamp whose expiry is no time',
    /expires/,
    'METADATA_INVALID',
    forge('timestamp', (signed) => Object.assign(signed, { expires: 'never' })),
  ],
  [
    'malformed',
    'a timestamp whose version is no number',
    /version must be a number/,
    'METADATA_INVALID',
    forge('timestamp', (signed) => Object.assign(signed, { version: '7' })),
  ],
];

const roads: Attack[] = [
  [
    'slow retrieval',
    'a timestamp of a byte now and then',
    /timeout|abort/i,
    'SERVICE_UNAVAILABLE',
    slow('timestamp', 'drip'),
  ],
  [
    'slow retrieval',
    'a snapshot that stops after its first byte',
    /timeout|abort/i,
    'SERVICE_UNAVAILABLE',
    slow('snapshot', 'stall'),
  ],
  ['malicious mirror', 'no timestamp', /Failed to download/, 'SERVICE_UNAVAILABLE', give('timestamp', null)],
  ['malicious mirror', 'no snapshot', /Failed to download/, 'SERVICE_UNAVAILABLE', give('snapshot', null)],
  ['malicious mirror', 'no channel', /Failed to download/, 'SERVICE_UNAVAILABLE', give('stable', null)],
  [
    'malicious mirror',
    'no index',
    /Failed to download/,
    'SERVICE_UNAVAILABLE',
    (duel) => duel.serveTarget(indexFile, null),
  ],
  [
    'malicious mirror',
    'a timestamp that breaks off',
    /terminated|closed|aborted/,
    'SERVICE_UNAVAILABLE',
    give('timestamp', 'cut'),
  ],
  ['malicious mirror', 'a server that hangs up', /fetch failed/, 'SERVICE_UNAVAILABLE', give('timestamp', 'drop')],
];

/** What comes over the road, and what a channel may speak of. */
export const byBytes: readonly Attack[] = [...endless, ...surplus, ...malformed, ...roads];
