import type { Command } from 'commander';
import { describeAudit, describeBuild } from '../build-view.ts';
import { createClient } from '../client.ts';
import { colors as pc } from '../colors.ts';
import { startInstance } from '../compose/instance.ts';
import { type DemoAnswer, type DemoResult, runDemo } from '../demo-run.ts';
import { findInstance, homeDir, usableHome } from '../home.ts';
import { createOutput } from '../output.ts';
import { measured } from '../release-view.ts';
import { stopSignal } from '../stop-signal.ts';
import { provisionTenant } from '../tenant.ts';
import { describePage } from './pack.ts';

/** `npm run demo`: brings an instance up, runs the main job in a fresh tenant, says what came of it, and stops everything. */
export function demo(program: Command): void {
  program
    .command('demo')
    .description('run the main job on real input, from nothing to a pack in service')
    .option('--keep', 'stay up when the job is done, until Ctrl-C')
    .addHelpText('after', '\nExamples:\n  npm run demo\n  npm run demo -- --json\n  npm run demo -- --keep')
    .action(async (options: { keep?: boolean }) => {
      const out = createOutput();
      const from = performance.now();
      const running = runningInstance();
      // Somebody is watching: nodes look more often than in production.
      process.env.ORGO_NODE_POLL_MS ||= '150';
      const instance = running ? null : await startInstance({ home: usableHome(), processes: false, say: out.say });
      const up = Math.round(performance.now() - from);
      try {
        const tenant = `demo-${Date.now().toString(36)}`;
        await provisionTenant(homeDir(), tenant);
        const found = findInstance();
        const { result, answers } = await runDemo(createClient({ ...found, tenant }), out);
        result.timings_ms = { up, ...result.timings_ms, total: Math.round(performance.now() - from) };
        out.result(result, () => describeDemo(result, answers, Boolean(options.keep) || running));
        if (options.keep && instance) await stopSignal();
      } finally {
        await instance?.stop();
      }
    });
}

const runningInstance = (): boolean => {
  try {
    findInstance();
    return true;
  } catch {
    return false;
  }
};

function describeReleases({ release, refusal, rollback, nodes, pack_id }: DemoResult): string[] {
  const serving = nodes.filter((node) => node.active_pack_id === pack_id).length;
  const why = rollback.finding ? `: ${measured(rollback.finding)}` : '';
  return [
    `${pc.dim('released')}    ${release.release_id} ${release.status} on ${release.channel} in stages`,
    `${pc.dim('refused')}     ${refusal.release_id} ${refusal.status}: ${refusal.instance_id} found ${refusal.reason_code}`,
    `${pc.dim('rolled back')} ${rollback.release_id} ${rollback.status} by itself${why}`,
    `${pc.dim('nodes')}       ${serving} of ${nodes.length} run ${pack_id?.slice(0, 12)}…`,
  ];
}

function describeDemo(r: DemoResult, answers: readonly DemoAnswer[], up: boolean): string[] {
  const at = `ORGO_TENANT=${r.tenant_id} npx orgo`;
  return [
    '',
    ...describeBuild(r),
    describeAudit(r.audit),
    `${pc.dim('record')}      ${r.record.decisions} sealed decisions, record_hash ${r.record.record_hash}`,
    ...describeReleases(r),
    '',
    `asked of ${r.nodes.at(-1)?.instance_id}, from its own verified copy:`,
    ...answers.flatMap((a) => [pc.bold(a.question), ...describePage(a.page).map((l) => `  ${l}`)]),
    '',
    `${Math.round(r.timings_ms.total ?? 0) / 1000} s in all (${Object.entries(r.timings_ms)
      .filter(([k]) => k !== 'total')
      .map(([k, ms]) => `${k} ${ms} ms`)
      .join(', ')})`,
    '',
    pc.bold('what to try next'),
    ...(up ? [] : ['  npm start                                    bring it up again; then, in another terminal:']),
    `  ${at} record show ${r.build_id}`,
    `  ${at} record export ${r.build_id} --bundle --out evidence && npx orgo verify evidence`,
    `  ${at} release status ${r.release.release_id} --nodes`,
    `  ${at} release status ${r.rollback.release_id}`,
    ...(r.rollback.case_id ? [`  ${at} case show ${r.rollback.case_id}`] : []),
    `  ${at} channel show ${r.release.channel}`,
    `  ${at} audit fsck`,
    `  ${at} pack query ${r.build_id} --p P36 --limit 5`,
    '  npx orgo explain VALIDATION_FAILED',
  ];
}
