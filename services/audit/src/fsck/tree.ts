import {
  appendLeaves,
  emptyFrontier,
  equalBytes,
  type Frontier,
  frontierRoot,
  parseCheckpoint,
  type Refusal,
  refuse,
  verifyNote,
} from '@orgo/core';
import { Fault } from '@orgo/runtime/errors';
import { verifySignature } from '@orgo/runtime/signer';
import type { Root } from '@orgo/runtime/trust';
import { completedNodes, nodeKey } from '../domain/index.ts';
import type { LeafRow } from '../leaves.ts';
import type { Reads, StoredCheckpoint } from '../reads.ts';
import type { RecordDeps } from '../records.ts';
import { createLeafCheck } from './entry.ts';
import type { Findings } from './findings.ts';

/** What is checked of which log: its first `until` entries. */
export type Extent = { tenant: string; until: number; signal: AbortSignal };

const page = 256;

/** @throws Fault SERVICE_UNAVAILABLE when nobody waits for the result any more */
export function goOn(signal: AbortSignal): void {
  if (signal.aborted) throw new Fault('SERVICE_UNAVAILABLE', 'the check was broken off');
}

/** Pages of entries in order. A missing index is a finding, and ends it: no later root can be rebuilt. */
export async function* entriesOf(
  reads: Reads,
  { tenant, until, signal }: Extent,
  findings?: Findings,
): AsyncGenerator<LeafRow[]> {
  for (let next = 0; next < until; ) {
    goOn(signal);
    const rows = await reads.leavesFrom(tenant, next, Math.min(page, until - next));
    const gap = rows.findIndex((row, at) => Number(row.idx) !== next + at);
    const good = gap < 0 ? rows : rows.slice(0, gap);
    if (good.length > 0) yield good;
    next += good.length;
    if (gap < 0 && rows.length > 0) continue;
    findings?.add('LOG_GAP_DETECTED', `log/${next}`, `the entry is missing; ${until} are signed`);
    return;
  }
}

/** What a checkpoint says against its own row; null where they agree. */
function noteFinding({ size, root, note }: StoredCheckpoint, { log }: Root): Refusal | null {
  const verified = verifyNote(note, log.keys, verifySignature);
  if (!verified.ok) return verified;
  const said = parseCheckpoint(verified.value.body);
  if (!said.ok) return said;
  if (said.value.origin !== log.origin) return refuse('CHECKPOINT_MALFORMED', 'it is of another log');
  const same = said.value.size === size && equalBytes(said.value.root, root);
  return same ? null : refuse('ROOT_MISMATCH', 'the signed note says otherwise than its row');
}

/** Checkpoints in order of size, one at a time. */
async function* checkpointsOf(reads: Reads, { tenant, until }: Extent): AsyncGenerator<StoredCheckpoint> {
  for (let above = 0; above < until; ) {
    const found = await reads.checkpointsAbove(tenant, above, page);
    for (const checkpoint of found) if (checkpoint.size <= until) yield checkpoint;
    if (found.length === 0) return;
    above = found.at(-1)?.size ?? until;
  }
}

/** Appends entries up to each checkpoint in turn and compares roots; inner nodes are compared on the way. */
function createTree(reads: Reads, extent: Extent, root: Root, findings: Findings) {
  const checkpoints = checkpointsOf(reads, extent);
  let frontier: Frontier = emptyFrontier();
  let next: StoredCheckpoint | undefined;
  let contradicted = false;

  const compareRoot = (checkpoint: StoredCheckpoint): void => {
    const found = noteFinding(checkpoint, root);
    if (found !== null) findings.add(found.code, `checkpoint/${checkpoint.size}`, found.detail);
    if (equalBytes(frontierRoot(frontier), checkpoint.root)) {
      contradicted = false;
      return;
    }
    // An entry that was exchanged contradicts every later root: the first of a run is told.
    if (!contradicted)
      findings.add('ROOT_MISMATCH', `checkpoint/${checkpoint.size}`, 'the entries do not give this root');
    contradicted = true;
  };
  const append = async (hashes: readonly Uint8Array[]): Promise<void> => {
    const made = Map.groupBy(completedNodes(frontier, hashes), ({ level }) => level);
    for (const [level, nodes] of made) {
      const from = nodes[0]?.index ?? 0;
      const stored = await reads.nodesOver(extent.tenant, level, from, from + nodes.length);
      const byIndex = new Map(stored.map(({ index, hash }) => [index, hash]));
      for (const node of nodes) {
        const hash = byIndex.get(node.index);
        if (hash === undefined || !equalBytes(hash, node.hash))
          findings.add(
            'PROOF_INVALID',
            `log/${node.index * 2 ** level}`,
            `the stored inner hash ${nodeKey(node)} does not follow from the ${2 ** level} entries from there on`,
          );
      }
    }
    frontier = appendLeaves(frontier, hashes).frontier;
  };
  const advance = async (): Promise<void> => {
    next = (await checkpoints.next()).value ?? undefined;
  };

  return {
    async add(rows: readonly LeafRow[]): Promise<void> {
      if (frontier.size === 0) await advance();
      let rest = rows.map(({ leaf_hash }) => leaf_hash);
      while (rest.length > 0) {
        const take = next === undefined ? rest.length : Math.min(rest.length, next.size - frontier.size);
        await append(rest.slice(0, take));
        rest = rest.slice(take);
        while (next !== undefined && next.size <= frontier.size) {
          compareRoot(next);
          await advance();
        }
      }
    },
    frontier: (): Frontier => frontier,
  };
}

const headText = 'SELECT state FROM log WHERE tenant_id = $1';

/** The head may have moved on since; what it was extended from must be what was read. */
async function checkHead(
  { db }: RecordDeps,
  { tenant }: Extent,
  frontier: Frontier,
  findings: Findings,
): Promise<void> {
  const { rows } = await db.query<{ state: { frontier: Frontier } }>({ name: 'log_head_of', text: headText }, [tenant]);
  const head = rows[0]?.state.frontier ?? { size: 0, hashes: [] };
  if (head.size < frontier.size)
    findings.add(
      'LOG_ROLLBACK_DETECTED',
      `checkpoint/${frontier.size}`,
      `the head has ${head.size} of ${frontier.size} entries`,
    );
  else if (head.size === frontier.size && !equalBytes(frontierRoot(head), frontierRoot(frontier)))
    findings.add('ROOT_MISMATCH', `checkpoint/${head.size}`, 'the head is not that of the entries');
}

/** Every entry, every checkpoint, every stored inner hash and the head of a log. */
export async function checkTree(
  deps: RecordDeps & { reads: Reads },
  extent: Extent,
  findings: Findings,
): Promise<void> {
  const { reads, trust } = deps;
  const tree = createTree(reads, extent, await trust.root(extent.tenant), findings);
  const checkLeaf = createLeafCheck(trust, extent.tenant, findings);
  for await (const rows of entriesOf(reads, extent, findings)) {
    for (const row of rows) await checkLeaf(row);
    await tree.add(rows);
  }
  if (tree.frontier().size === extent.until) await checkHead(deps, extent, tree.frontier(), findings);
}
