import { decisionKinds, sealedSubject, subjectIdSchema } from '@orgo/contracts';
import { toHex } from '@orgo/core';
import type { Queryable } from '@orgo/store/db';
import { z } from 'zod';
import { leavesOf } from './leaves.ts';
import { pathsOf } from './proofs.ts';
import type { Question } from './questions.ts';

const questionSchema = z.strictObject({ v: z.literal(1), build_id: subjectIdSchema, kind: z.enum(decisionKinds) });

const newestText = 'SELECT size, note FROM log_checkpoint WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1';

/**
 * Release, before it asks for a build to be released, wants its sealed record decision: `{v: 1, build_id, kind}`. The answer is the newest sealed
 * decision of that kind, `{decision, seal}`, proven under the newest checkpoint, or `{ok: false, code, detail}`.
 */
export const sealedQuestion = (db: Queryable): Question => ({
  subject: sealedSubject('*'),
  async answer(tenant, asked) {
    const question = questionSchema.safeParse(asked);
    if (!question.success)
      return { ok: false, code: 'MESSAGE_MALFORMED', detail: question.error.issues[0]?.message ?? 'no question' };
    const { build_id, kind } = question.data;
    const leaf = (await leavesOf(db, tenant, build_id)).findLast(({ decision }) => decision.kind === kind);
    if (leaf === undefined)
      return { ok: false, code: 'RECORD_NOT_FOUND', detail: `no ${kind} of ${build_id} is sealed` };
    // Read after the entry: a checkpoint of its own batch or a later one covers it.
    const { rows } = await db.query<{ size: string; note: string }>({ name: 'log_newest', text: newestText }, [tenant]);
    const { size, note } = rows[0] as { size: string; note: string };
    const [path = []] = await pathsOf(db, tenant, [leaf.index], Number(size));
    const seal = { index: leaf.index, size: Number(size), path: path.map(toHex), checkpoint: note };
    return { decision: leaf.item.decision, seal };
  },
});
