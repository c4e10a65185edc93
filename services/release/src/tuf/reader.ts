import { tenantIdSchema } from '@orgo/contracts';
import { type Digest, parseStrict } from '@orgo/core';
import { readPackManifest } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { readFileIfAny } from '@orgo/runtime/durable-file';
import { Breach, codeOf } from '@orgo/runtime/errors';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Db } from '@orgo/store/db';
import { publishedManifest } from '../channel/heads.ts';
import type { ChannelRepository } from './repository.ts';

/** A file as a client gets it. A pack file comes in pieces; where its bytes are wrong the last piece never comes, but Breach HASH_MISMATCH. */
export type ChannelFile = {
  bytes: Uint8Array | AsyncIterable<Uint8Array>;
  size: number;
  media_type: string;
  /** False for `timestamp.json` alone: everything else keeps its content for ever. */
  immutable: boolean;
};

/** What nodes may read of a tenant: channel metadata, targets, and the files of packs that were published. Null for anything else. */
export type ChannelReader = { read(tenant: string, path: string): Promise<ChannelFile | null> };

const name = '[a-z0-9][a-z0-9._-]{0,62}';
/** A channel's own role is named after it. */
const role = `(?:channel\\.)?${name}`;
const shapes = {
  metadata: new RegExp(`^metadata/(?:timestamp|[1-9][0-9]{0,14}\\.${role})\\.json$`),
  target: new RegExp(
    `^targets/(?:trust/[0-9a-f]{64}\\.[1-9][0-9]{0,8}\\.(?:root|sealed)\\.json|${name}/[0-9a-f]{64}\\.(?:channel|[0-9a-f]{64}\\.pack-manifest|rel_[0-9a-f-]{36}\\.authorization)\\.json)$`,
  ),
  pack: /^packs\/([0-9a-f]{64})\/(.{1,240})$/,
};

/** The pieces, the last one only after the source has vouched for them all by ending well. */
async function* vouched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const piece of source) {
    if (held !== undefined) yield held;
    held = piece;
  }
  if (held !== undefined) yield held;
}

type PackFiles = ReadonlyMap<string, { ref: Digest; size: number }>;
/** Manifests kept in memory; forgetting one costs a read. */
const maxPacks = 64;

export function createChannelReader(options: {
  channels: ChannelRepository;
  db: Db;
  artifacts: ArtifactStore;
  trust: TrustStore;
}): ChannelReader {
  const { channels, db, artifacts, trust } = options;
  const packs = new Map<string, PackFiles>();

  const readPublished = async (tenant: string, path: string): Promise<ChannelFile | null> => {
    await channels.ensure(tenant);
    const bytes = await readFileIfAny(channels.pathOf(tenant, path));
    return bytes === undefined
      ? null
      : { bytes, size: bytes.length, media_type: 'application/json', immutable: !path.endsWith('/timestamp.json') };
  };

  const filesOf = async (tenant: string, packId: string): Promise<PackFiles | null> => {
    const known = packs.get(`${tenant}/${packId}`);
    if (known !== undefined) return known;
    const ref = await publishedManifest(db, tenant, packId);
    if (ref === null) return null;
    const json = parseStrict(await artifacts.get(tenant, ref));
    const manifest = json.ok ? readPackManifest(json.value) : json;
    // It was a manifest when the gatekeeper verified it, and its bytes are what they were.
    if (!manifest.ok) throw new Breach('MANIFEST_SCHEMA_INVALID', `${ref}: ${manifest.detail}`);
    const files = new Map(
      manifest.value.files.map((file) => [
        file.path,
        { ref: `sha256:${file.sha256}` as Digest, size: file.size_bytes },
      ]),
    );
    if (packs.size >= maxPacks) packs.clear();
    packs.set(`${tenant}/${packId}`, files);
    return files;
  };

  const readPack = async (tenant: string, packId: string, path: string): Promise<ChannelFile | null> => {
    const file = (await filesOf(tenant, packId))?.get(path);
    if (file === undefined) return null;
    const { ref, size } = file;
    return {
      bytes: vouched(artifacts.stream(tenant, ref)),
      size,
      media_type: 'application/octet-stream',
      immutable: true,
    };
  };

  const isKnown = (tenant: string): Promise<boolean> =>
    trust.root(tenant).then(
      () => true,
      (error) => {
        if (codeOf(error) === 'TRUST_ROOT_MISSING') return false;
        throw error;
      },
    );

  return {
    async read(tenant, path) {
      const [, packId, packPath] = shapes.pack.exec(path) ?? [];
      const published = shapes.metadata.test(path) || shapes.target.test(path);
      if (!published && packId === undefined) return null;
      if (!tenantIdSchema.safeParse(tenant).success || !(await isKnown(tenant))) return null;
      if (packId !== undefined && packPath !== undefined) return readPack(tenant, packId, packPath);
      return readPublished(tenant, path);
    },
  };
}
