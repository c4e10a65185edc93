import fs from 'node:fs';
import path from 'node:path';
import type { CheckpointView, FsckReport, InclusionProofView } from '@orgo/contracts';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { colors as pc } from '../colors.ts';
import { findInstance } from '../home.ts';
import { bytes, createOutput, table } from '../output.ts';
import { writeOut } from '../write-out.ts';

/** `orgo audit checkpoint|prove|fsck|export`: the sealed log of the tenant. */
export function audit(program: Command): void {
  const area = program.command('audit').description('the sealed log');
  area
    .command('checkpoint')
    .description('the newest signed checkpoint')
    .addHelpText('after', '\nExample:\n  orgo audit checkpoint --json')
    .action(async () => {
      const found = await createClient(findInstance()).call<CheckpointView>('getCheckpoint');
      createOutput().result(found, () => [found.checkpoint.trimEnd()]);
    });
  area
    .command('prove')
    .description('inclusion proof of a log entry')
    .argument('<index>')
    .option('--out <file>', 'write the proof as JSON')
    .addHelpText('after', '\nExample:\n  orgo audit prove 4 --out proof.json')
    .action(async (index: string, options: { out?: string }) => {
      const found = await createClient(findInstance()).call<InclusionProofView>('getProof', { params: { index } });
      const { out } = options;
      if (out) writeOut(out, () => fs.writeFileSync(out, JSON.stringify(found)));
      createOutput().result(found, () => [
        `entry ${found.index} of ${found.size}, root ${found.root}, path of ${found.path.length}${options.out ? `, written to ${options.out}` : ''}`,
      ]);
    });
  area
    .command('fsck')
    .description('read every entry and artifact back and compare; exit 5 where something is broken')
    .addHelpText('after', '\nExample:\n  orgo audit fsck')
    .action(async () => {
      const found = await createClient(findInstance()).call<FsckReport>('fsckLog');
      createOutput().result(found, () =>
        found.ok
          ? [
              `${pc.green('sound')}  ${found.entries} entries, ${found.artifacts} artifacts, ${bytes(found.bytes)} read back`,
            ]
          : table(
              ['CODE', 'PLACE', 'DETAIL'],
              found.findings.map((f) => [f.code, f.place, f.detail]),
            ),
      );
      if (!found.ok) {
        process.exitCode = 5;
        const first = found.findings[0];
        process.stderr.write(
          `${first?.code ?? 'ROOT_MISMATCH'} ${found.findings.length} findings, first at ${first?.place}\nnext: orgo explain ${first?.code}\n`,
        );
      }
    });
  area
    .command('export')
    .description('entries and checkpoint as plain files for an independent check')
    .requiredOption('--out <folder>', 'folder to write; must not exist')
    .addHelpText('after', '\nExample:\n  orgo audit export --out log')
    .action(async (options: { out: string }) => {
      if (fs.existsSync(options.out)) throw new CliError('USAGE_INVALID', `${options.out} is there already`);
      const client = createClient(findInstance());
      const checkpoint = await client.call<CheckpointView>('getCheckpoint');
      const entries = await client.bytes('exportLog', { query: { from: '0', to: `${checkpoint.tree_size}` } });
      writeOut(options.out, () => {
        fs.mkdirSync(options.out, { recursive: true });
        fs.writeFileSync(path.join(options.out, 'entries.jsonl'), entries);
        fs.writeFileSync(path.join(options.out, 'checkpoint'), checkpoint.checkpoint);
      });
      createOutput().result(
        { out: options.out, tree_size: checkpoint.tree_size, root_hash: checkpoint.root_hash },
        () => [`${options.out}  ${checkpoint.tree_size} entries, root ${checkpoint.root_hash}`],
      );
    });
}
