import type { BuildStatus } from '@orgo/contracts';
import type { Command } from 'commander';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { bytes, createOutput, table } from '../output.ts';

/** `orgo build artifacts`: every accepted output of a build, by stage. */
export function buildArtifacts(area: Command): void {
  area
    .command('artifacts')
    .description('accepted outputs of a build, by stage')
    .argument('<build>')
    .addHelpText('after', '\nExample:\n  orgo build artifacts bld_… --json')
    .action(async (build: string) => {
      const found = await createClient(findInstance()).call<BuildStatus>('getBuild', { params: { build } });
      const artifacts = found.stages.flatMap((s) => s.outputs.map((o) => ({ stage: s.stage, ...o })));
      createOutput().result({ build_id: build, artifacts }, () =>
        table(
          ['STAGE', 'KIND', 'SIZE', 'REF'],
          artifacts.map((a) => [a.stage, a.kind, bytes(a.size), a.ref]),
        ),
      );
    });
}
