import os from 'node:os';
import type { BuildStatus, OperationId } from '@orgo/contracts';
import type { Command } from 'commander';
import { describeBuild } from '../build-view.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput } from '../output.ts';
import { setting } from '../settings.ts';

/** Who acts: the person at the terminal, never "system". */
export const actor = (): string => setting('ORGO_ACTOR') ?? `cli:${os.userInfo().username}`;

const actions: { name: string; operation: OperationId; help: string }[] = [
  { name: 'cancel', operation: 'cancelBuild', help: 'cancel a build: nothing more is authorized' },
  { name: 'pause', operation: 'pauseBuild', help: 'issue no further stage until resumed' },
  { name: 'resume', operation: 'resumeBuild', help: 'go on after a pause, or try a blocked stage again' },
];

/** `orgo build cancel|pause|resume`: recorded with actor and reason. */
export function buildActions(area: Command): void {
  for (const { name, operation, help } of actions)
    area
      .command(name)
      .description(help)
      .argument('<build>')
      .option('--reason <text>', 'why, for the record', '')
      .addHelpText('after', `\nExample:\n  orgo build ${name} bld_… --reason "wrong corpus"`)
      .action(async (build: string, options: { reason: string }) => {
        const found = await createClient(findInstance()).call<BuildStatus>(operation, {
          params: { build },
          body: { actor: actor(), reason: options.reason },
        });
        createOutput().result(found, () => describeBuild(found));
      });
}
