import { join } from 'node:path';
import { digestOfNothing } from '@orgo/core';
import { readFileIfAny } from '@orgo/runtime/durable-file';
import { Breach, detailOf } from '@orgo/runtime/errors';
import { Metadata, MetadataKind, type Root } from '@tufjs/models';
import type { Kept } from './rows.ts';

type File = { signed: { version: number; expires: string } };
const read = async (path: string): Promise<{ bytes: Uint8Array; json: File } | undefined> => {
  const bytes = await readFileIfAny(path);
  return bytes === undefined ? undefined : { bytes, json: JSON.parse(Buffer.from(bytes).toString('utf8')) as File };
};

const rootIn = (bytes: Uint8Array): Metadata<Root> =>
  Metadata.fromJSON(MetadataKind.Root, JSON.parse(Buffer.from(bytes).toString('utf8')));

/**
 * What clients may have seen that the rows do not know: a database that was put back to an older state, or files of an older Orgo. Roots after the newest one
 * that is kept are kept too, each verified by the one before; `floor` is the version of the timestamp that lies there.
 * @throws Breach METADATA_INVALID for a root that does not follow from the one before
 */
export async function adoptFiles(folder: string, kept: readonly Kept[]): Promise<{ roots: Kept[]; floor: number }> {
  const roots: Kept[] = [];
  let before = kept.filter(({ role }) => role === 'root').at(-1);
  for (;;) {
    const version = (before?.version ?? 0) + 1;
    const file = await read(join(folder, `${version}.root.json`));
    if (file === undefined) break;
    try {
      const root = rootIn(file.bytes);
      for (const judge of before === undefined ? [root] : [rootIn(before.bytes), root])
        judge.verifyDelegate('root', root);
    } catch (error) {
      throw new Breach('METADATA_INVALID', `${version}.root.json: ${detailOf(error)}`);
    }
    const expires_at = new Date(file.json.signed.expires).toISOString();
    // Nothing has this digest, so that the next one is made from the trust root.
    before = { role: 'root', version, content: digestOfNothing, expires_at, renew_at: expires_at, bytes: file.bytes };
    roots.push(before);
  }
  const timestamp = await read(join(folder, 'timestamp.json'));
  return { roots, floor: timestamp?.json.signed.version ?? 0 };
}
