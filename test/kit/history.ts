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
  /** Commands that were committed before the build began to close. They may still be on their way when it is closed. */
  issued?: readonly { stage: string; attempt: number }[];
};

/** Kinds of decisions that exist for attempts alone: how many there are depends on what went wrong, and no outcome on them. */
const ofAttempts: readonly string[] = ['ATTEMPT', 'FENCE', 'REFUSAL'];

const refs = (of: readonly Output[]): string[] => of.map(({ kind, ref }) => `${kind} ${ref}`);

/**
 * What has to be the same however the run was disturbed: the last phase, the outputs, and every decision that is not about an attempt, in order, each as its
 * kind, verdict, stage, finality, codes, inputs and outputs, adapter and pipeline. Left out are ids of the build and its tenant, times, durations,
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
  problems.push(...outputProblems(history), ...failProblems(history), ...commandProblems(history, listening));
  return problems;
}

/** What the door answered to who cancelled: the same, however often it was asked. */
export type CancelWord = 'granted' | 'refused';

/**
 * What is wrong with the history of a build that a person cancelled. `undisturbed` is that of a build that nobody did: where this one was faster, it equals that;
 * else it is the beginning of that and then the cancellation, under which its record is sealed and nobody was commanded any more.
 */
export function cancelProblemsOf(
  history: History,
  undisturbed: History,
  { word, listening = true }: { word: CancelWord; listening?: boolean },
): string[] {
  const { phase, heard, issued = [] } = history;
  if (phase === 'COMPLETED')
    return [
      ...(word === 'granted' ? ['it was cancelled, and has completed'] : []),
      ...problemsOf(history, undisturbed, { listening }),
    ];
  if (phase !== 'CANCELLED') return [`a build that was cancelled is ${phase}`];
  const problems = word === 'refused' ? ['nobody granted that it is cancelled'] : [];

  const { leaves } = history;
  const { decisions, outputs } = essenceOf(history);
  const expected = essenceOf(undisturbed);
  const [cancel, record] = decisions.slice(-2);
  const before = decisions.slice(0, -2);
  if (JSON.stringify(before) !== JSON.stringify(expected.decisions.slice(0, before.length)))
    problems.push(`before its end it is not as undisturbed: ${JSON.stringify(before)}`);
  const ends = [cancel, record].map((one) => `${one?.kind} ${one?.verdict} ${one?.reason_codes}`).join(', ');
  if (ends !== 'CANCEL PASS BUILD_CANCELLED, RECORD PASS BUILD_CANCELLED')
    problems.push(`it ends with ${ends} instead of a cancellation and its record`);
  if (`${record?.outputs}` !== `${expected.decisions.at(-1)?.outputs}`)
    problems.push(`the record has ${record?.outputs}`);
  const passed = before.flatMap(({ kind, stage }) => (kind === 'STAGE' && stage !== null ? [stage] : []));
  const kept = Object.fromEntries(passed.map((stage) => [stage, expected.outputs[stage]]));
  if (JSON.stringify(outputs) !== JSON.stringify(kept))
    problems.push(`outputs differ: ${JSON.stringify(outputs)} instead of ${JSON.stringify(kept)}`);

  const sealed = leaves.find(({ decision }) => decision.kind === 'CANCEL')?.digest;
  const shut = heard.findIndex((one) => one.type === 'receipt' && one.decision === sealed);
  const nameOf = ({ stage, attempt }: { stage: string; attempt: number }): string => `${stage}, attempt ${attempt},`;
  const known = new Set(issued.map(nameOf));
  for (const one of heard.slice(0, shut)) if (one.type === 'command') known.add(nameOf(one));
  // A command may be said again by who does not know that it was heard, and come late; a new one may not come.
  for (const one of listening && shut >= 0 ? heard.slice(shut) : [])
    if (one.type === 'command' && !known.has(nameOf(one)))
      problems.push(`the command of ${nameOf(one)} came after the sealed cancellation`);
  return [...problems, ...outputProblems(history), ...commandProblems(history, listening)];
}

/** No compile on fail: a FAIL authorizes nothing, is a stage's only verdict, and nobody is commanded to do what comes behind it. */
function failProblems({ leaves, heard }: History): string[] {
  const stages = leaves.filter(({ decision: d }) => d.kind === 'STAGE');
  const failed = stages.find(({ decision }) => decision.verdict === 'FAIL');
  if (failed === undefined) return [];
  const { stage } = failed.decision;
  const problems: string[] = [];
  if (failed.decision.authorizations.length > 0) problems.push(`the FAIL of ${stage} authorizes something`);
  if (stages.some((one) => one !== failed && one.decision.stage === stage)) problems.push(`${stage} has two verdicts`);
  if (stages.some(({ index }) => index > failed.index))
    problems.push(`a stage was decided behind the FAIL of ${stage}`);
  const reached = new Set(stages.filter(({ index }) => index <= failed.index).map(({ decision }) => decision.stage));
  for (const one of heard)
    if (one.type === 'command' && !reached.has(one.stage))
      problems.push(`the command of ${one.stage} was said behind the FAIL of ${stage}`);
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
