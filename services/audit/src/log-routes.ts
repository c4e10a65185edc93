import type { KeyUses, LoggedSubject } from '@orgo/contracts';
import { subjectIdSchema } from '@orgo/contracts';
import { canonical, formatVkey, leafHash, toBase64, toHex, utf8, verifyConsistency, verifyInclusion } from '@orgo/core';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { BytesAnswer, Handlers, HttpRequest } from '@orgo/runtime/http';
import { pageOf, paramOf } from '@orgo/runtime/http-asked';
import type { TrustStore } from '@orgo/runtime/trust';
import { countKeyUses } from './domain/index.ts';
import { readLeaf, type StoredLeaf } from './leaves.ts';
import { consistencyOf, pathsOf, storedRoot } from './proofs.ts';
import type { Reads, StoredCheckpoint } from './reads.ts';
import { isSubjectKind, loggedSubjects } from './subjects.ts';
import { readTile } from './tiles.ts';
import { noteOf, type Witnesses } from './witnesses.ts';

export type LogRouteDeps = {
  reads: Reads;
  trust: TrustStore;
  witnesses: Pick<Witnesses, 'newest'>;
};

/** Entries read at a time: some twenty megabytes at the most. */
const pageOfEntries = 256;

/** Absent and not visible look the same. @throws Refused TENANT_NOT_FOUND */
export async function tenantOf({ trust }: Pick<LogRouteDeps, 'trust'>, request: HttpRequest): Promise<string> {
  const tenant = paramOf(request, 'tenant');
  await trust.root(tenant).catch((error) => {
    throw error instanceof Refused ? new Refused('TENANT_NOT_FOUND', 'no such tenant is visible') : error;
  });
  return tenant;
}

/** @throws Refused LOG_ENTRY_NOT_FOUND while the log is empty */
async function newestOf({ reads }: LogRouteDeps, tenant: string): Promise<StoredCheckpoint> {
  const checkpoint = await reads.newest(tenant);
  if (checkpoint === null) throw new Refused('LOG_ENTRY_NOT_FOUND', 'nothing is sealed yet');
  return checkpoint;
}

async function getCheckpoint(deps: LogRouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant_id = await tenantOf(deps, request);
  const [{ size, root, note }, { log }, cosigned] = await Promise.all([
    newestOf(deps, tenant_id),
    deps.trust.root(tenant_id),
    deps.witnesses.newest(tenant_id),
  ]);
  return {
    tenant_id,
    origin: log.origin,
    tree_size: size,
    root_hash: toHex(root),
    checkpoint: note,
    vkeys: log.keys.map(formatVkey),
    cosigned: cosigned && {
      tree_size: cosigned.size,
      checkpoint: cosigned.note,
      witnesses: cosigned.witnesses,
      quorum: cosigned.quorum,
    },
  };
}

const indexOf = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new Refused('REQUEST_INVALID', 'an index is a number without sign');
  return Number(text);
};

async function getProof(deps: LogRouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant = await tenantOf(deps, request);
  const index = indexOf(paramOf(request, 'index'));
  const newest = await newestOf(deps, tenant);
  const { size, root } = newest;
  const [row] = index < size ? await deps.reads.leavesFrom(tenant, index, 1) : [];
  if (index >= size) throw new Refused('LOG_ENTRY_NOT_FOUND', `the log has ${size} entries`);
  if (row === undefined || Number(row.idx) !== index)
    throw new Breach('LOG_GAP_DETECTED', `tenant ${tenant} has no entry ${index}`);
  const { bytes } = readLeaf(tenant, row);
  const [path] = (await pathsOf(deps.reads.of(tenant), tenant, [index], size)) as [Uint8Array[]];
  const held = verifyInclusion({ index, size, leafHash: leafHash(bytes), path, root });
  if (!held.ok) throw new Breach('ROOT_MISMATCH', `tenant ${tenant}: entry ${index} is not under checkpoint ${size}`);
  const checkpoint = await noteOf(deps, tenant, newest);
  return { index, size, leaf: toBase64(bytes), path: path.map(toHex), root: toHex(root), checkpoint };
}

/** Nothing is given that does not hold: a proof that the stored hashes do not bear out is a breach of the log. */
async function getConsistency(deps: LogRouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant = await tenantOf(deps, request);
  const from = indexOf(request.query.from ?? '');
  if (from === 0) throw new Refused('REQUEST_INVALID', 'every log begins with nothing: from is 1 or more');
  const newest = await newestOf(deps, tenant);
  const { size, root } = newest;
  if (from > size) throw new Refused('LOG_ENTRY_NOT_FOUND', `the log has ${size} entries`);
  const db = deps.reads.of(tenant);
  const [path, fromRoot] = [await consistencyOf(db, tenant, from, size), await storedRoot(db, tenant, from)];
  const held = verifyConsistency({ size1: from, size2: size, root1: fromRoot, root2: root, path });
  if (!held.ok)
    throw new Breach('ROOT_MISMATCH', `tenant ${tenant}: the first ${from} entries do not begin checkpoint ${size}`);
  return {
    from,
    to: size,
    from_root: toHex(fromRoot),
    root: toHex(root),
    path: path.map(toHex),
    checkpoint: await noteOf(deps, tenant, newest),
  };
}

async function getTlogCheckpoint(deps: LogRouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const tenant = await tenantOf(deps, request);
  const note = await noteOf(deps, tenant, await newestOf(deps, tenant));
  return { bytes: utf8(note), media_type: 'text/plain; charset=utf-8', headers: { 'cache-control': 'no-store' } };
}

async function getTlogTile(deps: LogRouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const tenant = await tenantOf(deps, request);
  const bytes = await readTile(deps, tenant, `tile/${paramOf(request, '*')}`);
  const headers = { 'cache-control': 'private, max-age=31536000, immutable' };
  return { bytes, media_type: 'application/octet-stream', headers };
}

/** Entries some at a time, each read back and re-hashed. @throws Breach LOG_GAP_DETECTED, or as `readLeaf` */
async function* leaves(
  { reads }: LogRouteDeps,
  tenant: string,
  from: number,
  to: number,
): AsyncGenerator<StoredLeaf[]> {
  for (let next = from; next < to; ) {
    const rows = await reads.leavesFrom(tenant, next, Math.min(pageOfEntries, to - next));
    const page = rows.map((row, at) => {
      const leaf = readLeaf(tenant, row);
      if (leaf.index !== next + at) throw new Breach('LOG_GAP_DETECTED', `tenant ${tenant} has no entry ${next + at}`);
      return leaf;
    });
    if (rows.length === 0) throw new Breach('LOG_GAP_DETECTED', `tenant ${tenant} has no entry ${next}`);
    yield page;
    next += rows.length;
  }
}

/** Entries as JSON Lines. Read some at a time and re-hashed; ends short, with the connection, at an entry that is not what was sealed. */
async function* entries(deps: LogRouteDeps, tenant: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  for await (const page of leaves(deps, tenant, from, to))
    yield utf8(page.map(({ index, bytes }) => `${canonical({ index, leaf: toBase64(bytes) })}\n`).join(''));
}

async function* resumed<T>(first: IteratorResult<T>, rest: AsyncIterable<T>): AsyncGenerator<T> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

async function exportLog(deps: LogRouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const tenant = await tenantOf(deps, request);
  const { from = '0', to } = request.query;
  const size = (await deps.reads.newest(tenant))?.size ?? 0;
  const end = to === undefined ? size : Math.min(indexOf(to), size);
  const pages = entries(deps, tenant, indexOf(from), end);
  // Read before anything is answered: a log that is broken at once is a problem document and not half an answer.
  const first = await pages.next();
  return { bytes: resumed(first, pages), media_type: 'application/jsonl' };
}

async function getKeyUses(deps: LogRouteDeps, request: HttpRequest): Promise<KeyUses> {
  const tenant_id = await tenantOf(deps, request);
  const tree_size = (await deps.reads.newest(tenant_id))?.size ?? 0;
  const counted = countKeyUses(request.query.key);
  for await (const page of leaves(deps, tenant_id, 0, tree_size))
    for (const { index, decision, item } of page) counted.add({ index, decision, key_id: item.decision.proof.key_id });
  return { tenant_id, tree_size, uses: counted.uses() };
}

async function listLogged(
  deps: LogRouteDeps,
  request: HttpRequest,
): Promise<{ items: LoggedSubject[]; next_cursor: string | null }> {
  const tenant = await tenantOf(deps, request);
  const { of = 'bld' } = request.query;
  if (!isSubjectKind(of)) throw new Refused('REQUEST_INVALID', 'of is bld, rel, chg or root');
  return loggedSubjects(deps.reads.of(tenant), tenant, of, pageOf(request, subjectIdSchema));
}

/** Operations on the log itself. */
export const logRoutes = (deps: LogRouteDeps): Handlers => ({
  getCheckpoint: (request) => getCheckpoint(deps, request),
  getProof: (request) => getProof(deps, request),
  getConsistency: (request) => getConsistency(deps, request),
  getTlogCheckpoint: (request) => getTlogCheckpoint(deps, request),
  getTlogTile: (request) => getTlogTile(deps, request),
  exportLog: (request) => exportLog(deps, request),
  getKeyUses: (request) => getKeyUses(deps, request),
  listLogged: (request) => listLogged(deps, request),
});
