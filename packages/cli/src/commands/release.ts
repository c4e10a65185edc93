import fs from 'node:fs';
import type { ReleaseStatus, ReleaseTarget } from '@orgo/contracts';
import { digestOfBytes } from '@orgo/core';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { bytes, createOutput, status, table } from '../output.ts';
import { describeRelease, describeTargets, followRelease } from '../release-view.ts';
import { writeOut } from '../write-out.ts';
import { releaseActions } from './release-actions.ts';
import { releaseCreate } from './release-create.ts';
import { failUnlessReleased } from './release-end.ts';
import { releaseRender } from './release-render.ts';

type Page<T> = { items: T[]; next_cursor: string | null };

/** `orgo release …`: bring a pack to the nodes of a channel, and see how far it is. */
export function release(program: Command): void {
  const area = program.command('release').description('put a pack into service');
  releaseCreate(area);
  releaseRender(area);
  area
    .command('list')
    .description('releases, newest first')
    .option('--cursor <cursor>', 'page to go on with')
    .addHelpText('after', '\nExample:\n  orgo release list')
    .action(async (options: { cursor?: string }) => {
      const query = options.cursor ? { cursor: options.cursor } : {};
      const page = await createClient(findInstance()).call<Page<ReleaseStatus>>('listReleases', { query });
      createOutput().result(page, () => [
        ...table(
          ['RELEASE', 'CHANNEL', 'SEQ', 'STATUS', 'NODES', 'BUILD'],
          page.items.map((r) => [
            r.release_id,
            r.channel,
            `${r.release_seq ?? '–'}`,
            status(r.status),
            `${r.counts.CONFIRMED}/${r.counts.total}`,
            r.build_id,
          ]),
        ),
        ...(page.next_cursor ? [`more: orgo release list --cursor ${page.next_cursor}`] : []),
      ]);
    });
  area
    .command('status')
    .description('state of a release, of its cohorts, and why it waits')
    .argument('<release>')
    .option('--nodes', 'with the ledger: one line per node')
    .addHelpText('after', '\nExample:\n  orgo release status rel_… --nodes')
    .action(async (release: string, options: { nodes?: boolean }) => {
      const client = createClient(findInstance());
      const found = await client.call<ReleaseStatus>('getRelease', { params: { release } });
      const targets: ReleaseTarget[] = [];
      for (let cursor: string | null = ''; options.nodes && cursor !== null; ) {
        const query: Record<string, string> = cursor === '' ? {} : { cursor };
        const page: Page<ReleaseTarget> = await client.call('listTargets', { params: { release }, query });
        targets.push(...page.items);
        cursor = page.next_cursor;
      }
      const shown = options.nodes ? { ...found, targets } : found;
      createOutput().result(shown, () => [
        ...describeRelease(found),
        ...(options.nodes ? describeTargets(targets) : []),
      ]);
    });
  area
    .command('watch')
    .description('follow a release: each cohort as it moves, until it has ended or waits for a person')
    .argument('<release>')
    .addHelpText('after', '\nExample:\n  orgo release watch rel_…')
    .action(async (id: string) => {
      const out = createOutput();
      const found = await followRelease(createClient(findInstance()), id, out.say);
      out.result(found, () => describeRelease(found));
      failUnlessReleased(found);
    });
  area
    .command('record')
    .description('the Release Record in the public kOA form')
    .argument('<release>')
    .requiredOption('--out <file>', 'where to write it')
    .addHelpText('after', '\nExample:\n  orgo release record rel_… --out release.json')
    .action(async (release: string, options: { out: string }) => {
      if (fs.existsSync(options.out)) throw new CliError('USAGE_INVALID', `${options.out} is there already`);
      const found = await createClient(findInstance()).bytes('getPublicRelease', { params: { release } });
      writeOut(options.out, () => fs.writeFileSync(options.out, found));
      createOutput().result({ release_id: release, out: options.out, digest: digestOfBytes(found) }, () => [
        `${options.out}  ${bytes(found.length)}`,
      ]);
    });
  releaseActions(area);
}
