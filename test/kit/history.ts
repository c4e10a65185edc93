import type { GateDecision } from '@orgo/contracts';

type Output = { kind: string; ref: string };

/** What is on record about one build when it has ended. */
export type History = {
  phase: string;
  /** Outputs by stage, as the owner of the build tells them. */
  outputs: Record<string, readonly Output[]>;
  /** Entries about the build in the order of the log. */
  leaves: readonly { index: number; digest: string; decision: GateDecision }[];
  /** Receipts and commands in the order in which a listener on the bus heard them. */
  heard: readonly (
    | { type: 'receipt'; decision: string }
    | { type: 'command'; stage: string; attempt: number; decision: string; index: number; authorization: string }
  )[];
};

/** Kinds of decisions that exist for attempts alone: how many there are depends on what went wrong, and no outcome on them. */
const ofAttempts: readonly string[] = ['ATTEMPT', 'FENCE', 'REFUSAL'];

const refs = (of: readonly Output[]): string[] => of.map(({ kind, ref }) => `${kind} ${ref}`);

/**
 * What has to be the same however the run was disturbed: the last phase, the outputs, and every decision that is not about an attempt, in order, each as its
 * kind, verdict, stage, finality, codes, inputs and outputs, adapter, pipeline and mandate. Left out are ids of the build and its tenant, times, durations,
 * attempts, epochs and what follows from them by hash: digests of claims, commands and authorizations, and the record, which lists the attempts.
 */
export function essenceOf(history: History) {
  return {
    phase: history.phase,
    outputs: Object.fromEntries(
      Object.entries(history.outputs)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([stage, outputs]) => [stage, refs(outputs)]),
    ),
    decisions: history.leaves
      .filter(({ decision }) => !ofAttempts.includes(decision.kind))
      .map(({ decision: d }) => ({
        kind: d.kind,
        verdict: d.verdict,
        stage: d.stage,
        final: d.final,
        reason_codes: d.reason_codes,
        inputs: d.kind === 'STAGE' ? refs(d.inputs) : [],
        outputs: d.kind === 'RECORD' ? d.outputs.map(({ kind }) => kind) : refs(d.outputs),
        authorizations: d.authorizations.length,
        adapter: d.adapter,
        pipeline: d.pipeline_ref,
      })),
  };
}

/** What is wrong with a history, in words; empty for nothing. `listening`: whether the listener heard everything. */
export function problemsOf(history: History, undisturbed: History, { listening = true } = {}): string[] {
  const problems: string[] = [];
  const [found, expected] = [essenceOf(history), essenceOf(undisturbed)];
  for (const part of ['phase', 'outputs', 'decisions'] as const) {
    const [is, was] = [JSON.stringify(found[part]), JSON.stringify(expected[part])];
    if (is !== was) problems.push(`${part} differ: ${is} instead of ${was}`);
  }
  problems.push(...outputProblems(history), ...commandProblems(history, listening));
  return problems;
}

/** Exactly one authoritative output per stage: one final PASS, and its outputs are the build's. */
function outputProblems({ leaves, outputs }: History): string[] {
  const problems: string[] = [];
  const passes = leaves.filter(({ decision: d }) => d.kind === 'STAGE' && d.verdict === 'PASS');
  for (const [stage, several] of Object.entries(Object.groupBy(passes, ({ decision }) => decision.stage ?? '')))
    if (several?.length !== 1) problems.push(`${stage} passed ${several?.length} times`);
  for (const [stage, of] of Object.entries(outputs)) {
    const pass = passes.find(({ decision }) => decision.stage === stage);
    if (JSON.stringify(refs(pass?.decision.outputs ?? [])) !== JSON.stringify(refs(of)))
      problems.push(`the outputs of ${stage} are not those that passed`);
  }
  return problems;
}

/** No command before its seal: its decision is sealed at the index it names, gives that authorization, and its receipt was said before it. */
function commandProblems({ leaves, heard }: History, listening: boolean): string[] {
  const problems: string[] = [];
  const receipts = new Set<string>();
  for (const one of heard) {
    if (one.type === 'receipt') {
      receipts.add(one.decision);
      continue;
    }
    const name = `the command of ${one.stage}, attempt ${one.attempt},`;
    const leaf = leaves.find(({ digest }) => digest === one.decision);
    if (leaf === undefined) problems.push(`${name} rests on no sealed decision`);
    else if (leaf.index !== one.index) problems.push(`${name} names entry ${one.index} instead of ${leaf.index}`);
    else if (!(leaf.decision.authorizations as string[]).includes(one.authorization))
      problems.push(`${name} was not authorized by its decision`);
    if (listening && !receipts.has(one.decision)) problems.push(`${name} came before the receipt of its decision`);
  }
  return problems;
}

/** What is wrong with a whole log: its entries are numbered from 0 without a gap, and as many as its head says. */
export function logProblemsOf(indexes: readonly number[], size: number): string[] {
  const gap = indexes.findIndex((index, at) => index !== at);
  const problems = gap < 0 ? [] : [`entry ${gap} of the log is missing`];
  if (indexes.length !== size) problems.push(`the log has ${indexes.length} entries and its head says ${size}`);
  return problems;
}
