import { join } from 'node:path';
import type { FsckReport } from '@orgo/contracts';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { checkArtifacts } from './fsck/artifacts.ts';
import { createFindings, type Findings } from './fsck/findings.ts';
import { checkTree } from './fsck/tree.ts';
import { compareWithLog, outsideCheckpoint } from './guard.ts';
import type { Reads } from './reads.ts';
import type { RecordDeps } from './records.ts';

export type FsckDeps = RecordDeps & { reads: Reads; home: string };

async function checkOutside({ db, trust, home }: FsckDeps, tenant: string, findings: Findings): Promise<void> {
  const outside = await outsideCheckpoint(join(home, 'checkpoints'), tenant, trust);
  if (outside === null) return;
  const found = outside.ok ? await compareWithLog(db, tenant, outside.value) : outside;
  const place = outside.ok ? `checkpoint/${outside.value.size}` : 'checkpoint/outside';
  if (found !== null) findings.add(found.code, place, `kept outside of the database: ${found.detail}`);
}

/**
 * Reads everything of a tenant back and compares: every entry with its hash, its columns and its signatures, the tree under every checkpoint and every
 * checkpoint's signature, the head, the checkpoint kept outside, and every artifact that a decision names, once each. It changes nothing, and takes
 * memory that does not grow with the log. A log that is sealed into meanwhile is checked as far as its newest checkpoint was at the start.
 */
export async function fsck(deps: FsckDeps, tenant_id: string, signal: AbortSignal): Promise<FsckReport> {
  const findings = createFindings();
  const until = (await deps.reads.newest(tenant_id))?.size ?? 0;
  await checkTree(deps, { tenant: tenant_id, until, signal }, findings);
  await checkOutside(deps, tenant_id, findings).catch((error) =>
    findings.add(codeOf(error), 'checkpoint/outside', detailOf(error)),
  );
  const { artifacts, bytes } = await checkArtifacts(deps, { tenant: tenant_id, until, signal }, findings);
  return { tenant_id, ok: findings.count() === 0, entries: until, artifacts, bytes, findings: findings.list() };
}
