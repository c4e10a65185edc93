import { isReasonCode, reasonCodes, reasons } from '@orgo/contracts';
import type { validationRules } from '@orgo/kristal';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { colors as pc } from '../colors.ts';
import { createOutput } from '../output.ts';

/** `orgo explain CODE`: what a reason code, or an issue of a validation report, means and what to do. Needs nothing but the tables. */
export function explain(program: Command): void {
  program
    .command('explain')
    .description('say what a reason code means and what to do next')
    .argument('<code>')
    .addHelpText('after', '\nExamples:\n  orgo explain VALIDATION_FAILED\n  orgo explain KEY_UNKNOWN --json')
    .action(async (given: string) => {
      const code = given.toUpperCase();
      const rules = isReasonCode(code) ? [] : (await import('@orgo/kristal')).validationRules;
      const rule = rules.find((one) => one.code === code);
      if (rule !== undefined) {
        const [strict, grounded, exploratory] = rule.severity;
        const next = nextOf(rule.severity);
        createOutput().result(
          { code, message: rule.message, severity: { strict, grounded, exploratory }, help: next },
          () => [
            `${pc.bold(code)}  ${rule.message}`,
            `${pc.dim('issue')}  of a validation report: ${strict} under strict, ${grounded} under grounded, ${exploratory} under exploratory`,
            `${pc.dim('next ')}  ${next}`,
          ],
        );
        return;
      }
      if (!isReasonCode(code)) {
        const near = nearTo(code, rules).slice(0, 5);
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

/** What to do about an issue follows from whether any profile makes it an error. */
const nextOf = (severity: readonly string[]): string =>
  severity.includes('ERROR')
    ? 'Fix the document or resource that the issue names (`orgo build status` shows the place), then start a new build.'
    : 'No build fails by it. Look at the place that `orgo build status` shows, and fix the document if that is not meant.';

/** Codes that hold the text come before those that share a longer word with it. */
function nearTo(code: string, rules: typeof validationRules): string[] {
  const all = [...reasonCodes, ...rules.map((one) => one.code)];
  const words = code.split('_').filter((word) => word.length > 3);
  const holding = all.filter((one) => one.includes(code));
  return [...new Set([...holding, ...all.filter((one) => words.some((word) => one.includes(word)))])];
}
