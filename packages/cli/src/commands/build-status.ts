import type { BuildStatus } from '@orgo/contracts';
import type { Command } from 'commander';
import { describeIssues, withIssues } from '../build-issues.ts';
import { describeBuild, followBuild } from '../build-view.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput } from '../output.ts';

/** `orgo build status` and `orgo build watch`. */
export function buildStatus(area: Command): void {
  area
    .command('status')
    .description('state of a build, its stages and why it waits')
    .argument('<build>')
    .addHelpText('after', '\nExample:\n  orgo build status bld_… --json')
    .action(async (build: string) => {
      const client = createClient(findInstance());
      const found = await withIssues(client, await client.call<BuildStatus>('getBuild', { params: { build } }));
      createOutput().result(found, () => [...describeBuild(found), ...describeIssues(found)]);
    });
  area
    .command('watch')
    .description('follow a build to its end')
    .argument('<build>')
    .addHelpText('after', '\nExample:\n  orgo build watch bld_…')
    .action(async (build: string) => {
      const out = createOutput();
      const client = createClient(findInstance());
      const found = await withIssues(client, await followBuild(client, build, out.say));
      out.result(found, () => [...describeBuild(found), ...describeIssues(found)]);
    });
}
