import { digestHex, digestOfBytes, type Result } from '@orgo/core';
import {
  defaultPackPolicy,
  type Exchange,
  openPack,
  type Pack,
  type PackManifest,
  type PackPolicy,
  runtimePackId,
  verifyPack,
} from '@orgo/kristal';
import { contextWith, packStage } from './core.fixture.ts';
import { compilePack } from './core.ts';

/** A compiled pack before anybody opened it. */
export type CompiledPack = { manifest: PackManifest; files: Map<string, Uint8Array> };

/** Compiles an Exchange under a policy, through the stage core. */
export async function compiled(exchange: Exchange, policy: PackPolicy = defaultPackPolicy): Promise<CompiledPack> {
  const done = await compilePack(packStage(exchange, { context: contextWith(policy) }));
  if (!done.ok) throw new Error(`${done.code}: ${done.detail}`);
  const [first, ...files] = done.value.outputs.map((output) => output.bytes) as [Uint8Array, ...Uint8Array[]];
  const manifest: PackManifest = JSON.parse(Buffer.from(first).toString());
  return { manifest, files: new Map(manifest.files.map(({ path }, i) => [path, files[i] as Uint8Array])) };
}

/** Verifies and opens a pack, as a node would. */
export async function opened({ manifest, files }: CompiledPack): Promise<Result<Pack>> {
  const verified = await verifyPack(
    { readFile: async (path) => files.get(path), list: async () => [...files.keys()] },
    manifest,
  );
  return verified.ok ? openPack(verified.value) : verified;
}

/** A pack that is right in every hash and its id, with one file replaced: one that was compiled wrongly. */
export function remade(pack: CompiledPack, path: string, bytes: Uint8Array): CompiledPack {
  const files = pack.manifest.files.map((file) =>
    file.path === path ? { ...file, sha256: digestHex(digestOfBytes(bytes)), size_bytes: bytes.length } : file,
  );
  const identity = { ...pack.manifest, files };
  return {
    manifest: { ...identity, runtime_pack_id: runtimePackId(identity) },
    files: new Map(pack.files).set(path, bytes),
  };
}
