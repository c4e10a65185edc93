import { type Digest, dsseEnvelopeSchema, payloadTypes } from '@orgo/contracts';
import { canonical, fromUtf8, type JsonValue, parseStrict, verifyDsse } from '@orgo/core';
import { artifactLimits, type MandateBundle, MandateBundleSchema, mandateBundleId } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import { verifySignature } from '@orgo/runtime/signer';
import type { Root } from '@orgo/runtime/trust';
import type { MandateFact, MandatePolicyFact } from '../domain/index.ts';

const no = (code: string, detail: string): MandateFact => ({ ok: false, code, detail });

/**
 * Reads a mandate: a DSSE envelope by operators of the tenant over the canonical text of a Mandate Bundle whose id is its content (MB-01, MB-08).
 * Says `MANDATE_MISSING`, `MANDATE_INVALID`, `MANDATE_SIGNATURE_INVALID`, or the code of bytes that changed.
 */
export async function mandateFact(store: ArtifactStore, root: Root, ref: Digest): Promise<MandateFact> {
  let bytes: Uint8Array;
  try {
    bytes = await store.get(root.tenant_id, ref);
  } catch (error) {
    if (error instanceof Breach) return no(error.code, error.detail);
    if (error instanceof Refused) return no('MANDATE_MISSING', error.detail);
    throw error;
  }
  const json = parseStrict(bytes, artifactLimits);
  const envelope = dsseEnvelopeSchema.safeParse(json.ok ? json.value : undefined);
  if (!envelope.success) return no('MANDATE_INVALID', 'the mandate is no DSSE envelope');
  const signed = verifyDsse(envelope.data, {
    payloadType: payloadTypes.mandate,
    keys: root.keysOf('operator'),
    threshold: root.threshold('operator'),
    verify: verifySignature,
  });
  if (!signed.ok) return no('MANDATE_SIGNATURE_INVALID', `${signed.code} ${signed.detail}`);
  const text = fromUtf8(signed.value.payload);
  const payload = text.ok ? parseStrict(text.value, artifactLimits) : text;
  if (!payload.ok || !text.ok || canonical(payload.value) !== text.value)
    return no('MANDATE_INVALID', 'the payload is not canonical JSON');
  const bundle = MandateBundleSchema.safeParse(payload.value);
  if (!bundle.success) return no('MANDATE_INVALID', bundle.error.issues[0]?.message ?? 'it does not parse');
  const id = mandateBundleId(bundle.data);
  if (bundle.data.bundle_id !== id)
    return no('MANDATE_INVALID', `bundle_id is ${bundle.data.bundle_id}, its content says ${id}`);
  return { ok: true, bundle_id: id, policies: bundle.data.policies.map(policyFact) };
}

/** In UTC with milliseconds, so that text compares as time. The schema has checked that it is one. */
const utc = (time: string | undefined): string | null => (time === undefined ? null : new Date(time).toISOString());

const policyFact = (policy: MandateBundle['policies'][number]): MandatePolicyFact => ({
  policy_id: policy.policy_id,
  version: policy.version,
  enforcement: policy.enforcement,
  effective_from: utc(policy.effective_from),
  effective_to: utc(policy.effective_to),
  rules: policy.rules.map((rule) => ({ type: rule.type, channels: textsOf(rule.config?.channels) })),
});

/** A list of names, or null where there is none. A list with anything else in it lists nothing. */
const textsOf = (value: JsonValue | undefined): string[] | null => {
  if (!Array.isArray(value)) return null;
  return value.every((item) => typeof item === 'string') ? value : [];
};
