import { isReasonCode, reasons, type TargetState } from '@orgo/contracts';
import type { NodeEvent } from './node.ts';

type Reported = Extract<NodeEvent, { type: 'NodeReported' }>;

/**
 * What a sealed report says of its release’s target. `drifts` is said where a target that was confirmed is none any more and did not try; null where a
 * report says nothing of how far the node is.
 */
export type Progress = { state: TargetState | 'drifts' | 'stays'; reason_code: string | null };

/** The world failed: the node tries again by itself, and nothing is lost yet. */
const passes = (code: string): boolean => isReasonCode(code) && reasons[code].class === 'fault';

/** Success is a confirmed report: the pack answers its smoke queries on the node, says the gatekeeper (RR-14). */
export function progressOf({ verdict, reason_codes, said }: Reported): Progress {
  const { type, status, reason_code } = said.attempt;
  if (status === 'IN_PROGRESS') return { state: 'stays', reason_code: null };
  if (status === 'FAILED') {
    const code = reason_code ?? reason_codes[0] ?? 'ACTIVATION_NOT_CONFIRMED';
    // Refused metadata is no word against the release that the node goes on running: who stands on its road must not fail it.
    const goesOn = type === 'VERIFY' && said.active_pack_id === said.pack_id;
    return { state: goesOn || passes(code) ? 'stays' : 'FAILED', reason_code: code };
  }
  const runs = verdict === 'PASS' && said.active_pack_id === said.pack_id;
  if (runs) {
    const serves = said.health === 'HEALTHY' || said.health === 'DEGRADED';
    return { state: serves ? 'CONFIRMED' : 'ACTIVATED', reason_code: null };
  }
  if (type === 'PREFETCH')
    return { state: verdict === 'PASS' ? 'VERIFIED' : 'FAILED', reason_code: reason_codes[0] ?? null };
  if (type === 'ACTIVATE' || type === 'ROLLBACK')
    return { state: 'FAILED', reason_code: reason_codes[0] ?? 'ACTIVATION_NOT_CONFIRMED' };
  return { state: 'drifts', reason_code: reason_codes[0] ?? null };
}
