import type { Command } from 'commander';
import { buildActions } from './build-actions.ts';
import { buildArtifacts } from './build-artifacts.ts';
import { buildList } from './build-list.ts';
import { buildStart } from './build-start.ts';
import { buildStatus } from './build-status.ts';

/** `orgo build …`: start, watch, look at and steer builds. */
export function build(program: Command): void {
  const area = program.command('build').description('start, watch, look at and steer builds');
  for (const command of [buildStart, buildList, buildStatus, buildArtifacts, buildActions]) command(area);
}
