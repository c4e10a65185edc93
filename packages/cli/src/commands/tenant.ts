import { tenantIdSchema } from '@orgo/contracts';
import { type Command, InvalidArgumentError } from 'commander';
import { CliError } from '../cli-error.ts';
import { homeDir } from '../home.ts';
import { createOutput } from '../output.ts';
import { provisionTenant } from '../tenant.ts';

type Options = { rootKeys: number; rootThreshold?: number; alg?: string };

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 16) throw new InvalidArgumentError('a number from 1 to 16');
  return value;
};

/** What can be chosen when a tenant is made. */
export const tenantOptions = (command: Command): Command =>
  command
    .argument('<tenant>')
    .option('--root-keys <count>', 'root keys, of the tenant’s trust root and of its channel root', count, 1)
    .option('--root-threshold <count>', 'how many of them must sign a root; by default more than half', count)
    .option(
      '--alg <algorithm>',
      'ed25519 (by default, for keys in files) or ecdsa-p256-sha256; the log’s is always Ed25519',
    );

/** Makes a tenant, or says what is there. @throws CliError USAGE_INVALID */
export async function createTenantAction(name: string, { rootKeys, rootThreshold, alg }: Options): Promise<void> {
  if (!tenantIdSchema.safeParse(name).success)
    throw new CliError(
      'USAGE_INVALID',
      `${JSON.stringify(name)} is no tenant name: lowercase letters, digits and dashes, at most 31`,
    );
  if (alg !== undefined && alg !== 'ed25519' && alg !== 'ecdsa-p256-sha256')
    throw new CliError('USAGE_INVALID', '--alg is ed25519 or ecdsa-p256-sha256');
  const threshold = rootThreshold ?? Math.floor(rootKeys / 2) + 1;
  const made = await provisionTenant(homeDir(), name, {
    rootKeys,
    rootThreshold: threshold,
    ...(alg && { alg }),
  });
  createOutput().result(made, () => [
    `${made.tenant_id}  ${made.created ? 'made' : 'was there'}: root ${made.root_version}, fingerprint ${made.fingerprint}`,
    `root file ${made.root_file}`,
    'keep the fingerprint somewhere else: nodes and auditors are told it, never asked for it; its keys: orgo trust show' +
      (name === 'main' ? '' : ` --tenant ${name}`),
  ]);
}

/** `orgo tenant create`: keys, first trust root and default mandate of a tenant, in this home. */
export function tenant(program: Command): void {
  const area = program.command('tenant').description('tenants of this home');
  tenantOptions(area.command('create').description('make a tenant: a key per role, its first trust root, and its pin'))
    .addHelpText(
      'after',
      '\nExamples:\n  orgo tenant create museum\n  orgo tenant create museum --root-keys 3 --root-threshold 2',
    )
    .action(createTenantAction);
}
