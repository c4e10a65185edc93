import { digestOf, digestOfBytes, parseStrict } from '@orgo/core';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createOutput } from '../output.ts';
import { readInput } from '../read-input.ts';

/** `orgo digest FILE`: SHA-256 over RFC 8785 bytes, or with --raw over the bytes as they are. Offline. */
export function digest(program: Command): void {
  program
    .command('digest')
    .description('content id of a file: over its canonical JSON, or over its bytes with --raw')
    .argument('<file>')
    .option('--raw', 'hash the bytes as they are')
    .addHelpText('after', '\nExamples:\n  orgo digest mandate.json\n  orgo digest --raw pack/data/triples.parquet')
    .action((file: string, options: { raw?: boolean }) => {
      const bytes = readInput(file);
      let value: string;
      if (options.raw) value = digestOfBytes(bytes);
      else {
        const parsed = parseStrict(bytes, { maxBytes: 256 * 1024 * 1024, maxMembers: 100_000_000 });
        if (!parsed.ok) throw new CliError(parsed.code, `${file}: ${parsed.detail}`);
        value = digestOf(parsed.value);
      }
      createOutput().result({ file, digest: value, form: options.raw ? 'raw' : 'rfc8785' }, () => [value]);
    });
}
