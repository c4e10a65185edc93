import type { Attack } from './tuf-attack.ts';
import { byBytes } from './tuf-attacks.bytes.ts';
import { bySigners } from './tuf-attacks.signers.ts';
import { byVersions } from './tuf-attacks.versions.ts';

/** Every attack, as `docs/attacks-releases.md` lists them. */
export const attacks: readonly Attack[] = [...bySigners, ...byVersions, ...byBytes];
