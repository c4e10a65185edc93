import { type GateDecision, nodeReportSchema } from '@orgo/contracts';
import { z } from 'zod';

/** What the gatekeeper repeats of a report in the decision about it. */
const reportedSchema = nodeReportSchema
  .pick({
    instance_id: true,
    channel: true,
    release_seq: true,
    attempt: true,
    active_pack_id: true,
    highest_activated_seq: true,
    health: true,
  })
  .extend({ nonce: z.string() });
export type Reported = z.infer<typeof reportedSchema>;

/** Reads the facts of a NODE_REPORT decision; null where it has none. */
export function reportedOf(decision: GateDecision): Reported | null {
  const parsed = z.object(reportedSchema.shape).safeParse(decision.detail);
  return parsed.success ? parsed.data : null;
}
