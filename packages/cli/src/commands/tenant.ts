import { tenantIdSchema } from '@orgo/contracts';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
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
      if (!tenantIdSchema.safeParse(name).success)
        throw new CliError(
          'USAGE_INVALID',
          `${JSON.stringify(name)} is no tenant name: lowercase letters, digits and dashes, at most 31`,
        );
      const made = await provisionTenant(homeDir(), name);
      createOutput().result(made, () => [
        `${made.tenant_id}  root ${made.root_version}, fingerprint ${made.fingerprint}`,
        `root file ${made.root_file}`,
      ]);
    });
}
