import fs from 'node:fs';
import { type ReleaseStatus, releasePlanSchema } from '@orgo/contracts';
import { parseStrict, utf8 } from '@orgo/core';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput } from '../output.ts';
import { describeRelease, followRelease } from '../release-view.ts';
import { actor } from './build-actions.ts';
import { failUnlessReleased } from './release-end.ts';

type Options = {
  build: string;
  channel: string;
  reason: string;
  wait?: boolean;
  plan?: string;
  percentage?: string;
  stages?: string;
  pinned?: boolean;
  blueGreen?: boolean;
  soak?: string;
  threshold?: string;
  quorum?: string;
  stepDeadline?: string;
  metric?: string[];
  interval?: string;
  manual?: boolean;
  auto?: boolean;
  onFailure?: string;
  prefetch?: boolean;
  acceptNoRollback?: boolean;
  key?: string;
};

const usage = (detail: string): CliError => new CliError('USAGE_INVALID', detail);

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `15m`, `2h`, `7d`, `500ms`. */
export function milliseconds(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) throw usage(`${text} is no duration: say 500ms, 90s, 15m, 2h or 7d`);
  return Number(match[1]) * (units[match[2] ?? ''] ?? 1);
}

const percent = (text: string): number => {
  if (!/^\d{1,3}$/.test(text)) throw usage(`${text} is no percentage`);
  return Number(text);
};

const signs: Record<string, string> = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte', '==': 'eq' };

/** `smoke_failures<=0`, `mean:smoke_ms<250`, `max:…`. */
export function metricOf(text: string): Record<string, unknown> {
  const match = /^(?:(mean|sum|max):)?([a-z][a-z0-9_]*)(<=|>=|==|<|>)(-?\d+(?:\.\d+)?)$/.exec(text);
  if (match === null) throw usage(`${text} is no metric: say smoke_failures<=0 or mean:smoke_ms<250`);
  const [, fold, name, sign = '', threshold = ''] = match;
  const number = threshold.includes('.') ? threshold : Number(threshold);
  return { name, op: signs[sign], threshold: number, ...(fold === undefined ? {} : { fold }) };
}

function strategyOf({ percentage, stages, pinned, blueGreen }: Options): Record<string, unknown> | undefined {
  if ([percentage, stages, pinned, blueGreen].filter(Boolean).length > 1)
    throw usage('say one of --percentage, --stages, --pinned and --blue-green');
  if (percentage !== undefined) return { mode: 'percentage', percentage: percent(percentage) };
  if (stages !== undefined) {
    const of = (text: string): unknown => ({
      name: `${text}-percent`,
      cohort: { by: 'percent', percent: percent(text) },
    });
    return { mode: 'staged', stages: stages.split(',').map(of) };
  }
  if (pinned) return { mode: 'pinned' };
  return blueGreen ? { mode: 'blue_green' } : undefined;
}

/** A plan from a file, with what the flags say on top. */
export function planOf(options: Options): Record<string, unknown> {
  const plan: Record<string, unknown> = {};
  if (options.plan !== undefined) {
    const json = parseStrict(utf8(readPlan(options.plan)));
    if (!json.ok || typeof json.value !== 'object') throw usage(`${options.plan} is no JSON object`);
    Object.assign(plan, json.value);
  }
  const strategy = strategyOf(options);
  if (strategy) plan.strategy = strategy;
  if (options.soak) plan.soak_ms = milliseconds(options.soak);
  if (options.threshold) plan.confirm_threshold = percent(options.threshold);
  if (options.quorum) plan.offline = { ...(plan.offline as object), quorum_percent: percent(options.quorum) };
  if (options.stepDeadline)
    plan.deadlines = { ...(plan.deadlines as object), step_ms: milliseconds(options.stepDeadline) };
  if (options.metric) {
    const interval = options.interval ? { interval_ms: milliseconds(options.interval) } : {};
    plan.analysis = { ...(plan.analysis as object), ...interval, metrics: options.metric.map(metricOf) };
  }
  if (options.manual || options.auto) plan.auto_promote = Boolean(options.auto);
  if (options.onFailure) plan.on_failure = options.onFailure;
  if (options.prefetch) plan.prefetch = true;
  if (options.acceptNoRollback) plan.rollback = { ...(plan.rollback as object), no_rollback_ack: true };
  return plan;
}

function readPlan(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (e) {
    throw new CliError('INPUT_UNREADABLE', `${file}: ${(e as Error).message}`);
  }
}

/** `orgo release create`. */
export function releaseCreate(area: Command): void {
  area
    .command('create')
    .description('release a completed build to a channel')
    .requiredOption('--build <build>')
    .requiredOption('--channel <channel>')
    .option('--reason <text>', 'why, for the record', '')
    .option('--wait', 'follow it until it has ended or waits for a person')
    .option('--plan <file>', 'JSON with the members of a release plan (docs/releases.md)')
    .option('--percentage <n>', 'n percent of the nodes first, then all by promotion')
    .option('--stages <list>', 'cohorts in percent, e.g. 4,40: a canary, then more, then all')
    .option('--pinned', 'and pin the channel to it')
    .option('--blue-green', 'bring it everywhere, then switch all at once')
    .option('--soak <time>', 'how long each cohort must stay confirmed, e.g. 15m')
    .option('--threshold <percent>', 'percent of a cohort that must be confirmed')
    .option('--quorum <percent>', 'percent of a cohort that must not be offline')
    .option('--step-deadline <time>', 'how long a cohort may take')
    .option('--metric <rule...>', 'what must hold, e.g. smoke_failures<=0 mean:smoke_ms<250')
    .option('--interval <time>', 'between measurements')
    .option('--manual', 'a person promotes each cohort')
    .option('--auto', 'cohorts follow one another by themselves')
    .option('--on-failure <what>', 'rollback or pause')
    .option('--prefetch', 'every node brings and verifies the pack at once')
    .option('--accept-no-rollback', 'go on although nothing of the channel can be gone back to')
    .option('--key <key>', 'idempotency key: the same again is the same release')
    .addHelpText(
      'after',
      '\nExamples:\n  orgo release create --build bld_… --channel stable --wait\n  orgo release create --build bld_… --channel stable --stages 4,40 --soak 15m --metric "smoke_failures<=0"',
    )
    .action(async (options: Options) => {
      const { build, channel, reason } = options;
      const plan = planOf(options);
      const checked = releasePlanSchema.safeParse(plan);
      if (!checked.success) {
        const [issue] = checked.error.issues;
        throw usage(`${issue?.path.join('.')}: ${issue?.message}`);
      }
      const body = { ...plan, build_id: build, channel, actor: actor(), reason };
      const client = createClient(findInstance());
      const out = createOutput();
      let found = await client.call<ReleaseStatus>('createRelease', {
        body,
        ...(options.key === undefined ? {} : { headers: { 'idempotency-key': options.key } }),
      });
      if (options.wait) found = await followRelease(client, found.release_id, out.say);
      out.result(found, () => describeRelease(found));
      if (options.wait) failUnlessReleased(found);
    });
}
