import { bundlePaths, readInventory, verifyBundle } from '@orgo/audit/domain';
import { fromBase64, parseStrict } from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';
import { readRoot } from '@orgo/runtime/trust-root';
import type { Command } from 'commander';
import { bundleFolder } from '../bundle-folder.ts';
import { CliError } from '../cli-error.ts';
import { colors as pc } from '../colors.ts';
import { createOutput, status } from '../output.ts';
import { pinnedRoot } from '../pinned-root.ts';

/** `orgo verify BUNDLE`: offline; needs no network, no database and no running Orgo. */
export function verify(program: Command): void {
  program
    .command('verify')
    .description('check an evidence bundle offline, trusting only a root you name or this home pinned')
    .argument('<bundle>', 'a folder written by record export --bundle')
    .option('--root <file>', 'the tenant’s first trust root, got from somewhere else than the bundle')
    .addHelpText('after', '\nExamples:\n  orgo verify evidence --root museum.root.json\n  orgo verify evidence --json')
    .action(async (folder: string, options: { root?: string }) => {
      const files = bundleFolder(folder);
      const pin = await pinnedRoot(tenantOf(files.read(bundlePaths.inventory)), options.root);
      const found = verifyBundle(files, { pin, readRoot, verify: verifySignature });
      if (!found.ok) throw new CliError(found.code, found.path ? `${found.detail} (${found.path})` : found.detail);
      const { record, ...facts } = found.value;
      createOutput().result(
        {
          ok: true,
          outcome: record.outcome,
          pin,
          record_hash: record.record_hash,
          kristal_id: record.outputs.kristal?.kristal_id ?? null,
          pack_id: record.outputs.kristal?.pack_id ?? null,
          ...facts,
        },
        () => [
          `${pc.green('verified')}  ${facts.build_id} of tenant ${facts.tenant_id} ended ${status(record.outcome)}`,
          `${facts.files} files, ${facts.decisions} sealed decisions, ${facts.artifacts} artifacts, log ${facts.checkpoint.origin} at size ${facts.checkpoint.size}`,
          `root version ${facts.root_version}, pinned ${pin}`,
          ...(record.outputs.kristal
            ? [`kristal_id ${record.outputs.kristal.kristal_id}`, `pack_id    ${record.outputs.kristal.pack_id}`]
            : []),
        ],
      );
    });
}

/** Which tenant the bundle says it is of. Not trusted: it only chooses among the pins of this home. */
function tenantOf(bytes: Uint8Array | undefined): string {
  const envelope = bytes
    ? parseStrict(bytes, { maxBytes: 64 * 1024 * 1024, maxMembers: 1_000_000, maxString: 64 * 1024 * 1024 })
    : undefined;
  const payload = envelope?.ok ? (envelope.value as { payload?: unknown } | null)?.payload : undefined;
  const content = typeof payload === 'string' ? fromBase64(payload) : undefined;
  const json = content?.ok
    ? parseStrict(content.value, { maxBytes: 64 * 1024 * 1024, maxMembers: 1_000_000 })
    : undefined;
  const inventory = json?.ok ? readInventory(json.value) : undefined;
  if (!inventory) throw new CliError('BUNDLE_INVALID', `${bundlePaths.inventory} is absent or no inventory`);
  return inventory.tenant_id;
}
