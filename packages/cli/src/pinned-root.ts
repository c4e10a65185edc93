import fs from 'node:fs';
import type { Digest } from '@orgo/contracts';
import { digestOfBytes, fromBase64, parseStrict } from '@orgo/core';
import { readPins, rootFile, rootSealFile, trustDir } from '@orgo/runtime/trust-files';
import { CliError } from './cli-error.ts';
import { homeDir } from './home.ts';
import { readInput } from './read-input.ts';

/**
 * Where trust comes from: the fingerprint of the root file a person names, else the home's pin of that tenant; never the bundle.
 * @throws CliError TRUST_ROOT_MISSING, TRUST_ROOT_INVALID, INPUT_UNREADABLE
 */
export async function pinnedRoot(tenant: string, file: string | undefined): Promise<Digest> {
  if (file === undefined) {
    const pin = (await readPins(trustDir(homeDir()))).get(tenant);
    if (!pin)
      throw new CliError('TRUST_ROOT_MISSING', `this home pins no root of tenant ${tenant}, and no --root was given`);
    return pin as Digest;
  }
  const envelope = parseStrict(readInput(file));
  const payload = envelope.ok ? (envelope.value as { payload?: unknown } | null)?.payload : undefined;
  const content = typeof payload === 'string' ? fromBase64(payload) : undefined;
  if (!content?.ok) throw new CliError('TRUST_ROOT_INVALID', `${file} is no root file`);
  return digestOfBytes(content.value);
}

const bytesIfAny = (file: string): Uint8Array | undefined =>
  fs.existsSync(file) ? new Uint8Array(fs.readFileSync(file)) : undefined;

/** The roots of a tenant that this home has, where they begin with that pin; none otherwise. */
export async function knownRoots(
  tenant: string,
  pin: Digest,
): Promise<{ root(version: number): Uint8Array | undefined; seal(version: number): Uint8Array | undefined }> {
  const dir = trustDir(homeDir());
  const isSame = (await readPins(dir).catch(() => new Map<string, string>())).get(tenant) === pin;
  return {
    root: (version) => (isSame ? bytesIfAny(rootFile(dir, tenant, version)) : undefined),
    seal: (version) => (isSame ? bytesIfAny(rootSealFile(dir, tenant, version)) : undefined),
  };
}
