import * as places from '@orgo/core/root-places';
import type { Root } from '@orgo/core/trust-root';
import { verifySignature } from './signer.ts';

/** `newestWithPlaces` of the core, verifying with node:crypto. */
export const newestWithPlaces = (roots: readonly Root[], sealOf: (version: number) => Uint8Array | undefined): Root =>
  places.newestWithPlaces(roots, sealOf, verifySignature);
