import { openKeyStore } from '@orgo/runtime/key-store';
import { keysDir } from '@orgo/runtime/trust-files';
import { renewRoot, retireKeys, revokeKey, rotateRole } from '@orgo/runtime/trust-rotation';
import { type KeyView, showTrust, type TrustView } from '@orgo/runtime/trust-view';
import { type Command, InvalidArgumentError } from 'commander';
import { CliError } from '../cli-error.ts';
import { colors as pc } from '../colors.ts';
import { homeDir } from '../home.ts';
import { createOutput, table } from '../output.ts';
import { setting } from '../settings.ts';
import { createTenantAction, tenantOptions } from './tenant.ts';
import { trustUses } from './trust-uses.ts';

type OfTenant = { tenant?: string };
const tenantOf = ({ tenant }: OfTenant): string => tenant ?? setting('ORGO_TENANT') ?? 'main';
const number = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('a whole number');
  return value;
};

/** `orgo trust init|show|rotate|retire|revoke|renew|uses`: the keys of a tenant and the roots that list them, in the home that holds the root keys. */
export function trust(program: Command): void {
  const area = program.command('trust').description('keys and trust roots of a tenant, in this home');
  tenantOptions(area.command('init').description('the root part of `tenant create`: keys, first trust root, pin'))
    .addHelpText('after', '\nExample:\n  orgo trust init museum --root-keys 3 --root-threshold 2')
    .action(createTenantAction);
  show(area);
  rotate(area);
  retire(area);
  revoke(area);
  renew(area);
  trustUses(area);
}

const ofTenant = (command: Command): Command =>
  command.option('--tenant <tenant>', 'by default ORGO_TENANT, else `main`');

function show(area: Command): void {
  ofTenant(
    area.command('show').description('root versions, roles, keys with their states, and where the log holds them'),
  )
    .addHelpText('after', '\nExamples:\n  orgo trust show\n  orgo trust show --tenant museum --json')
    .action(async (options: OfTenant) => {
      const view = await showTrust(homeDir(), tenantOf(options));
      createOutput().result(view, () => linesOf(view));
    });
}

const paint: Record<KeyView['state'], (text: string) => string> = {
  PENDING: pc.yellow,
  ACTIVE: pc.green,
  DEPRECATED: pc.yellow,
  RETIRED: pc.dim,
  REVOKED: pc.red,
};

const linesOf = (view: TrustView): string[] => [
  `${view.tenant_id}  root ${view.root_version}, good until ${view.expires_at}`,
  `fingerprint ${view.fingerprint}`,
  `log ${view.log_origin}`,
  '',
  ...table(
    ['ROLE', 'STATE', 'ALGORITHM', 'ROOTS', 'HELD', 'KEY'],
    view.keys.map((key) => [
      thresholdOf(view, key.role),
      paint[key.state](key.state) + (key.until === null ? '' : ` until ${key.until}`),
      key.alg,
      `${key.since ?? '-'}${key.dropped === null ? '' : ` to ${key.dropped - 1}`}`,
      key.held ? 'here' : '-',
      key.reason === null ? key.key_id : `${key.key_id}  ${key.reason}`,
    ]),
  ),
  '',
  ...table(
    ['ROOT', 'LOG ENTRY', 'DIGEST'],
    view.versions.map(({ version, log_index, digest }) => [
      `${version}`,
      version === 1 ? 'pinned' : log_index === null ? 'not yet' : `${log_index}`,
      digest,
    ]),
  ),
];

const thresholdOf = (view: TrustView, role: string): string => {
  const threshold = view.roles.find((one) => one.role === role)?.threshold ?? 1;
  return threshold > 1 ? `${role} (${threshold} must sign)` : role;
};

function rotate(area: Command): void {
  ofTenant(
    area.command('rotate').description('give a role another key; the one before verifies until the overlap is over'),
  )
    .argument('<role>', 'such as gatekeeper, root, timestamp, adapter.pin, channel.stable')
    .option('--alg <algorithm>', 'ed25519 or ecdsa-p256-sha256; by default that of the key before')
    .option('--overlap <hours>', 'how long the key before goes on verifying', number, 24)
    .addHelpText('after', '\nExamples:\n  orgo trust rotate timestamp\n  orgo trust rotate root --overlap 720')
    .action(async (role: string, options: OfTenant & { alg?: 'ed25519' | 'ecdsa-p256-sha256'; overlap: number }) => {
      const tenant = tenantOf(options);
      const { alg, overlap } = options;
      if (alg !== undefined && alg !== 'ed25519' && alg !== 'ecdsa-p256-sha256')
        throw new CliError('USAGE_INVALID', '--alg is ed25519 or ecdsa-p256-sha256');
      const made = await rotateRole(homeDir(), tenant, role, { overlapHours: overlap, ...(alg && { alg }) });
      const held = await (await openKeyStore(keysDir(homeDir()))).list(tenant, role);
      createOutput().result({ tenant_id: tenant, ...made }, () => [
        `${role} of ${tenant} signs with ${made.key_id}${made.root_version === null ? '' : `, listed by root ${made.root_version}`}`,
        ...made.before.map((key) => `${key} goes on verifying for ${overlap} hours; then: orgo trust retire`),
        ...(held.length > 1 ? [`${held.length} keys of the role are held here`] : []),
      ]);
    });
}

function retire(area: Command): void {
  ofTenant(area.command('retire').description('drop the keys whose overlap is over'))
    .option('--early', 'also those whose overlap is not over')
    .addHelpText('after', '\nExample:\n  orgo trust retire')
    .action(async (options: OfTenant & { early?: boolean }) => {
      const tenant = tenantOf(options);
      const done = await retireKeys(homeDir(), tenant, { early: options.early === true });
      createOutput().result({ tenant_id: tenant, ...done }, () =>
        done.root_version === null
          ? ['no overlap is over']
          : done.retired.map((key) => `${key} is listed no more from root ${done.root_version} on`),
      );
    });
}

function revoke(area: Command): void {
  ofTenant(area.command('revoke').description('never trust a key again; its role gets another one'))
    .argument('<key>', 'its id, as `orgo trust show` gives it')
    .requiredOption('--reason <text>', 'why, in words; it is put into the root and into the log')
    .option('--distrust-from <index>', 'first entry of the log that a thief may have written', number)
    .addHelpText(
      'after',
      '\nExamples:\n  orgo trust revoke ed25519:6f0c… --reason "laptop stolen"\n  orgo trust revoke ed25519:6f0c… --reason "seen abroad" --distrust-from 4120',
    )
    .action(async (key: string, options: OfTenant & { reason: string; distrustFrom?: number }) => {
      const tenant = tenantOf(options);
      const { reason, distrustFrom = null } = options;
      const done = await revokeKey(homeDir(), tenant, key, { reason, distrustFromIndex: distrustFrom });
      createOutput().result({ tenant_id: tenant, ...done, distrust_from_index: distrustFrom }, () => [
        `${key} is revoked by root ${done.root_version}; ${done.role} signs with ${done.key_id}`,
        'what it signed counts where the log holds it below the entry of that root' +
          (distrustFrom === null ? '' : `, and below entry ${distrustFrom}`),
      ]);
    });
}

function renew(area: Command): void {
  ofTenant(area.command('renew').description('publish the same keys for another term, before the root expires'))
    .addHelpText('after', '\nExample:\n  orgo trust renew')
    .action(async (options: OfTenant) => {
      const tenant = tenantOf(options);
      const root_version = await renewRoot(homeDir(), tenant);
      createOutput().result({ tenant_id: tenant, root_version }, () => [
        `root ${root_version} of ${tenant} is published`,
      ]);
    });
}
