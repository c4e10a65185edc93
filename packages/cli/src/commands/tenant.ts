import type { Command } from 'commander';
import { homeDir } from '../home.ts';
import { createOutput } from '../output.ts';
import { provisionTenant } from '../tenant.ts';

/** `orgo tenant create`: keys, first trust root and default mandate of a tenant, in this home. */
export function tenant(program: Command): void {
  const area = program.command('tenant').description('tenants of this home');
  area
    .command('create')
    .description('make a tenant: a key per role, its first trust root, and a default mandate')
    .argument('<tenant>')
    .addHelpText('after', '\nExample:\n  orgo tenant create museum')
    .action(async (name: string) => {
      const made = await provisionTenant(homeDir(), name);
      createOutput().result(made, () => [
        `${made.tenant_id}  root ${made.root_version}, fingerprint ${made.fingerprint}`,
        `root file ${made.root_file}`,
      ]);
    });
}
