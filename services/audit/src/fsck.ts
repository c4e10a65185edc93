import { join } from 'node:path';
import type { FsckReport } from '@orgo/contracts';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { checkArtifacts } from './fsck/artifacts.ts';
import { createFindings, type Findings } from './fsck/findings.ts';
import { checkTree } from './fsck/tree.ts';
import { checkpointFile, compareWithLog, cosignedFile, outsideCheckpoint } from './outside.ts';
import type { Reads } from './reads.ts';
import type { RecordDeps } from './records.ts';
import type { Witnesses } from './witnesses.ts';

export type FsckDeps = RecordDeps & { reads: Reads; home: string; witnesses: Pick<Witnesses, 'check'> };

/** The checkpoint files, and what witnesses have seen. */
async function checkOutside(deps: FsckDeps, tenant: string, findings: Findings): Promise<void> {
  const { db, trust, home, witnesses } = deps;
  const dir = join(home, 'checkpoints');
  const files = { outside: checkpointFile(dir, tenant), cosigned: cosignedFile(dir, tenant) };
  for (const [name, file] of Object.entries(files)) {
    try {
      const kept = await outsideCheckpoint(file, tenant, trust);
      if (kept === null) continue;
      const found = kept.ok ? await compareWithLog(db, tenant, kept.value) : kept;
      const place = kept.ok ? `checkpoint/${kept.value.size}` : `checkpoint/${name}`;
      if (found !== null) findings.add(found.code, place, `kept in ${file}: ${found.detail}`);
    } catch (error) {
      findings.add(codeOf(error), `checkpoint/${name}`, detailOf(error));
    }
  }
  const seen = await witnesses.check(tenant);
  if (seen !== null) findings.add(seen.code, 'checkpoint/witness', seen.detail);
}

/**
 * Reads everything of a tenant back and compares: every entry with its hash, its columns and its signatures, the tree under every checkpoint and every
 * checkpoint's signature, the head, the checkpoints kept outside, what witnesses have seen, and every artifact that a decision names, once each. It changes nothing, and takes
 * memory that does not grow with the log. A log that is sealed into meanwhile is checked as far as its newest checkpoint was at the start.
 */
export async function fsck(deps: FsckDeps, tenant_id: string, signal: AbortSignal): Promise<FsckReport> {
  const findings = createFindings();
  const until = (await deps.reads.newest(tenant_id))?.size ?? 0;
  await checkTree(deps, { tenant: tenant_id, until, signal }, findings);
  await checkOutside(deps, tenant_id, findings);
  const { artifacts, bytes } = await checkArtifacts(deps, { tenant: tenant_id, until, signal }, findings);
  return { tenant_id, ok: findings.count() === 0, entries: until, artifacts, bytes, findings: findings.list() };
}
