import type { BuildOutcome, Digest } from '@orgo/contracts';
import type { Accepted, Admission, Canon, Closing, Opened, Seen } from './state.ts';

/** What the gate's decisions changed. `decision` is the digest of the decision that says so. */
export type GateEvent =
  | { type: 'ADMITTED'; decision: Digest; admission: Admission; open: Opened }
  | { type: 'REJECTED'; decision: Digest; admission: Admission; reason_codes: string[] }
  | { type: 'STAGE_PASSED'; decision: Digest; stage: string; accepted: Accepted; canon: Canon; open: Opened }
  | { type: 'LAST_STAGE_PASSED'; decision: Digest; stage: string; accepted: Accepted; canon: Canon }
  | { type: 'STAGE_FAILED'; decision: Digest; stage: string; accepted: Accepted; reason_codes: string[] }
  | { type: 'STAGE_EXHAUSTED'; decision: Digest; stage: string; fence: number; reason_codes: string[] }
  | { type: 'ATTEMPT_FAILED'; decision: Digest; stage: string; fence: number }
  | { type: 'FENCED'; decision: Digest; stage: string; fence: number }
  | { type: 'NOTED'; decision: Digest; stage: string | null; seen: Seen | null }
  | { type: 'QUARANTINED'; decision: Digest | null; stage: string; adapter: string }
  | { type: 'CANCELLED'; decision: Digest; reason_codes: string[] }
  | { type: 'FROZEN'; closing: Closing }
  | { type: 'RECORD_REFUSED'; decision: Digest }
  | { type: 'RECORDED'; decision: Digest; outcome: BuildOutcome };

export type GateEventType = GateEvent['type'];
