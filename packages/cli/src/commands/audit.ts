import fs from 'node:fs';
import type { CheckpointView, FsckReport } from '@orgo/contracts';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { colors as pc } from '../colors.ts';
import { findInstance } from '../home.ts';
import { writeLog } from '../log-folder.ts';
import { bytes, createOutput, table } from '../output.ts';
import { unloggedChanges } from '../unlogged.ts';
import { auditProve } from './audit-prove.ts';

/** `orgo audit checkpoint|prove|fsck|export`: the sealed log of the tenant. */
export function audit(program: Command): void {
  const area = program.command('audit').description('the sealed log');
  checkpoint(area);
  auditProve(area);
  fsck(area);
  exportCommand(area);
}

function checkpoint(area: Command): void {
  area
    .command('checkpoint')
    .description('the newest signed checkpoint, and who has cosigned')
    .addHelpText('after', '\nExamples:\n  orgo audit checkpoint\n  orgo audit checkpoint --json')
    .action(async () => {
      const found = await createClient(findInstance()).call<CheckpointView>('getCheckpoint');
      const { cosigned } = found;
      createOutput().result(found, () => [
        found.checkpoint.trimEnd(),
        '',
        ...found.vkeys.map((key) => `${pc.dim('log key ')} ${key}`),
        cosigned === null
          ? `${pc.dim('cosigned')} by nobody`
          : `${pc.dim('cosigned')} up to ${cosigned.tree_size} by ${cosigned.witnesses.map(({ name, at }) => `${name} at ${at}`).join(', ')}${cosigned.quorum ? '' : ', which the policy does not count as enough'}`,
      ]);
    });
}

function fsck(area: Command): void {
  area
    .command('fsck')
    .description(
      'read every entry and artifact back, and hold the services’ rows against the log; exit 5 where something differs',
    )
    .addHelpText('after', '\nExample:\n  orgo audit fsck')
    .action(async () => {
      const client = createClient(findInstance());
      const stored = await client.call<FsckReport>('fsckLog');
      // What is not whole says nothing about rows.
      const isWhole = !stored.findings.some(({ place }) => /^(log|checkpoint)\//.test(place));
      const findings = [...stored.findings, ...(isWhole ? await unloggedChanges(client) : [])];
      const found: FsckReport = { ...stored, ok: findings.length === 0, findings };
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
}

function exportCommand(area: Command): void {
  area
    .command('export')
    .description('the log as static files (C2SP tlog-tiles) that anyone can check')
    .requiredOption('--out <folder>', 'folder to write; must not exist')
    .addHelpText('after', '\nExample:\n  orgo audit export --out log\n  orgo verify log')
    .action(async ({ out }: { out: string }) => {
      if (fs.existsSync(out)) throw new CliError('USAGE_INVALID', `${out} is there already`);
      const { tree_size, root_hash, origin, files } = await writeLog(createClient(findInstance()), out);
      createOutput().result({ out, origin, tree_size, root_hash, files }, () => [
        `${out}  ${tree_size} entries, root ${root_hash}`,
        `${files} files: checkpoint, vkeys, tile/, entries.jsonl; check them offline: orgo verify ${out}`,
      ]);
    });
}
