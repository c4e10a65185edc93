import { isReasonCode, reasonCodes, reasons } from '@orgo/contracts';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { colors as pc } from '../colors.ts';
import { createOutput } from '../output.ts';

/** `orgo explain CODE`: what a reason code means and what to do. Needs nothing but the catalogue. */
export function explain(program: Command): void {
  program
    .command('explain')
    .description('say what a reason code means and what to do next')
    .argument('<code>')
    .addHelpText('after', '\nExamples:\n  orgo explain VALIDATION_FAILED\n  orgo explain KEY_UNKNOWN --json')
    .action((given: string) => {
      const code = given.toUpperCase();
      if (!isReasonCode(code)) {
        const near = reasonCodes
          .filter(
            (c) =>
              c.includes(code) ||
              code
                .split('_')
                .filter((w) => w.length > 3)
                .some((w) => c.includes(w)),
          )
          .slice(0, 5);
        throw new CliError(
          'REASON_UNKNOWN',
          `${given} is in no table`,
          near.length ? `Did you mean ${near.join(', ')}?` : undefined,
        );
      }
      const row = reasons[code];
      createOutput().result({ code, ...row }, () => [
        `${pc.bold(code)}  ${row.title}`,
        `${pc.dim('class')}  ${row.class}, ${row.retry === 'never' ? 'never retried' : row.retry === 'later' ? 'retried by itself' : 'try again after a change'}; HTTP ${row.http}, exit ${row.exit}; since ${row.since}`,
        `${pc.dim('next ')}  ${row.help}`,
      ]);
    });
}
