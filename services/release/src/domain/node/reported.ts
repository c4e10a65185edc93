import { type GateDecision, nodeReportSchema } from '@orgo/contracts';

/** Everything of a report but whom it is from: the decision about it names tenant and release itself. */
const reportedSchema = nodeReportSchema.omit({ v: true, tenant_id: true, release_id: true, nonce: true }).strip();

/** What the gatekeeper repeats of a report in the decision about it. */
export type Reported = ReturnType<typeof reportedSchema.parse>;

/** Reads the facts of a NODE_REPORT decision; null where it has none. */
export function reportedOf(decision: GateDecision): Reported | null {
  const parsed = reportedSchema.safeParse(decision.detail);
  return parsed.success ? parsed.data : null;
}
