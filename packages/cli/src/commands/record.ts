import fs from 'node:fs';
import path from 'node:path';
import type { BuildRecord, EvidenceBundle } from '@orgo/contracts';
import { digestOfBytes } from '@orgo/core';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type Client, createClient } from '../client.ts';
import { colors as pc } from '../colors.ts';
import { findInstance } from '../home.ts';
import { bytes, createOutput, shortDigest, status, table } from '../output.ts';
import { writeOut } from '../write-out.ts';

/** `orgo record show|export`: the Build Record, its public form, and its evidence bundle. */
export function record(program: Command): void {
  const area = program.command('record').description('Build Records, folded from the sealed log');
  area
    .command('show')
    .description('the record of a build that has ended')
    .argument('<build>')
    .addHelpText('after', '\nExample:\n  orgo record show bld_…')
    .action(async (build: string) => {
      const found = await createClient(findInstance()).call<BuildRecord>('getRecord', { params: { build } });
      createOutput().result(found, () => describeRecord(found));
    });
  area
    .command('export')
    .description('write the record in the public form, or everything an auditor needs')
    .argument('<build>')
    .option('--public', 'the public kOA Build Record')
    .option('--bundle', 'an evidence bundle: a folder with a signed inventory')
    .requiredOption('--out <path>', 'file or folder to write; must not exist')
    .addHelpText(
      'after',
      '\nExamples:\n  orgo record export bld_… --bundle --out evidence\n  orgo record export bld_… --public --out record.json',
    )
    .action(async (build: string, options: { public?: boolean; bundle?: boolean; out: string }) => {
      if (Boolean(options.public) === Boolean(options.bundle))
        throw new CliError('USAGE_INVALID', 'say either --public or --bundle');
      if (fs.existsSync(options.out)) throw new CliError('USAGE_INVALID', `${options.out} is there already`);
      const client = createClient(findInstance());
      if (options.public) {
        const found = await client.bytes('getPublicRecord', { params: { build } });
        writeOut(options.out, () => fs.writeFileSync(options.out, found));
        return createOutput().result(
          { build_id: build, out: options.out, form: 'public', digest: digestOfBytes(found) },
          () => [`${options.out}  ${bytes(found.length)}`],
        );
      }
      const written = await writeBundle(client, build, options.out);
      createOutput().result({ build_id: build, out: options.out, form: 'bundle', ...written }, () => [
        `${options.out}  ${written.files} files, ${bytes(written.bytes)}`,
        `check it anywhere, offline: orgo verify ${options.out} --root <root file>`,
      ]);
    });
}

/** Fetches every file of a bundle into a new folder, checking each as it arrives; the folder appears whole or not at all. */
async function writeBundle(client: Client, build: string, out: string): Promise<{ files: number; bytes: number }> {
  const bundle = await client.call<EvidenceBundle>('getBundle', { params: { build } });
  const part = `${path.resolve(out)}.${process.pid}.part`;
  let total = 0;
  try {
    for (const file of bundle.files) {
      const body =
        file.content === null
          ? await client.bytes('getArtifact', { params: { digest: file.digest } })
          : new Uint8Array(Buffer.from(file.content, 'base64'));
      if (digestOfBytes(body) !== file.digest) throw new CliError('HASH_MISMATCH', `${file.path} arrived changed`);
      const target = path.join(part, file.path);
      if (!target.startsWith(part + path.sep)) throw new CliError('PATH_UNSAFE', file.path);
      writeOut(out, () => {
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, body);
      });
      total += body.length;
    }
    const { bundlePaths } = await import('@orgo/audit/domain');
    writeOut(out, () => {
      fs.writeFileSync(path.join(part, bundlePaths.inventory), JSON.stringify(bundle.inventory));
      fs.renameSync(part, out);
    });
    return { files: bundle.files.length + 1, bytes: total };
  } finally {
    fs.rmSync(part, { recursive: true, force: true });
  }
}

function describeRecord(r: BuildRecord): string[] {
  const lines = [
    `${pc.bold(r.build_id)}  ${status(r.outcome)}  ${pc.dim(`tenant ${r.tenant_id}, pipeline ${r.pipeline.pipeline_id}@${r.pipeline.version}, as of ${r.as_of}`)}`,
    ...table(
      ['STAGE', 'STATUS', 'ADAPTER', 'LOG', 'OUTPUTS'],
      r.stages.map((s) => [
        s.stage,
        s.status,
        s.adapter ? `${s.adapter.name}@${s.adapter.version}` : '–',
        `${s.log_index}`,
        s.outputs
          .map((o) => `${o.kind} ${shortDigest(o.ref)}`)
          .slice(0, 2)
          .join(', '),
      ]),
    ),
    `${pc.dim('validation ')} ${r.outputs.validation.status}  ${r.outputs.validation.codes.join(', ')}`,
  ];
  if (r.outputs.kristal)
    lines.push(
      `${pc.dim('kristal_id ')} ${r.outputs.kristal.kristal_id}`,
      `${pc.dim('pack_id    ')} ${r.outputs.kristal.pack_id}`,
    );
  lines.push(
    `${pc.dim('record_hash')} ${r.record_hash}`,
    `${pc.dim('log        ')} ${r.log.origin} ${r.log.first_index}…${r.log.last_index}, ${r.decisions.length} decisions`,
  );
  return lines;
}
