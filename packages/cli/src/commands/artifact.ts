import fs from 'node:fs';
import { digestOfBytes } from '@orgo/core';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { bytes, createOutput } from '../output.ts';
import { writeOut } from '../write-out.ts';

/** `orgo artifact get REF --out F`: bytes by digest, hashed again on arrival. */
export function artifact(program: Command): void {
  const area = program.command('artifact').description('content-addressed artifacts');
  area
    .command('get')
    .description('fetch an artifact and check its digest')
    .argument('<ref>', 'sha256:…')
    .requiredOption('--out <file>', 'file to write')
    .addHelpText('after', '\nExample:\n  orgo artifact get sha256:4f… --out report.json')
    .action(async (ref: string, options: { out: string }) => {
      const found = await createClient(findInstance()).bytes('getArtifact', { params: { digest: ref } });
      const digest = digestOfBytes(found);
      // The server verifies as it reads; the road between is not trusted either.
      if (digest !== ref) throw new CliError('HASH_MISMATCH', `asked for ${ref}, got ${digest}`);
      writeOut(options.out, () => fs.writeFileSync(options.out, found));
      createOutput().result({ ref, size: found.length, out: options.out }, () => [
        `${options.out}  ${bytes(found.length)}  ${ref}`,
      ]);
    });
}
