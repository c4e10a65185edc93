import type { OperationId, ReleaseStatus } from '@orgo/contracts';
import type { Command } from 'commander';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput } from '../output.ts';
import { describeRelease } from '../release-view.ts';
import { actor } from './build-actions.ts';

const actions: { name: string; operation: OperationId; help: string }[] = [
  { name: 'promote', operation: 'promoteRelease', help: 'open the next cohort' },
  { name: 'pause', operation: 'pauseRelease', help: 'open no further cohort until resumed' },
  { name: 'resume', operation: 'resumeRelease', help: 'go on after a pause' },
  { name: 'abort', operation: 'abortRelease', help: 'stop for good, and bring back what was activated' },
  {
    name: 'retry',
    operation: 'retryRelease',
    help: 'release the same again, as the next generation of an ended release',
  },
  { name: 'rollback', operation: 'rollbackRelease', help: 'bring its channel back to the pack before' },
];

/** `orgo release promote|pause|resume|abort|retry|rollback`: recorded with actor and reason. */
export function releaseActions(area: Command): void {
  for (const { name, operation, help } of actions) {
    const command = area
      .command(name)
      .description(help)
      .argument('<release>')
      .option('--reason <text>', 'why, for the record', '')
      .option('--version <n>', 'only if the release has not changed since this version')
      .option('--key <key>', 'idempotency key: the same again is said once');
    if (name === 'promote') command.option('--full', 'and all cohorts after it, each when the one before is confirmed');
    command
      .addHelpText('after', `\nExample:\n  orgo release ${name} rel_… --reason "checked by hand"`)
      .action(async (release: string, options: { reason: string; version?: string; key?: string; full?: boolean }) => {
        const found = await createClient(findInstance()).call<ReleaseStatus>(operation, {
          params: { release },
          body: {
            actor: actor(),
            reason: options.reason,
            ...(options.version === undefined ? {} : { version: Number(options.version) }),
            ...(options.full ? { full: true } : {}),
          },
          ...(options.key === undefined ? {} : { headers: { 'idempotency-key': options.key } }),
        });
        createOutput().result(found, () => describeRelease(found));
      });
  }
}
