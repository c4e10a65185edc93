import { fromBase64, fromUtf8, parsePolicy, parseStrict, type TlogPolicy } from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';
import { type Root, TrustStore } from '@orgo/runtime/trust';
import { readPins, trustDir } from '@orgo/runtime/trust-files';
import { readRoot } from '@orgo/runtime/trust-root';
import { CliError } from './cli-error.ts';
import { homeDir } from './home.ts';
import { pinnedRoot } from './pinned-root.ts';
import { readInput, shown } from './read-input.ts';

/** The text of a file that a person named. @throws CliError INPUT_UNREADABLE */
export function readText(file: string): string {
  const text = fromUtf8(readInput(file));
  if (!text.ok) throw new CliError('INPUT_UNREADABLE', `${shown(file)}: ${text.detail}`);
  return text.value;
}

/** The witnesses of a policy file; null where none is named. @throws CliError CONFIG_INVALID, INPUT_UNREADABLE */
export function policyOf(file: string | undefined): TlogPolicy | null {
  if (file === undefined) return null;
  const policy = parsePolicy(readText(file));
  if (!policy.ok) throw new CliError(policy.code, `${shown(file)}: ${policy.detail}`);
  return policy.value;
}

/**
 * Whose log a checkpoint may be: that of the root file a person names, else the one with this origin among those that the home pins.
 * @throws CliError TRUST_ROOT_MISSING, TRUST_ROOT_INVALID
 */
export async function logOf(note: string, rootFile: string | undefined): Promise<Root['log']> {
  if (rootFile !== undefined) {
    const pin = await pinnedRoot('', rootFile);
    const bytes = readInput(rootFile);
    const root = readRoot(bytes, {
      tenant: tenantIn(bytes),
      version: 1,
      pin,
      before: undefined,
      verify: verifySignature,
    });
    if (!root.ok) throw new CliError('TRUST_ROOT_INVALID', `${shown(rootFile)}: ${root.detail}`);
    return root.value.log;
  }
  const dir = trustDir(homeDir());
  const origin = note.split('\n', 1)[0];
  const trust = TrustStore.open(dir);
  for (const tenant of (await readPins(dir)).keys()) {
    const { log } = await trust.root(tenant);
    if (log.origin === origin) return log;
  }
  throw new CliError('TRUST_ROOT_MISSING', 'this home pins no root of that log, and no --root was given');
}

/** Which tenant a root file says it is of; the root itself is verified for it. */
function tenantIn(file: Uint8Array): string {
  const memberOf = (bytes: Uint8Array, name: string): unknown => {
    const json = parseStrict(bytes);
    return json.ok && typeof json.value === 'object'
      ? (json.value as Record<string, unknown> | null)?.[name]
      : undefined;
  };
  const payload = fromBase64(`${memberOf(file, 'payload')}`);
  return `${payload.ok ? memberOf(payload.value, 'tenant_id') : ''}`;
}
