import fs from 'node:fs';
import type { ConsistencyProofView, InclusionProofView } from '@orgo/contracts';
import { formatGrowth, formatTlogProof, fromBase64, fromHex } from '@orgo/core';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { readText } from '../log-trust.ts';
import { createOutput } from '../output.ts';
import { verifyGrowthText } from '../verify-log.ts';
import { writeOut } from '../write-out.ts';

type Options = { from?: string; out?: string };

/** `orgo audit prove INDEX | --from SIZE|FILE`: that an entry is in the log, or that the log only grew. */
export function auditProve(area: Command): void {
  area
    .command('prove')
    .description('prove that an entry is in the log, or with --from that the log only grew since an earlier size')
    .argument('[index]')
    .option('--from <size or file>', 'an earlier size, or a checkpoint that you kept: it is compared at once')
    .option('--out <file>', 'write the proof: JSON where the name ends in .json, else the text form of C2SP')
    .addHelpText(
      'after',
      '\nExamples:\n  orgo audit prove 4 --out entry.tlog-proof\n  orgo audit prove 4 --out proof.json\n  orgo audit prove --from checkpoint-of-may\n  orgo audit prove --from 20 --out growth.tlog-growth',
    )
    .action(async (index: string | undefined, options: Options) => {
      if ((index === undefined) === (options.from === undefined))
        throw new CliError('USAGE_INVALID', 'say either which entry, or --from which size');
      return index === undefined ? growth(options.from as string, options.out) : inclusion(index, options.out);
    });
}

const hashes = (path: readonly string[]): Uint8Array[] =>
  path.map((hex) => {
    const hash = fromHex(hex);
    if (!hash.ok) throw new CliError('PROOF_INVALID', hash.detail);
    return hash.value;
  });

const write = (out: string | undefined, proof: unknown, text: string): void => {
  if (out === undefined) return;
  writeOut(out, () => fs.writeFileSync(out, out.endsWith('.json') ? JSON.stringify(proof) : text));
};
const written = (out: string | undefined): string => (out === undefined ? '' : `, written to ${out}`);

async function inclusion(index: string, out: string | undefined): Promise<void> {
  const found = await createClient(findInstance()).call<InclusionProofView>('getProof', { params: { index } });
  const entry = fromBase64(found.leaf);
  const { path, checkpoint } = found;
  const extra = entry.ok ? entry.value : null;
  write(out, found, formatTlogProof({ index: found.index, extra, path: hashes(path), checkpoint }));
  createOutput().result(found, () => [
    `entry ${found.index} of ${found.size}, root ${found.root}, path of ${path.length}${written(out)}`,
  ]);
}

async function growth(from: string, out: string | undefined): Promise<void> {
  const kept = /^\d+$/.test(from) ? null : readText(from);
  const size = kept === null ? from : (kept.split('\n')[1] ?? '');
  const found = await createClient(findInstance()).call<ConsistencyProofView>('getConsistency', {
    query: { from: size },
  });
  const text = formatGrowth({ old: found.from, path: hashes(found.path), checkpoint: found.checkpoint });
  if (kept !== null) await verifyGrowthText(text, kept, { root: undefined, policy: null });
  write(out, found, text);
  const compared = kept === null ? '' : `; its first ${found.from} are those of ${from}`;
  createOutput().result({ ...found, compared: kept !== null }, () => [
    `the log of ${found.to} entries begins with that of ${found.from}, path of ${found.path.length}${compared}${written(out)}`,
  ]);
}
