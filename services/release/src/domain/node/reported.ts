import { type GateDecision, type NodeReport, nodeReportSchema } from '@orgo/contracts';

/** What the gatekeeper repeats of a report in the decision about it. */
export type Reported = Pick<
  NodeReport,
  'instance_id' | 'channel' | 'release_seq' | 'attempt' | 'active_pack_id' | 'highest_activated_seq' | 'health'
>;

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
  .strip();

/** Reads the facts of a NODE_REPORT decision; null where it has none. */
export function reportedOf(decision: GateDecision): Reported | null {
  const parsed = reportedSchema.safeParse(decision.detail);
  return parsed.success ? parsed.data : null;
}
