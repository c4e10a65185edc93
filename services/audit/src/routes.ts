import { canonical, leafHash, type Result, toBase64, toHex, utf8, verifyInclusion } from '@orgo/core';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { BytesAnswer, Handlers, HttpRequest } from '@orgo/runtime/http';
import { paramOf } from '@orgo/runtime/http-asked';
import { type BundleDeps, bundleOf } from './bundle.ts';
import { toPublicBuildRecord } from './domain/index.ts';
import { type FsckDeps, fsck } from './fsck.ts';
import { readLeaf } from './leaves.ts';
import { pathsOf } from './proofs.ts';
import type { StoredCheckpoint } from './reads.ts';
import { type SealedRecord, sealedRecord } from './records.ts';

export type RouteDeps = BundleDeps & FsckDeps;

/** Entries read at a time: some twenty megabytes at the most. */
const pageOfEntries = 256;

/** Absent and not visible look the same. @throws Refused TENANT_NOT_FOUND */
async function tenantOf({ trust }: RouteDeps, request: HttpRequest): Promise<string> {
  const tenant = paramOf(request, 'tenant');
  await trust.root(tenant).catch((error) => {
    throw error instanceof Refused ? new Refused('TENANT_NOT_FOUND', 'no such tenant is visible') : error;
  });
  return tenant;
}

/** @throws Refused LOG_ENTRY_NOT_FOUND while the log is empty */
async function newestOf({ reads }: RouteDeps, tenant: string): Promise<StoredCheckpoint> {
  const checkpoint = await reads.newest(tenant);
  if (checkpoint === null) throw new Refused('LOG_ENTRY_NOT_FOUND', 'nothing is sealed yet');
  return checkpoint;
}

async function getCheckpoint(deps: RouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant_id = await tenantOf(deps, request);
  const [{ size, root, note }, { log }] = await Promise.all([newestOf(deps, tenant_id), deps.trust.root(tenant_id)]);
  return { tenant_id, origin: log.origin, tree_size: size, root_hash: toHex(root), checkpoint: note };
}

const indexOf = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new Refused('REQUEST_INVALID', 'an index is a number without sign');
  return Number(text);
};

async function getProof(deps: RouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant = await tenantOf(deps, request);
  const index = indexOf(paramOf(request, 'index'));
  const { size, root, note } = await newestOf(deps, tenant);
  const [row] = index < size ? await deps.reads.leavesFrom(tenant, index, 1) : [];
  if (index >= size) throw new Refused('LOG_ENTRY_NOT_FOUND', `the log has ${size} entries`);
  if (row === undefined || Number(row.idx) !== index)
    throw new Breach('LOG_GAP_DETECTED', `tenant ${tenant} has no entry ${index}`);
  const { bytes } = readLeaf(tenant, row);
  const [path] = (await pathsOf(deps.db, tenant, [index], size)) as [Uint8Array[]];
  const held = verifyInclusion({ index, size, leafHash: leafHash(bytes), path, root });
  if (!held.ok) throw new Breach('ROOT_MISMATCH', `tenant ${tenant}: entry ${index} is not under checkpoint ${size}`);
  return { index, size, leaf: toBase64(bytes), path: path.map(toHex), root: toHex(root), checkpoint: note };
}

/** Entries as JSON Lines. Read some at a time and re-hashed; ends short, with the connection, at an entry that is not what was sealed. */
async function* entries({ reads }: RouteDeps, tenant: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let next = from; next < to; ) {
    const rows = await reads.leavesFrom(tenant, next, Math.min(pageOfEntries, to - next));
    const lines = rows.map((row, at) => {
      const { index, bytes } = readLeaf(tenant, row);
      if (index !== next + at) throw new Breach('LOG_GAP_DETECTED', `tenant ${tenant} has no entry ${next + at}`);
      return `${canonical({ index, leaf: toBase64(bytes) })}\n`;
    });
    if (rows.length === 0) throw new Breach('LOG_GAP_DETECTED', `tenant ${tenant} has no entry ${next}`);
    yield utf8(lines.join(''));
    next += rows.length;
  }
}

async function* resumed<T>(first: IteratorResult<T>, rest: AsyncIterable<T>): AsyncGenerator<T> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

async function exportLog(deps: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const tenant = await tenantOf(deps, request);
  const { from = '0', to } = request.query;
  const size = (await deps.reads.newest(tenant))?.size ?? 0;
  const end = to === undefined ? size : Math.min(indexOf(to), size);
  const pages = entries(deps, tenant, indexOf(from), end);
  // Read before anything is answered: a log that is broken at once is a problem document and not half an answer.
  const first = await pages.next();
  return { bytes: resumed(first, pages), media_type: 'application/jsonl' };
}

const orRefuse = <T>(result: Result<T>): T => {
  if (!result.ok) throw Refused.from(result);
  return result.value;
};

const recordOf = async (deps: RouteDeps, request: HttpRequest): Promise<SealedRecord> =>
  orRefuse(await sealedRecord(deps, await tenantOf(deps, request), paramOf(request, 'build')));

async function getPublicRecord(deps: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const projected = orRefuse(toPublicBuildRecord((await recordOf(deps, request)).record));
  return { bytes: utf8(canonical(projected)), media_type: 'application/json' };
}

/** Audit's operations. */
export const auditRoutes = (deps: RouteDeps): Handlers => ({
  getCheckpoint: (request) => getCheckpoint(deps, request),
  getProof: (request) => getProof(deps, request),
  exportLog: (request) => exportLog(deps, request),
  fsckLog: async (request) => fsck(deps, await tenantOf(deps, request), request.signal),
  getRecord: async (request) => (await recordOf(deps, request)).record,
  getPublicRecord: (request) => getPublicRecord(deps, request),
  getBundle: async (request) =>
    orRefuse(await bundleOf(deps, await tenantOf(deps, request), paramOf(request, 'build'))),
});
