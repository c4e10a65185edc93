import {
  type CaseTask,
  caseCodes,
  type Digest,
  type GateDecision,
  type RollbackClaim,
  rollbackTasks,
} from '@orgo/contracts';
import { derivedId } from '@orgo/core';
import type { CaseOpening } from '../sends.ts';

/** A sealed decision that opens or moves a Case about a release, a node or a channel. */
export type DecidedCase = {
  type: 'decided';
  tenant_id: string;
  case_id: string;
  decision: GateDecision;
  decision_digest: Digest;
};

export type TaskMove = { task: string; status: CaseTask['status'] };

/** The Case of a rollback has the rollback's own number, so that everyone finds the same one. */
const caseOfChange = (id: unknown): string[] => (typeof id === 'string' ? [id.replace(/^chg_/, 'case_')] : []);

/** One Case per node, trouble and release, sorted by when the release was made, however often the node says it. */
const caseOfNode = ({ build_id, detail }: GateDecision, code: string): string =>
  derivedId('case', build_id, `${String(detail.instance_id ?? '')}|${code}|${build_id}`);

const troubleOf = ({ reason_codes }: GateDecision): string | undefined =>
  reason_codes.find((code) => caseCodes.includes(code));

const changeOf = ({ detail }: GateDecision): { change: string; rollback_id?: unknown; override?: unknown } =>
  detail.change as { change: string };

/** The Cases that a decision is about; none for most. A drill opens none: it is in the log. */
export function casesOf(decision: GateDecision): string[] {
  const { kind, verdict, detail } = decision;
  if (kind === 'ROLLBACK') return detail.drill === true ? [] : caseOfChange(detail.rollback_id);
  if (kind === 'CHANNEL_CHANGE') {
    if (verdict !== 'PASS') return [];
    const { change, rollback_id } = changeOf(decision);
    if (change === 'validated') return caseOfChange(rollback_id);
    return change === 'unfreeze' ? (Array.isArray(detail.lifted) ? detail.lifted : []).flatMap(caseOfChange) : [];
  }
  const code = troubleOf(decision);
  return code === undefined || (kind !== 'NODE_REPORT' && kind !== 'RELEASE') ? [] : [caseOfNode(decision, code)];
}

type Opening = CaseOpening & { subject: NonNullable<CaseOpening['subject']> };

const openingOf = (decision: GateDecision, more: Omit<Opening, 'about' | 'mandate_ref' | 'reason_codes' | 'refs'>) => ({
  about: decision.kind.toLowerCase(),
  mandate_ref: decision.mandate_ref,
  reason_codes: decision.reason_codes,
  refs: decision.report === null ? [] : [decision.report],
  ...more,
});

function rollbackOpening(decision: GateDecision): Opening {
  const { channel, release_id, reason, trigger, evidence, from, to } = decision.detail as unknown as RollbackClaim;
  const subject = { kind: 'release' as const, ref: release_id };
  const granted = decision.verdict === 'PASS';
  const because = evidence
    ? `${evidence.metric} ${evidence.value} over ${evidence.threshold}, ${evidence.samples} samples`
    : reason;
  const title = granted
    ? `${channel} went back from ${from.pack_id.slice(0, 12)} to ${to.pack_id.slice(0, 12)} (${trigger}): ${because}`
    : `${channel} does not go back from ${from.pack_id.slice(0, 12)} (${trigger}): ${decision.reason_codes.join(', ')}`;
  return openingOf(decision, {
    type: granted ? 'rollback' : 'rollback-refused',
    severity: granted && trigger !== 'emergency' ? 'MAJOR' : 'CRITICAL',
    title: title.slice(0, 500),
    subject,
    tasks: rollbackTasks.map((task): TaskMove => ({ task, status: granted ? begun[task] : 'CANCELLED' })),
  });
}

/** With the sealed leave promotions are frozen and the older pack is offered; the rest waits for the nodes, and for a person. */
const begun = {
  'freeze-promotions': 'COMPLETED',
  'rollback-activation': 'IN_PROGRESS',
  'post-rollback-validation': 'OPEN',
  'unfreeze-promotions': 'BLOCKED',
} as const satisfies Record<(typeof rollbackTasks)[number], CaseTask['status']>;

function troubleOpening(decision: GateDecision, code: string): Opening {
  const { instance_id } = decision.detail;
  const drifted = code === 'STATE_DRIFT';
  if (decision.kind === 'RELEASE')
    return openingOf(decision, {
      type: 'release-refused',
      severity: 'MAJOR',
      title: `A release was refused: ${decision.reason_codes.join(', ')}`,
      subject: { kind: 'release', ref: decision.build_id },
      tasks: [],
    });
  return openingOf(decision, {
    type: drifted ? 'state-drift' : 'node-integrity',
    severity: 'MAJOR',
    title: drifted
      ? `${instance_id} shows another pack than it confirmed`
      : `${instance_id} refused what it was to run: ${decision.reason_codes.join(', ')}`,
    subject: { kind: 'node', ref: String(instance_id ?? '') },
    tasks: [],
  });
}

/** What a decision opens; null where it opens nothing by itself. */
export function openingFor(decision: GateDecision): Opening | null {
  if (decision.kind === 'ROLLBACK') return rollbackOpening(decision);
  const code = troubleOf(decision);
  return code === undefined || decision.kind === 'CHANNEL_CHANGE' ? null : troubleOpening(decision, code);
}

/** What a decision moves in a Case that is open: tasks follow sealed decisions, never what somebody says of them. */
export function movesFor(tasks: readonly CaseTask[], decision: GateDecision): TaskMove[] {
  if (decision.kind !== 'CHANNEL_CHANGE') return [];
  const { change } = changeOf(decision);
  const open = (task: string): boolean => {
    const status = tasks.find((one) => one.task === task)?.status;
    return status !== undefined && status !== 'COMPLETED' && status !== 'CANCELLED';
  };
  const moves: TaskMove[] =
    change === 'validated'
      ? [
          { task: 'rollback-activation', status: 'COMPLETED' },
          { task: 'post-rollback-validation', status: 'COMPLETED' },
          { task: 'unfreeze-promotions', status: 'OPEN' },
        ]
      : [
          // An override takes the validation off the list, by name.
          { task: 'rollback-activation', status: 'CANCELLED' },
          { task: 'post-rollback-validation', status: 'CANCELLED' },
          { task: 'unfreeze-promotions', status: 'COMPLETED' },
        ];
  return moves.filter(({ task }) => open(task));
}

/** Tasks as they stand after moves. The gated one is a person's. */
export const movedTasks = (
  tasks: readonly CaseTask[],
  moves: readonly TaskMove[],
  by: { at: string; actor: string; decision_digest: Digest },
): CaseTask[] => {
  const moved = (task: string, status: CaseTask['status']): CaseTask => ({
    task,
    status,
    gated: task === 'unfreeze-promotions',
    actor: status === 'OPEN' || status === 'BLOCKED' ? null : by.actor,
    decision_digest: by.decision_digest,
    updated_at: by.at,
  });
  const known = tasks.map((one) => {
    const move = moves.find(({ task }) => task === one.task);
    return move === undefined ? one : moved(move.task, move.status);
  });
  const fresh = moves.filter(({ task }) => !tasks.some((one) => one.task === task));
  return [...known, ...fresh.map(({ task, status }) => moved(task, status))];
};

/** A Case is over when a person has let promotions go on: nothing of it is open then. */
export const isDone = (tasks: readonly CaseTask[]): boolean =>
  tasks.length > 0 &&
  tasks.every(({ status }) => status === 'COMPLETED' || status === 'CANCELLED') &&
  tasks.some(({ status }) => status === 'COMPLETED');
