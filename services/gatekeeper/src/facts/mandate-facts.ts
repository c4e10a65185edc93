import { type Digest, dsseEnvelopeSchema, payloadTypes, type ReasonCode } from '@orgo/contracts';
import { canonical, equalBytes, fromUtf8, type JsonValue, parseStrict } from '@orgo/core';
import { verifyDsseUnder } from '@orgo/core/root-history';
import { artifactLimits, type MandateBundle, MandateBundleSchema, mandateBundleId } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import { verifySignature } from '@orgo/runtime/signer';
import type { Root } from '@orgo/runtime/trust';
import type { MandateFact, MandatePolicyFact } from '../domain/index.ts';

const no = (code: ReasonCode, detail: string): MandateFact => ({ ok: false, code, detail });

/**
 * Reads a mandate: the canonical text of a Mandate Bundle whose id is its content, and a DSSE envelope over exactly these bytes by operators of
 * the tenant (MB-01, MB-08). The signature lies beside the bundle, so the same mandate has the same digest in every tenant. `sealedAt` is where
 * the record of its build stands in the log: a key that was dropped after that still counts, and one that is distrusted from there on does not.
 * Says `MANDATE_MISSING`, `MANDATE_INVALID`, `MANDATE_SIGNATURE_INVALID`, or the code of bytes that changed.
 */
export async function mandateFact(
  store: ArtifactStore,
  root: Root,
  ref: Digest,
  signature: Digest | undefined,
  sealedAt?: number,
): Promise<MandateFact> {
  const bytes = await read(store, root.tenant_id, ref, 'MANDATE_MISSING');
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (signature === undefined) return no('MANDATE_SIGNATURE_INVALID', 'no signature was admitted with the mandate');
  const envelope = await read(store, root.tenant_id, signature, 'MANDATE_SIGNATURE_INVALID');
  if (!(envelope instanceof Uint8Array)) return envelope;
  const signed = signedBytes(envelope, root, sealedAt);
  if (!(signed instanceof Uint8Array)) return signed;
  if (!equalBytes(signed, bytes)) return no('MANDATE_SIGNATURE_INVALID', 'the signature is over another mandate');
  const text = fromUtf8(bytes);
  const payload = text.ok ? parseStrict(text.value, artifactLimits) : text;
  if (!payload.ok || !text.ok || canonical(payload.value) !== text.value)
    return no('MANDATE_INVALID', 'the mandate is not canonical JSON');
  const bundle = MandateBundleSchema.safeParse(payload.value);
  if (!bundle.success) return no('MANDATE_INVALID', bundle.error.issues[0]?.message ?? 'it does not parse');
  const id = mandateBundleId(bundle.data);
  if (bundle.data.bundle_id !== id)
    return no('MANDATE_INVALID', `bundle_id is ${bundle.data.bundle_id}, its content says ${id}`);
  return { ok: true, bundle_id: id, policies: bundle.data.policies.map(policyFact) };
}

/** Bytes of an artifact, or why there are none. @throws Fault when the store does not answer */
async function read(
  store: ArtifactStore,
  tenant: string,
  ref: Digest,
  absent: ReasonCode,
): Promise<Uint8Array | MandateFact> {
  try {
    return await store.get(tenant, ref);
  } catch (error) {
    if (error instanceof Breach) return no(error.code, error.detail);
    if (error instanceof Refused) return no(absent, error.detail);
    throw error;
  }
}

function signedBytes(bytes: Uint8Array, root: Root, sealedAt: number | undefined): Uint8Array | MandateFact {
  const json = parseStrict(bytes, artifactLimits);
  const envelope = dsseEnvelopeSchema.safeParse(json.ok ? json.value : undefined);
  if (!envelope.success) return no('MANDATE_SIGNATURE_INVALID', 'the signature is no DSSE envelope');
  const signed = verifyDsseUnder(envelope.data, {
    root,
    role: 'operator',
    type: payloadTypes.mandate,
    index: sealedAt,
    verify: verifySignature,
  });
  return signed.ok ? signed.value.payload : no('MANDATE_SIGNATURE_INVALID', `${signed.code} ${signed.detail}`);
}

/** In UTC with milliseconds, so that text compares as time. The schema has checked that it is one. */
const utc = (time: string | undefined): string | null => (time === undefined ? null : new Date(time).toISOString());

const policyFact = (policy: MandateBundle['policies'][number]): MandatePolicyFact => ({
  policy_id: policy.policy_id,
  version: policy.version,
  enforcement: policy.enforcement,
  effective_from: utc(policy.effective_from),
  effective_to: utc(policy.effective_to),
  rules: policy.rules.map((rule) => ({
    type: rule.type,
    channels: textsOf(rule.config?.channels),
    set_id: textOf(rule.config?.set_id),
  })),
});

/** A text, or null where there is none. Anything else is a text that nothing equals. */
const textOf = (value: JsonValue | undefined): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : '';

/** A list of names, or null where there is none. A list with anything else in it lists nothing. */
const textsOf = (value: JsonValue | undefined): string[] | null => {
  if (!Array.isArray(value)) return null;
  return value.every((item) => typeof item === 'string') ? value : [];
};
