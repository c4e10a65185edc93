import type { ReasonCode } from '@orgo/contracts';
import { Fault } from '@orgo/runtime/errors';
import type { Db } from '@orgo/store/db';
import type { FaultPoints } from '@orgo/store/fault-points';
import { createLane } from '@orgo/store/lane';
import type { Incoming, ItemResult } from '@orgo/store/machine';
import { textArray } from '@orgo/store/text-array';
import { type Admitted, admitStart, type BuildInput, type StartFacts } from './domain/index.ts';

/** A build that is asked for, with the root of its trace in `admitted`. */
export type Ask = { admitted: Admitted };

/** `started` names a build of this request: the new one, the one an earlier identical call started, or the finished one that answers for it. */
export type Started =
  | { ok: true; build_id: string; replayed_from: string | null }
  | { ok: false; code: ReasonCode; detail: string };

type Facts = {
  live: string | null;
  same_id: string | null;
  same_phase: string | null;
  active: string;
  request_id: string | null;
  request_digest: string | null;
};

const ended = `('COMPLETED', 'VALIDATION_FAILED', 'FAILED', 'CANCELLED', 'VOIDED')`;
const factsText = `SELECT
  (SELECT b.id FROM build b WHERE b.tenant_id = t AND b.subject_key = s AND b.phase NOT IN ${ended}) AS live,
  same.id AS same_id, same.phase AS same_phase,
  (SELECT count(*) FROM build b WHERE b.tenant_id = t AND b.phase NOT IN ${ended}) AS active,
  asked.id AS request_id, asked.digest AS request_digest
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS x(t, s, r, k, n)
LEFT JOIN LATERAL (SELECT b.id, b.phase FROM build b WHERE b.tenant_id = t AND b.run_key = r AND b.rerun_of IS NULL
  AND b.phase IN ('COMPLETED', 'VALIDATION_FAILED') ORDER BY b.id DESC LIMIT 1) same ON true
LEFT JOIN LATERAL (SELECT b.id, b.state -> 'request' ->> 'digest' AS digest FROM build b
  WHERE b.tenant_id = t AND b.request_key = k) asked ON true
ORDER BY n`;

async function factsOf(db: Db, asks: readonly Ask[]): Promise<Facts[]> {
  const { rows } = await db.query<Facts>({ name: 'start_facts', text: factsText }, [
    textArray(asks.map(({ admitted }) => admitted.tenant_id)),
    textArray(asks.map(({ admitted }) => admitted.subject_key)),
    textArray(asks.map(({ admitted }) => admitted.run_key)),
    textArray(asks.map(({ admitted }) => admitted.request?.key ?? null)),
  ]);
  return rows;
}

type Verdict = Started & { insert: boolean };

/** Decides a batch of asks against what is stored and against each other, in order. */
function verdictsOf(asks: readonly Ask[], facts: readonly Facts[], maxActive: number): Verdict[] {
  const live = new Map<string, string>();
  const active = new Map<string, number>();
  const requests = new Map<string, Ask>();
  return asks.map((ask, at): Verdict => {
    const { admitted } = ask;
    const known = facts[at] as Facts;
    const { tenant_id, subject_key, build_id, request } = admitted;
    const earlier = request === null ? undefined : requests.get(`${tenant_id}/${request.key}`)?.admitted;
    const request_id = known.request_id ?? earlier?.build_id ?? null;
    if (request !== null && request_id !== null) {
      const same = (known.request_digest ?? earlier?.request?.digest) === request.digest;
      return same
        ? { ok: true, build_id: request_id, replayed_from: null, insert: false }
        : { ok: false, code: 'IDEMPOTENCY_KEY_REUSED', detail: 'that key was used for another request', insert: false };
    }
    // Stored by a transaction whose answer was lost.
    if (known.live === build_id) return { ok: true, build_id, replayed_from: null, insert: false };
    const startFacts: StartFacts = {
      live: known.live ?? live.get(`${tenant_id}/${subject_key}`) ?? null,
      same: known.same_id === null ? null : { build_id: known.same_id, phase: known.same_phase as 'COMPLETED' },
      active: Number(known.active) + (active.get(tenant_id) ?? 0),
      maxActive,
    };
    const admission = admitStart(admitted, startFacts);
    if (!admission.ok) return { ...admission, insert: false };
    if (admission.replayed_from !== null)
      return { ok: true, build_id: admission.replayed_from, replayed_from: admission.replayed_from, insert: false };
    live.set(`${tenant_id}/${subject_key}`, build_id);
    active.set(tenant_id, (active.get(tenant_id) ?? 0) + 1);
    if (request !== null) requests.set(`${tenant_id}/${request.key}`, ask);
    return { ok: true, build_id, replayed_from: null, insert: true };
  });
}

/**
 * Starts builds behind the replay layers (ID-10 to ID-13): facts are read first, so that a replay or a conflict writes nothing; the unique
 * keys of the table decide between writers that met. The quota counts what is stored and what is in the batch: two processes that start at
 * the same moment may together pass it by one batch.
 * A push is durable when it answers. @throws Fault when nothing is known to have happened; asking again is safe with an idempotency key.
 */
export function createStarts(options: {
  db: Db;
  take(incoming: Incoming<BuildInput>[]): Promise<ItemResult[]>;
  maxActive: number;
  faults: FaultPoints;
}): { start(ask: Ask): Promise<Started>; idle(): Promise<void> } {
  const { db, take, maxActive, faults } = options;

  const begin = async (asks: readonly Ask[], tries = 3): Promise<Started[]> => {
    const verdicts: Verdict[] = verdictsOf(asks, await factsOf(db, asks), maxActive);
    const inserted = asks.filter((_, at) => verdicts[at]?.insert);
    await faults.at('start.beforeCommit');
    const results = await take(
      inserted.map(({ admitted }) => ({
        message_id: `start:${admitted.build_id}`,
        input: { type: 'start', admitted },
        traceparent: admitted.traceparent,
      })),
    );
    // crash: if we die here, the build goes on; who asks again gets it by the key of the request
    await faults.at('start.committed');
    const failed = results.find(({ outcome }) => outcome === 'later');
    if (failed === undefined) return verdicts;
    // Another process was faster with the same keys: what it stored is now the answer. Anything else is the world failing.
    if (tries === 1) throw new Fault(failed.code ?? 'STATE_CONFLICT', 'the build could not be stored');
    // Answers that rest on an ask that was not stored are wrong: those that were stored stand, the others are decided again.
    const stored = new Set(inserted.filter((_, n) => results[n]?.outcome !== 'later'));
    const open = asks.filter((ask) => !stored.has(ask));
    const again = await begin(open, tries - 1);
    return asks.map((ask, at) => again[open.indexOf(ask)] ?? (verdicts[at] as Verdict));
  };

  const lane = createLane<Ask, Started>((asks) => begin(asks), { max: 128 });
  return {
    start: async (ask) => (await lane.push([ask]))[0] as Started,
    idle: () => lane.idle(),
  };
}
