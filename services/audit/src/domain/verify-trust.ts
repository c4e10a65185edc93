import type { Digest } from '@orgo/contracts';
import { equalBytes, type NoteKey, ok, type Result, refuse, type TrustedKey, type VerifySignature } from '@orgo/core';
import type { RootHistory } from '@orgo/core/trust-root';
import { bundlePaths } from './bundle-layout.ts';

/** What a verifier needs of a verified trust root; the runtime's `Root` is one. */
export type VerifierRoot = {
  readonly tenant_id: string;
  readonly version: number;
  keysOf(role: string): readonly TrustedKey[];
  threshold(role: string): number;
  readonly log: { readonly origin: string; readonly keys: readonly NoteKey[] };
  readonly revoked?: readonly { readonly key_id: string }[];
  /** Of the newest root: which keys count on the entry at an index. */
  readonly history?: RootHistory;
};

/** Reads and verifies one root file against the pin or its predecessor: `readRoot` of the runtime. */
export type ReadRoot<R extends VerifierRoot> = (
  bytes: Uint8Array,
  expect: { tenant: string; version: number; pin: string; before: R | undefined; verify: VerifySignature },
) => Result<R>;

/** The files of a bundle, by path with forward slashes. */
export type BundleFiles = { paths(): readonly string[]; read(path: string): Uint8Array | undefined };

/** Where trust comes from: outside the bundle. `pin` is the fingerprint of the tenant's first root. */
export type Trust<R extends VerifierRoot = VerifierRoot> = {
  pin: Digest;
  readRoot: ReadRoot<R>;
  /** The newest of a verified chain, with its history: `newestWithPlaces` of the runtime. */
  newestOf(roots: readonly R[], sealOf: (version: number) => Uint8Array | undefined): R;
  verify: VerifySignature;
  /** Root files and their entries that the verifier has itself: a bundle cannot hide that a key was revoked since. */
  known?: { root(version: number): Uint8Array | undefined; seal(version: number): Uint8Array | undefined };
};

/**
 * The chain of roots in the bundle, which counts only because its first one has the pinned fingerprint and every other is signed by the one
 * before. Refuses with `TRUST_ROOT_MISSING` (the bundle holds no first root) or `TRUST_ROOT_INVALID`, also for a root that
 * is not the one the verifier has itself.
 */
export function rootChain<R extends VerifierRoot>(files: BundleFiles, tenant: string, trust: Trust<R>): Result<R[]> {
  const chain: R[] = [];
  for (;;) {
    const version = chain.length + 1;
    const [given, held] = [files.read(bundlePaths.trustRoot(version)), trust.known?.root(version)];
    // Whoever stole root keys can make a second chain; who knows the first one is not led along another.
    if (given !== undefined && held !== undefined && !equalBytes(given, held))
      return refuse('TRUST_ROOT_INVALID', `the bundle holds another root version ${version} than is known here`);
    const bytes = held ?? given;
    if (bytes === undefined)
      return chain.length > 0 ? ok(chain) : refuse('TRUST_ROOT_MISSING', 'the bundle holds no first trust root');
    const root = trust.readRoot(bytes, { tenant, version, pin: trust.pin, before: chain.at(-1), verify: trust.verify });
    if (!root.ok) return root;
    chain.push(root.value);
  }
}
