import { digestHex, digestOfBytes, ok, type Result, refuse } from '@orgo/core';
import { issueText } from './exchange.ts';
import {
  manifestSha256,
  type PackFile,
  type PackManifest,
  PackManifestSchema,
  runtimePackId,
} from './pack-manifest.ts';
import { packManifestPath, pathProblems } from './pack-paths.ts';
import { verifyPackSignatures } from './pack-signatures.ts';
import { nobody, type Signers } from './signatures.ts';

/**
 * Where a pack's files are. `readFile` answers the bytes, or `undefined` (or rejects with `ENOENT`) where there is no such regular
 * file; any other rejection is a fault and passes through. `list` names every file at hand and must not follow symbolic links; without
 * it a file too many cannot be seen, and the caller vouches for that.
 */
export type PackSource = {
  readFile(path: string): Promise<Uint8Array | undefined>;
  list?(): Promise<readonly string[]>;
};

/** A pack whose every byte matched its manifest. It holds those bytes: what was verified is what is read. */
export type VerifiedPack = {
  packId: string;
  manifest: PackManifest;
  /** The verified bytes of a file of the manifest, or undefined where it has no such file. */
  file(path: string): Uint8Array | undefined;
};

/**
 * Checks a pack from its bytes, in this order, and stops at the first no (RP-6): shape of the manifest, recomputed pack id and declared hash,
 * declared signatures, paths, files too many, then size and SHA-256 of each file. Channels and revocation are judged elsewhere.
 * Refuses with `MANIFEST_SCHEMA_INVALID`, `MANIFEST_ID_MISMATCH`, `KEY_UNKNOWN`, `SIGNATURE_INVALID`, `PATH_UNSAFE`, `FILE_UNDECLARED`,
 * `FILE_MISSING`, `FILE_SIZE_MISMATCH` or `FILE_HASH_MISMATCH`.
 * @param manifest parsed JSON of the manifest, not trusted
 * @param signers who may sign packs
 */
export async function verifyPack(
  source: PackSource,
  manifest: unknown,
  signers: Signers = nobody,
): Promise<Result<VerifiedPack>> {
  const read = readPackManifest(manifest, signers);
  if (!read.ok) return read;
  const { files } = read.value;
  const [problem] = pathProblems(files.map((f) => f.path));
  if (problem) return refuse('PATH_UNSAFE', `${JSON.stringify(problem.path)}: ${problem.why}`);
  const surplus = await undeclared(source, files);
  if (surplus !== undefined) return refuse('FILE_UNDECLARED', JSON.stringify(surplus));

  const bytesOf = new Map<string, Uint8Array>();
  for (const file of files) {
    const bytes = await readOrMissing(source, file.path);
    const checked = checkFile(file, bytes);
    if (!checked.ok) return checked;
    bytesOf.set(file.path, checked.value);
  }
  return ok({ packId: read.value.runtime_pack_id, manifest: read.value, file: (path) => bytesOf.get(path) });
}

/**
 * Reads a pack manifest, recomputes its id and, where it declares one, its hash, and checks its signatures (RP-6).
 * Refuses with `MANIFEST_SCHEMA_INVALID`, `MANIFEST_ID_MISMATCH`, `KEY_UNKNOWN` or `SIGNATURE_INVALID`.
 * @param manifest parsed JSON, not trusted
 * @param signers who may sign packs
 */
export function readPackManifest(manifest: unknown, signers: Signers = nobody): Result<PackManifest> {
  const parsed = PackManifestSchema.safeParse(manifest);
  if (!parsed.success) return refuse('MANIFEST_SCHEMA_INVALID', issueText(parsed.error));
  const actual = runtimePackId(parsed.data);
  if (actual !== parsed.data.runtime_pack_id) {
    return refuse('MANIFEST_ID_MISMATCH', `the manifest says ${parsed.data.runtime_pack_id}, its content is ${actual}`);
  }
  const { integrity } = parsed.data;
  const hash = manifestSha256(parsed.data);
  if (integrity?.manifest_sha256 !== undefined && integrity.manifest_sha256 !== hash)
    return refuse(
      'MANIFEST_ID_MISMATCH',
      `the manifest says it hashes to ${integrity.manifest_sha256}, it hashes to ${hash}`,
    );
  // Kristal gives no formula for it, so it cannot be held against anything; a hash that nobody checked must not look like one.
  if (integrity?.pack_sha256 !== undefined)
    return refuse('MANIFEST_SCHEMA_INVALID', '/integrity/pack_sha256: not defined');
  const signed = verifyPackSignatures(parsed.data, signers);
  return signed.ok ? ok(parsed.data) : signed;
}

/**
 * Holds one file against its manifest entry. Refuses with `FILE_MISSING`, `FILE_SIZE_MISMATCH` or `FILE_HASH_MISMATCH`.
 */
export function checkFile(file: PackFile, bytes: Uint8Array | undefined): Result<Uint8Array> {
  if (bytes === undefined) return refuse('FILE_MISSING', file.path);
  if (bytes.length !== file.size_bytes) {
    return refuse('FILE_SIZE_MISMATCH', `${file.path}: ${bytes.length} bytes, the manifest says ${file.size_bytes}`);
  }
  const actual = digestHex(digestOfBytes(bytes));
  if (actual !== file.sha256)
    return refuse('FILE_HASH_MISMATCH', `${file.path}: ${actual}, the manifest says ${file.sha256}`);
  return ok(bytes);
}

async function undeclared(source: PackSource, files: readonly PackFile[]): Promise<string | undefined> {
  if (source.list === undefined) return undefined;
  const declared = new Set([packManifestPath, ...files.map((f) => f.path)]);
  const present = [...(await source.list())].sort();
  return present.find((path) => !declared.has(path));
}

async function readOrMissing(source: PackSource, path: string): Promise<Uint8Array | undefined> {
  try {
    return await source.readFile(path);
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'ENOENT') return undefined;
    throw error;
  }
}
