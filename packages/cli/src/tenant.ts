import fs from 'node:fs';
import path from 'node:path';
import { adaptersOf, payloadTypes, pipelines } from '@orgo/contracts';
import { canonicalBytes, type DsseEnvelope, type JsonValue, pae, parseStrict, toBase64 } from '@orgo/core';
import { mandates } from '@orgo/corpora/mandates';
import { openKeyring } from '@orgo/runtime/keyring';
import type { TenantOptions } from '@orgo/runtime/tenants';
import { createTenant, keysDir, TrustStore, trustDir } from '@orgo/runtime/trust';
import { CliError } from './cli-error.ts';
import { instanceName } from './home.ts';
import { readInput } from './read-input.ts';

export type ProvisionedTenant = {
  tenant_id: string;
  fingerprint: string;
  root_version: number;
  root_file: string;
  created: boolean;
};

/** A mandate as it is admitted: the bundle, whose digest is its identity everywhere, and an operator's signature beside it. */
export type SignedMandate = { bundle: Uint8Array; signature: Uint8Array };

/** Makes a tenant in a home: keys, first trust root, pin. Repeating it changes nothing. @throws Refused USAGE_INVALID, TRUST_ROOT_INVALID */
export async function provisionTenant(
  home: string,
  tenant: string,
  options: Pick<TenantOptions, 'rootKeys' | 'rootThreshold' | 'alg'> = {},
): Promise<ProvisionedTenant> {
  const adapters = [...new Set(Object.values(pipelines).flatMap(adaptersOf))];
  const made = await createTenant(home, tenant, { ...options, adapters, instance: instanceName(home) });
  return { ...made, root_file: path.join(trustDir(home), tenant, `${made.root_version}.root.json`) };
}

/** Signs a mandate bundle with the tenant's operator key of this home. @throws Fault SIGNER_UNAVAILABLE */
export async function signMandate(home: string, tenant: string, bundle: JsonValue): Promise<SignedMandate> {
  const signer = await openKeyring(keysDir(home), TrustStore.open(trustDir(home))).signer(tenant, 'operator');
  const bytes = canonicalBytes(bundle);
  const envelope: DsseEnvelope = {
    payloadType: payloadTypes.mandate,
    payload: toBase64(bytes),
    signatures: [{ keyid: signer.key_id, sig: toBase64(await signer.sign(pae(payloadTypes.mandate, bytes))) }],
  };
  return { bundle: bytes, signature: canonicalBytes(envelope as unknown as JsonValue) };
}

/**
 * The mandate of a file with `<file>.dsse` beside it, else signed here; without a file the default mandate of a profile.
 * @throws CliError INPUT_UNREADABLE, MANDATE_INVALID where there is nothing to sign; Fault SIGNER_UNAVAILABLE
 */
export async function mandateFor(
  home: string,
  tenant: string,
  file: string | undefined,
  profile: keyof typeof mandates,
): Promise<SignedMandate> {
  if (file === undefined) return signMandate(home, tenant, mandates[profile] as unknown as JsonValue);
  const bundle = readInput(file);
  if (fs.existsSync(`${file}.dsse`)) return { bundle, signature: readInput(`${file}.dsse`) };
  const json = parseStrict(bundle);
  if (!json.ok) throw new CliError('MANDATE_INVALID', `${file}: ${json.detail}`);
  return signMandate(home, tenant, json.value);
}
