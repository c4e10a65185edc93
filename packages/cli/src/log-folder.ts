import fs from 'node:fs';
import path from 'node:path';
import type { CheckpointView } from '@orgo/contracts';
import { createTileWriter, fromBase64, type TileFile, toHex } from '@orgo/core';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { writeOut } from './write-out.ts';

/** Entries asked for at a time. */
const page = 2048;

/** The newest checkpoint, with the cosignatures on it where it is the one that was cosigned. */
export const noteOf = ({ tree_size, checkpoint, cosigned }: CheckpointView): string =>
  cosigned?.tree_size === tree_size ? cosigned.checkpoint : checkpoint;

/**
 * Writes a log as the files of C2SP tlog-tiles, beside `entries.jsonl` and the log's verifier keys: whoever has the folder checks it without Orgo. The
 * folder appears whole or not at all; entries that do not give the signed root are `ROOT_MISMATCH`.
 */
export async function writeLog(client: Client, out: string): Promise<CheckpointView & { files: number }> {
  const view = await client.call<CheckpointView>('getCheckpoint');
  const part = `${path.resolve(out)}.${process.pid}.part`;
  const writer = createTileWriter();
  let files = 0;
  const put = (name: string, bytes: Uint8Array | string): void => {
    const target = path.join(part, name);
    writeOut(out, () => {
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, bytes);
    });
    files++;
  };
  const putAll = (made: readonly TileFile[]): void => {
    for (const file of made) put(file.path, file.bytes);
  };
  try {
    put('checkpoint', noteOf(view));
    put('vkeys', view.vkeys.map((key) => `${key}\n`).join(''));
    put('entries.jsonl', '');
    for (let from = 0; from < view.tree_size; from += page) {
      const to = Math.min(from + page, view.tree_size);
      const lines = await client.bytes('exportLog', { query: { from: `${from}`, to: `${to}` } });
      writeOut(out, () => fs.appendFileSync(path.join(part, 'entries.jsonl'), lines));
      for (const entry of entriesIn(lines, from, to)) putAll(writer.add(entry));
    }
    putAll(writer.end());
    if (toHex(writer.root()) !== view.root_hash)
      throw new CliError('ROOT_MISMATCH', `the entries do not give the root that was signed for ${view.tree_size}`);
    writeOut(out, () => fs.renameSync(part, out));
    return { ...view, files };
  } finally {
    fs.rmSync(part, { recursive: true, force: true });
  }
}

function entriesIn(lines: Uint8Array, from: number, to: number): Uint8Array[] {
  const rows = new TextDecoder().decode(lines).split('\n').slice(0, -1);
  if (rows.length !== to - from) throw new CliError('LOG_GAP_DETECTED', `entry ${from + rows.length} did not arrive`);
  return rows.map((row, at) => {
    const { index, leaf } = JSON.parse(row) as { index: number; leaf: string };
    const entry = fromBase64(leaf);
    if (index !== from + at || !entry.ok) throw new CliError('LOG_GAP_DETECTED', `entry ${from + at} did not arrive`);
    return entry.value;
  });
}
