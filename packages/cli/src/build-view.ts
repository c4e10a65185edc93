import { type BuildStatus, isTerminalBuildPhase } from '@orgo/contracts';
import type { AuditSummary } from './build-result.ts';
import type { Client } from './client.ts';
import { colors as pc } from './colors.ts';
import { shortDigest, status, table } from './output.ts';
import { createPatience } from './patience.ts';

/** A build for a person: one line a stage, then what came of it. */
export function describeBuild(b: BuildStatus): string[] {
  const lines = [
    `${pc.bold(b.build_id)}  ${status(b.status)}  ${pc.dim(`tenant ${b.tenant_id}, pipeline ${b.pipeline}, as of ${b.as_of}`)}`,
  ];
  lines.push(
    ...table(
      ['STAGE', 'STATUS', 'ATTEMPT', 'LOG', 'MS', 'OUTPUTS'],
      b.stages.map((s) => [
        s.stage,
        s.status,
        `${s.attempt}`,
        s.log_index === null ? '–' : `${s.log_index}`,
        s.duration_ms === null ? '–' : `${s.duration_ms}`,
        s.reason_codes.length ? s.reason_codes.slice(0, 4).join(', ') : summarize(s.outputs),
      ]),
    ),
  );
  if (b.reason_codes.length) lines.push(`${pc.dim('codes')}       ${b.reason_codes.join(', ')}`);
  if (b.validation.status !== 'NOT_RUN')
    lines.push(
      `${pc.dim('validation')}  ${status(b.validation.status)}${b.validation.codes.length ? `  ${b.validation.codes.join(', ')}` : ''}`,
    );
  if (b.kristal_id) lines.push(`${pc.dim('kristal_id')}  ${b.kristal_id}`);
  if (b.pack_id) lines.push(`${pc.dim('pack_id')}     ${b.pack_id}`);
  for (const c of b.cases) lines.push(`${pc.dim('case')}        ${c}`);
  if (b.waiting_for) lines.push(`${pc.dim('waiting')}     ${b.waiting_for}`);
  if (b.trace_id) lines.push(`${pc.dim('trace')}       ${b.trace_id}`);
  return lines;
}

/** The log for a person, and whether this command checked it itself. */
export const describeAudit = (a: AuditSummary): string =>
  `${pc.dim('log')}         ${a.origin}, ${a.tree_size} entries, root ${a.root_hash.slice(0, 16)}…  ${a.verified ? pc.green('verified here') : pc.yellow('not verified: no pinned root in this home')}`;

const summarize = (outputs: BuildStatus['stages'][number]['outputs']): string => {
  const first = outputs[0];
  if (!first) return '–';
  return `${first.kind} ${shortDigest(first.ref)}${outputs.length > 1 ? ` +${outputs.length - 1}` : ''}`;
};

/**
 * Follows a build to its end over the live feed and says each change once; reconnects where the feed breaks,
 * so a restart of the instance does not end the watch. Resolves with the terminal status.
 */
export async function followBuild(
  client: Client,
  build: string,
  say: (line: string) => void,
  timeoutMs = 3_600_000,
): Promise<BuildStatus> {
  const seen = new Map<string, string>();
  let phase = '';
  const show = (b: BuildStatus): void => {
    for (const s of b.stages) {
      const key = `${s.status} ${s.attempt}`;
      if (seen.get(s.stage) === key) continue;
      seen.set(s.stage, key);
      if (s.status === 'RUNNING') say(`  ${pc.dim('…')} ${s.stage}${s.attempt > 1 ? ` (attempt ${s.attempt})` : ''}`);
      else
        say(
          `  ${s.status === 'PASS' ? pc.green('✓') : pc.red('✗')} ${s.stage.padEnd(17)} ${status(s.status)}  ${pc.dim(`${s.duration_ms ?? 0} ms, sealed at ${s.log_index ?? '–'}`)}${s.reason_codes.length ? `  ${s.reason_codes.join(', ')}` : ''}`,
        );
    }
    if (b.status !== phase) {
      phase = b.status;
      if (phase === 'CLOSING') say(`  ${pc.dim('… folding, signing and sealing the Build Record')}`);
      if (phase === 'BLOCKED') say(`  ${pc.yellow('! BLOCKED')} ${b.waiting_for ?? ''}`);
    }
  };
  const deadline = AbortSignal.timeout(timeoutMs);
  const patience = createPatience();
  for (;;) {
    try {
      for await (const b of client.events<BuildStatus>('watchBuild', { params: { build }, signal: deadline })) {
        patience.answered();
        show(b);
        if (isTerminalBuildPhase(b.status) || b.status === 'BLOCKED') return b;
      }
      const b = await client.call<BuildStatus>('getBuild', { params: { build } });
      show(b);
      if (isTerminalBuildPhase(b.status) || b.status === 'BLOCKED') return b;
    } catch (e) {
      if (deadline.aborted) throw e;
      await patience.bear(e);
    }
  }
}
