import { buildIdSchema, foldSubject, reasonCodeSchema } from '@orgo/contracts';
import type { FaultPoints } from '@orgo/store/fault-points';
import { z } from 'zod';
import { closingOf } from './domain/index.ts';
import type { Question } from './questions.ts';
import { foldForClosing, type RecordDeps } from './records.ts';

const questionSchema = z.strictObject({
  v: z.literal(1),
  build_id: buildIdSchema,
  closing: z.strictObject({
    outcome: z.string(),
    reason_codes: z.array(reasonCodeSchema).max(64),
    trigger: z.record(z.string(), z.json()),
    rerun_of: z.string().nullable(),
  }),
});

/**
 * The gatekeeper, about to close a build, asks for its record: `{v: 1, build_id, closing: {outcome, reason_codes, trigger, rerun_of}}`. The answer
 * is `{ok: true, record, unreadable: [{ref, code}]}` or `{ok: false, code, detail}`. `record` is the stored artifact; null where the build is said to have
 * completed and something is unreadable.
 */
export const foldQuestion = (deps: RecordDeps & { faults: FaultPoints }): Question => ({
  subject: foldSubject('*'),
  async answer(tenant, asked) {
    const question = questionSchema.safeParse(asked);
    if (!question.success)
      return { ok: false, code: 'MESSAGE_MALFORMED', detail: question.error.issues[0]?.message ?? 'no question' };
    const { build_id, closing } = question.data;
    const closes = closingOf(closing, closing.reason_codes);
    if (!closes.ok) return { ok: false, code: closes.code, detail: closes.detail };
    const folded = await foldForClosing(deps, { tenant, build: build_id, closing: closes.value });
    await deps.faults.at('audit.recordStored');
    return folded.ok ? { ok: true, ...folded.value } : { ok: false, code: folded.code, detail: folded.detail };
  },
});
