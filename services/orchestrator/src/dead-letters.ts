import { randomUUID } from 'node:crypto';
import { type DeadLetterRecord, type DeadLetterView, type Digest, deadLettersSchema } from '@orgo/contracts';
import { parseStrict, sha256Hex } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Fault, Refused } from '@orgo/runtime/errors';
import type { PageOf } from '@orgo/runtime/http-asked';
import { askedOf } from '@orgo/runtime/telemetry';
import type { Turns } from '@orgo/store/turns';
import type { CaseInput, CaseState, LetterMark, MarkLetter } from './domain/index.ts';
import type { Page, Reads } from './reads.ts';

/** Says what becomes of a letter. `key` makes asking twice one act; `traceparent` is the request's. */
export type Mark = {
  tenant_id: string;
  ref: Digest;
  status: LetterMark['status'];
  actor: string;
  reason: string;
  key: string | null;
  traceparent: string | null;
};

/**
 * Documents that builds put aside (SP-22). The list is read from the Cases that were opened for them and from the artifacts those name, whose digests
 * are in sealed decisions; what a person said of a letter is an event of its Case.
 */
export type DeadLetters = {
  /** Letters of at most `limit` Cases, newest Case first. The cursor is a Case. */
  list(tenant: string, page: PageOf): Promise<Page<DeadLetterView>>;
  /** Marks every letter of a document; durable on return. @throws Refused DEADLETTER_NOT_FOUND where there is none. */
  mark(mark: Mark): Promise<{ items: DeadLetterView[] }>;
};

const casesText = `SELECT state FROM "case" WHERE tenant_id = $1 AND state ->> 'type' = 'dead-letter' AND ($2::text IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3`;

/** The gate has held them against their contract; this only bounds what is brought into memory. */
const letterLimits = { maxBytes: 128 * 1024 * 1024, maxDepth: 8, maxMembers: 1_000_000, maxString: 4096 };

/** Cases that are looked through at a time for a document. */
const pageSize = 200;

export function createDeadLetters({
  cases,
  reads,
  artifacts,
}: {
  cases: Turns<CaseInput>;
  reads: Pick<Reads, 'of' | 'state'>;
  artifacts: ArtifactStore;
}): DeadLetters {
  const casesOf = async (tenant: string, cursor: string | null, limit: number): Promise<CaseState[]> => {
    const statement = { name: 'dead_letter_cases', text: casesText };
    const { rows } = await reads.of(tenant).query<{ state: CaseState }>(statement, [tenant, cursor, limit]);
    return rows.map(({ state }) => state);
  };
  const lettersOf = async (found: CaseState): Promise<DeadLetterView[]> => {
    const read = found.refs
      .filter(({ kind }) => kind === 'dead-letters')
      .map(async ({ ref }) => viewsOf(found, await artifacts.get(found.tenant_id, ref as Digest), ref));
    return (await Promise.all(read)).flat();
  };
  const list: DeadLetters['list'] = async (tenant, { cursor, limit }) => {
    const cases = await casesOf(tenant, cursor, limit + 1);
    const shown = cases.slice(0, limit);
    const items: DeadLetterView[] = [];
    for (const found of shown) items.push(...(await lettersOf(found)));
    return { items, next_cursor: cases.length > limit ? (shown.at(-1)?.case_id ?? null) : null };
  };
  const all = async (tenant: string, ref: Digest): Promise<DeadLetterView[]> => {
    const items: DeadLetterView[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: Page<DeadLetterView> = await list(tenant, { cursor, limit: pageSize });
      items.push(...page.items.filter((letter) => letter.ref === ref));
      if (page.next_cursor === null) return items;
      cursor = page.next_cursor;
    }
  };
  return {
    list,
    async mark({ tenant_id, ref, status, actor, reason, key, traceparent }) {
      const letters = await all(tenant_id, ref);
      if (letters.length === 0) throw new Refused('DEADLETTER_NOT_FOUND', 'no dead letter of that document is visible');
      const asked = key ?? randomUUID();
      const about = new Map(letters.map(({ case_id, build_id }) => [case_id, build_id]));
      const inputs = [...about].map(async ([case_id, build_id]) => {
        const input: MarkLetter = { type: 'mark', tenant_id, case_id, build_id, ref, status, actor, reason };
        const message_id = `mark:${sha256Hex(`${case_id} ${ref} ${status} ${asked}`)}`;
        const build = await reads.state(tenant_id, build_id);
        return { message_id, input, ...askedOf(build ?? { traceparent: null }, traceparent) };
      });
      // Where some Cases are put off, others say it already; asking again says it of all.
      const results = await cases.take(await Promise.all(inputs));
      const failed = results.find(({ outcome }) => outcome === 'later');
      if (failed !== undefined) throw new Fault(failed.code ?? 'STATE_CONFLICT', 'not all is said; try again');
      return { items: await all(tenant_id, ref) };
    },
  };
}

/** @throws Breach GATE_CONTRACT_INVALID where what the gate accepted does not read as letters any more. */
function viewsOf(found: CaseState, bytes: Uint8Array, ref: string): DeadLetterView[] {
  const json = parseStrict(bytes, letterLimits);
  const letters = deadLettersSchema.safeParse(json.ok ? json.value : undefined);
  if (!letters.success) throw new Breach('GATE_CONTRACT_INVALID', `${ref} is no list of dead letters`);
  return letters.data.letters.map((letter) => viewOf(found, letters.data.stage, letter));
}

function viewOf(found: CaseState, stage: string, letter: DeadLetterRecord): DeadLetterView {
  const mark = found.marks?.[letter.ref];
  const { status = 'OPEN', ...said } = mark ?? {};
  return {
    ...letter,
    stage,
    status,
    build_id: found.build_id as DeadLetterView['build_id'],
    case_id: found.case_id as DeadLetterView['case_id'],
    created_at: found.created_at,
    marked: mark === undefined ? null : (said as Omit<LetterMark, 'status'>),
  };
}
