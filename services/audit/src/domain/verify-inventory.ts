import { dsseEnvelopeSchema, payloadTypes } from '@orgo/contracts';
import { digestOfBytes, fromBase64, ok, parseStrict, type Result, refuse, verifyDsse } from '@orgo/core';
import { artifactLimits } from '@orgo/kristal';
import { bundlePaths, type Inventory, readInventory } from './bundle-layout.ts';
import { type BundleFiles, rootChain, type Trust, type VerifierRoot } from './verify-trust.ts';

const invalid = (why: string) => refuse('BUNDLE_INVALID', why);

/**
 * Verifies the inventory's signature by the role `audit`, then every file against it: one too few, one too many and one changed each have
 * their code. Nothing in the bundle is believed before this. Refuses with a `TRUST_ROOT_…` code, `BUNDLE_INVALID`, a signature code,
 * `BUNDLE_FILE_MISSING`, `BUNDLE_FILE_UNDECLARED` or `BUNDLE_FILE_CHANGED`; the detail names the file.
 */
export function verifyInventory<R extends VerifierRoot>(
  files: BundleFiles,
  trust: Trust<R>,
): Result<{ inventory: Inventory; roots: R[]; newest: R }> {
  const bytes = files.read(bundlePaths.inventory);
  if (bytes === undefined) return invalid(`no ${bundlePaths.inventory}`);
  const json = parseStrict(bytes, artifactLimits);
  const envelope = dsseEnvelopeSchema.safeParse(json.ok ? json.value : undefined);
  if (!envelope.success) return invalid('the inventory is no DSSE envelope');
  // The tenant decides which roots are read; it is believed once the signature by one of their keys holds.
  const claimed = payloadOf(envelope.data.payload);
  if (!claimed.ok) return claimed;
  const roots = rootChain(files, claimed.value.tenant_id, trust);
  if (!roots.ok) return roots;
  const newest = trust.newestOf(
    roots.value,
    (version) => trust.known?.seal(version) ?? files.read(bundlePaths.trustSeal(version)),
  );
  const gone = new Set((newest.revoked ?? []).map(({ key_id }) => key_id));
  const everAudit = new Map(roots.value.flatMap((root) => root.keysOf('audit')).map((key) => [key.keyid, key]));
  const signed = verifyDsse(envelope.data, {
    payloadType: payloadTypes.inventory,
    // Verifiers may know newer roots than the bundle was made under.
    keys: [...everAudit.values()].filter(({ keyid }) => !gone.has(keyid)),
    threshold: newest.threshold('audit'),
    verify: trust.verify,
  });
  if (!signed.ok) return signed;
  const whole = compare(files, claimed.value);
  return whole.ok ? ok({ inventory: claimed.value, roots: roots.value, newest }) : whole;
}

function payloadOf(base64: string): Result<Inventory> {
  const payload = fromBase64(base64, 'either');
  if (!payload.ok) return invalid(payload.detail);
  const json = parseStrict(payload.value, artifactLimits);
  const inventory = json.ok ? readInventory(json.value) : undefined;
  return inventory === undefined ? invalid('the payload is no inventory') : ok(inventory);
}

function compare(files: BundleFiles, inventory: Inventory): Result<true> {
  const declared = new Set([bundlePaths.inventory, ...inventory.files.map((file) => file.path)]);
  const surplus = [...files.paths()].sort().find((path) => !declared.has(path));
  if (surplus !== undefined) return refuse('BUNDLE_FILE_UNDECLARED', surplus);
  for (const { path, size, digest } of inventory.files) {
    const bytes = files.read(path);
    if (bytes === undefined) return refuse('BUNDLE_FILE_MISSING', path);
    if (bytes.length !== size || digestOfBytes(bytes) !== digest) return refuse('BUNDLE_FILE_CHANGED', path);
  }
  return ok(true);
}
