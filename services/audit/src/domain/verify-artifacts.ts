import { type ArtifactRef, type BuildRecord, type Digest, dsseEnvelopeSchema, payloadTypes } from '@orgo/contracts';
import {
  digestOfBytes,
  digestOfNothing,
  equalBytes,
  ok,
  parseStrict,
  type Result,
  refuse,
  type VerifySignature,
} from '@orgo/core';
import { verifyDsseUnder } from '@orgo/core/root-history';
import { artifactLimits, MandateBundleSchema, mandateBundleId, readExchange, readPackManifest } from '@orgo/kristal';
import { bundlePaths } from './bundle-layout.ts';
import type { SealedLeaf } from './record.ts';
import type { BundleFiles, VerifierRoot } from './verify-trust.ts';

/** Artifacts that the decisions of a build name: reports, inputs, outputs. The record and its statement lie beside them under their own names. */
export function namedArtifacts(leaves: readonly SealedLeaf[]): ArtifactRef[] {
  const found = new Map<string, ArtifactRef>();
  for (const { decision } of leaves) {
    const { inputs, outputs, report } = decision;
    for (const artifact of [...inputs, ...outputs, ...(report === null ? [] : [report])] as ArtifactRef[]) {
      if (artifact.kind !== 'build-record' && artifact.kind !== 'build-statement') found.set(artifact.ref, artifact);
    }
  }
  return [...found.values()];
}

/** Every named artifact is there, with its own digest and the size the decisions say. */
export function verifyArtifacts(files: BundleFiles, leaves: readonly SealedLeaf[]): Result<number> {
  const named = namedArtifacts(leaves);
  for (const { kind, ref, size } of named) {
    const bytes = files.read(bundlePaths.artifact(ref));
    if (bytes === undefined) return refuse('BUNDLE_FILE_MISSING', `${kind} ${ref}`);
    if (digestOfBytes(bytes) !== ref) return refuse('HASH_MISMATCH', `${kind} ${ref}`);
    if (bytes.length !== size) return refuse('SIZE_MISMATCH', `${kind} ${ref}`);
  }
  return ok(named.length);
}

/** Recomputes `kristal_id` from the Exchange and the pack id from the manifest, and holds the pack's files against it. */
export function verifyKristal(files: BundleFiles, record: BuildRecord): Result<true> {
  const { kristal } = record.outputs;
  if (kristal === null) return ok(true);
  const json = (ref: string) =>
    parseStrict(files.read(bundlePaths.artifact(ref as Digest)) ?? new Uint8Array(), artifactLimits);
  const exchange = json(kristal.exchange.ref);
  if (!exchange.ok) return exchange;
  const read = readExchange(exchange.value);
  if (!read.ok) return read;
  if (read.value.kristal_id !== kristal.kristal_id)
    return refuse('EXCHANGE_ID_MISMATCH', `the Exchange is ${read.value.kristal_id}`);
  const manifest = json(kristal.pack_manifest.ref);
  if (!manifest.ok) return manifest;
  const pack = readPackManifest(manifest.value);
  if (!pack.ok) return pack;
  if (pack.value.runtime_pack_id !== kristal.pack_id)
    return refuse('MANIFEST_ID_MISMATCH', `the manifest is of pack ${pack.value.runtime_pack_id}`);
  if (`sha256:${pack.value.exchange_ref.exchange_id}` !== kristal.kristal_id)
    return refuse('EXCHANGE_ID_MISMATCH', 'the pack is of another Exchange');
  const listed = new Set(pack.value.files.map((file) => `sha256:${file.sha256} ${file.size_bytes}`));
  const named = new Set(kristal.pack_files.map((file) => `${file.ref} ${file.size}`));
  const missing = [...listed].find((file) => !named.has(file));
  if (missing !== undefined) return refuse('FILE_MISSING', missing);
  const extra = [...named].find((file) => !listed.has(file));
  return extra === undefined ? ok(true) : refuse('FILE_UNDECLARED', extra);
}

/**
 * The mandate: signed by operators of the tenant whose keys count where the record stands in the log, by the rule of the gatekeeper when it releases
 * the build, and as many of them as the root of that time wanted; and its id is its content. A build without one has the content id of nothing.
 */
export function verifyMandate(
  files: BundleFiles,
  record: BuildRecord,
  context: { newest: VerifierRoot; signers: VerifierRoot; sealedAt: number; verify: VerifySignature },
): Result<true> {
  if (record.mandate_ref === digestOfNothing) return ok(true);
  // A build that was rejected for its mandate is still a build with a record.
  const rejected = record.stages.length === 0;
  const artifact = (ref: string | undefined): Uint8Array =>
    (ref && files.read(bundlePaths.artifact(ref as Digest))) || new Uint8Array();
  const bytes = artifact(record.mandate_ref);
  const signature = record.inputs.admitted.find(({ kind }) => kind === 'mandate-signature')?.ref;
  const json = parseStrict(artifact(signature), artifactLimits);
  const envelope = dsseEnvelopeSchema.safeParse(json.ok ? json.value : undefined);
  if (!envelope.success) return rejected ? ok(true) : refuse('MANDATE_SIGNATURE_INVALID', 'no DSSE envelope');
  const { newest, signers, sealedAt, verify } = context;
  const signed = verifyDsseUnder(envelope.data, {
    root: newest,
    role: 'operator',
    type: payloadTypes.mandate,
    index: sealedAt,
    threshold: signers.threshold('operator'),
    verify,
  });
  if (!signed.ok) return rejected ? ok(true) : refuse('MANDATE_SIGNATURE_INVALID', `${signed.code} ${signed.detail}`);
  if (!equalBytes(signed.value.payload, bytes))
    return rejected ? ok(true) : refuse('MANDATE_SIGNATURE_INVALID', 'the signature is over another mandate');
  const payload = parseStrict(bytes, artifactLimits);
  const bundle = MandateBundleSchema.safeParse(payload.ok ? payload.value : undefined);
  const sound = bundle.success && bundle.data.bundle_id === mandateBundleId(bundle.data);
  return sound || rejected ? ok(true) : refuse('MANDATE_INVALID', 'the bundle id is not its digest');
}
