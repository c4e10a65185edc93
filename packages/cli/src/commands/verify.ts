import fs from 'node:fs';
import { bundlePaths, readInventory, verifyBundle } from '@orgo/audit/domain';
import { fromBase64, parseStrict } from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';
import { readRoot } from '@orgo/runtime/trust-root';
import { newestWithPlaces } from '@orgo/runtime/trust-seal';
import type { Command } from 'commander';
import { bundleFolder } from '../bundle-folder.ts';
import { CliError } from '../cli-error.ts';
import { colors as pc } from '../colors.ts';
import { policyOf, readText } from '../log-trust.ts';
import { createOutput, status } from '../output.ts';
import { knownRoots, pinnedRoot } from '../pinned-root.ts';
import { shown } from '../read-input.ts';
import { type Believed, cosignersOf, verifyGrowthText, verifyLogFiles, verifyProofText } from '../verify-log.ts';

/** `orgo verify BUNDLE`: offline; needs no network, no database and no running Orgo. */
export function verify(program: Command): void {
  program
    .command('verify')
    .description('check evidence offline, trusting only a root you name or this home pinned')
    .argument(
      '<evidence>',
      'a bundle (record export --bundle), a log (audit export), or a proof (audit prove --out): folder or file',
    )
    .option('--root <file>', 'the tenant’s first trust root, got from somewhere else than the evidence')
    .option('--witnesses <file>', 'a policy (C2SP tlog-policy): its witnesses must have cosigned the checkpoint')
    .option('--from <file>', 'of a consistency proof: the earlier checkpoint, as you kept it')
    .addHelpText(
      'after',
      '\nExamples:\n  orgo verify evidence --root museum.root.json\n  orgo verify log --witnesses ours.policy\n  orgo verify entry.tlog-proof\n  orgo verify growth.tlog-growth --from checkpoint-of-may',
    )
    .action(async (folder: string, options: VerifyOptions) => {
      const believed = { root: options.root, policy: policyOf(options.witnesses) };
      if (!isFolder(folder)) return verifyFile(folder, options.from, believed);
      const files = bundleFolder(folder);
      if (!files.paths().includes(bundlePaths.inventory) && files.paths().includes('checkpoint'))
        return sayLog(await verifyLogFiles(files.read, believed));
      const tenant = tenantOf(files.read(bundlePaths.inventory));
      const pin = await pinnedRoot(tenant, options.root);
      const found = verifyBundle(files, {
        pin,
        known: await knownRoots(tenant, pin),
        readRoot,
        newestOf: newestWithPlaces,
        verify: verifySignature,
      });
      if (!found.ok) throw new CliError(found.code, found.path ? `${found.detail} (${found.path})` : found.detail);
      const { record, ...facts } = found.value;
      const cosigned = cosignersOf(new TextDecoder().decode(files.read(bundlePaths.checkpoint)), believed.policy);
      createOutput().result(
        {
          ok: true,
          outcome: record.outcome,
          pin,
          record_hash: record.record_hash,
          kristal_id: record.outputs.kristal?.kristal_id ?? null,
          pack_id: record.outputs.kristal?.pack_id ?? null,
          ...facts,
          cosigned,
        },
        () => [
          `${pc.green('verified')}  ${facts.build_id} of tenant ${facts.tenant_id} ended ${status(record.outcome)}`,
          `${facts.files} files, ${facts.decisions} sealed decisions, ${facts.artifacts} artifacts, log ${facts.checkpoint.origin} at size ${facts.checkpoint.size}`,
          `root version ${facts.root_version}, pinned ${pin}`,
          ...(cosigned.length > 0 ? [`cosigned by ${cosigned.join(', ')}`] : []),
          ...(record.outputs.kristal
            ? [`kristal_id ${record.outputs.kristal.kristal_id}`, `pack_id    ${record.outputs.kristal.pack_id}`]
            : []),
        ],
      );
    });
}

type VerifyOptions = { root?: string; witnesses?: string; from?: string };

const isFolder = (place: string): boolean => fs.statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? true;

/** A proof in a file: of an entry, or, with the checkpoint that was kept, of growth. */
async function verifyFile(file: string, from: string | undefined, believed: Believed): Promise<void> {
  const text = readText(file);
  if (text.startsWith('c2sp.org/tlog-proof')) return sayLog(await verifyProofText(text, believed));
  if (!text.startsWith('old ')) throw new CliError('BUNDLE_INVALID', `${shown(file)} is neither a folder nor a proof`);
  if (from === undefined)
    throw new CliError('USAGE_INVALID', 'a consistency proof is held against the earlier checkpoint: --from FILE');
  return sayLog(await verifyGrowthText(text, readText(from), believed));
}

type Verified = Awaited<ReturnType<typeof verifyLogFiles | typeof verifyProofText | typeof verifyGrowthText>>;

function sayLog(found: Verified): void {
  const what = {
    inclusion: () => ('index' in found ? `entry ${found.index} is in the log${about(found.decision)}` : ''),
    consistency: () => ('from' in found ? `the log only grew since it had ${found.from} entries` : ''),
    log: () => ('tiles' in found ? `${found.tiles} tiles and bundles give the signed root` : ''),
  };
  const { cosigned } = found;
  createOutput().result(found, () => [
    `${pc.green('verified')}  ${what[found.kind]()}`,
    `log ${found.origin} at size ${found.tree_size}, root ${found.root_hash}`,
    ...(cosigned.length > 0 ? [`cosigned by ${cosigned.map(({ name, at }) => `${name} at ${at}`).join(', ')}`] : []),
  ]);
}

const about = (decision: { build_id: string; stage: string | null; kind: string; verdict: string } | null): string =>
  decision === null ? '' : `: ${decision.verdict} of ${decision.build_id} ${decision.stage ?? decision.kind}`;

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
