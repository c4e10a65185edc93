import { uuidv7 } from 'uuidv7';

/** Nouns that have ids: a build, a release, a Case, the publication of a trust root, a change of a channel. */
export type IdPrefix = 'bld' | 'rel' | 'case' | 'root' | 'chg';

/** A new id, `<prefix>_<UUIDv7>` (RFC 9562): sorts by the time it was made. */
export const newId = <P extends IdPrefix>(prefix: P): `${P}_${string}` => `${prefix}_${uuidv7()}`;
