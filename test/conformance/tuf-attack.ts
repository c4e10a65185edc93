import type { ReasonCode } from '@orgo/contracts';
import { makeKey, type RoleName, type Signed } from '../kit/channel-repo.ts';
import type { Duel } from './tuf-duel.ts';

/** What TUF wants a client to withstand (TUF 1.0 section 1.5.2), what its root and threshold rules are for, and slow retrieval of Uptane's list. */
export type Goal =
  | 'arbitrary software'
  | 'rollback'
  | 'fast-forward'
  | 'indefinite freeze'
  | 'mix-and-match'
  | 'endless data'
  | 'extraneous dependencies'
  | 'wrong software'
  | 'threshold'
  | 'revoked key'
  | 'root chain'
  | 'malformed'
  | 'slow retrieval'
  | 'malicious mirror';

/** One attack; `client` is what the unmodified client says of it, `code` how the node calls its refusal. */
export type Attack = readonly [
  goal: Goal,
  name: string,
  client: RegExp | 'follows' | 'nothing',
  code: ReasonCode | null,
  arrange: (duel: Duel) => unknown,
];

export const over = (signed: Signed): void => {
  signed.expires = '2020-01-01T00:00:00Z';
};
export const indexFile = 'channel.json';
export const fileOf: Record<RoleName, string> = {
  timestamp: 'metadata/timestamp.json',
  snapshot: 'metadata/2.snapshot.json',
  targets: 'metadata/2.targets.json',
  stable: 'metadata/2.channel.stable.json',
};
export const roles = Object.keys(fileOf) as RoleName[];
export const nameOf = (role: RoleName): string => (role === 'stable' ? 'channel' : role);
export const forge = (role: RoleName, change: (signed: Signed) => void) => (duel: Duel) =>
  duel.repo.write({ [role]: change });
/** In the place of a file of the second publication, the one of the first, or whatever is said. */
export const give = (role: RoleName, bytes: Parameters<Duel['serve']>[1] | 'before') => (duel: Duel) =>
  duel.serve(fileOf[role], bytes === 'before' ? duel.before.get(fileOf[role].replace('/2.', '/1.')) : bytes);
export const version = (name: string, to: number) => (signed: Signed) =>
  Object.assign(signed.meta[name], { version: to });
/** Both have taken the second release before it begins. */
export const after = (arrange: (duel: Duel) => unknown) => async (duel: Duel) => {
  await duel.meet();
  return arrange(duel);
};

/** Root keys in the order in which the next roots name them. */
export const rotateRoot = ({ repo }: Duel, ...by: ('old' | 'new')[]): void => {
  const old = repo.keys['tuf-root'];
  repo.keys['tuf-root'] = makeKey();
  repo.writeRoot(undefined, ...by.map((which) => (which === 'old' ? old : repo.keys['tuf-root'])));
};
/** A root that lists a second key for a role, two of which must sign; answers the second key. */
export const demandTwo = ({ repo }: Duel, role: 'timestamp' | 'snapshot' | 'targets' | 'root') => {
  const second = makeKey();
  const list = (signed: Signed): void => {
    signed.keys[second.tufId] = second.tuf;
    signed.roles[role].keyids.push(second.tufId);
    signed.roles[role].threshold = 2;
  };
  repo.writeRoot(list, repo.keys['tuf-root'], ...(role === 'root' ? [second] : []));
  return second;
};
export const replaced = (role: 'timestamp' | 'snapshot' | 'targets') => (duel: Duel) => {
  const old = duel.repo.keys[role];
  duel.repo.keys[role] = makeKey();
  duel.repo.writeRoot();
  duel.repo.write({}, { [role]: [old] });
};

/** Nobody waits for it here as long as in the world. */
export const slow = (role: RoleName, trick: 'drip' | 'stall') => (duel: Duel) => {
  duel.impatient();
  give(role, trick)(duel);
};
