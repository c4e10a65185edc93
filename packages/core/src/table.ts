/** A state machine as data: per phase, which event leads to which phase. A phase without exits is terminal. */
export type TransitionTable<Phase extends string, EventType extends string> = Readonly<
  Record<Phase, Readonly<Partial<Record<EventType, Phase>>>>
>;

const phasesOf = <Phase extends string>(table: Readonly<Record<Phase, unknown>>): Phase[] =>
  Object.keys(table) as Phase[];

const exitsOf = <Phase extends string, EventType extends string>(
  table: TransitionTable<Phase, EventType>,
  phase: Phase,
): [EventType, Phase][] => Object.entries(table[phase] ?? {}) as [EventType, Phase][];

/** The phase after an event, or `undefined` when the table has no such transition. */
export const next = <Phase extends string, EventType extends string>(
  table: TransitionTable<Phase, EventType>,
  phase: Phase,
  event: EventType,
): Phase | undefined =>
  Object.hasOwn(table, phase) && Object.hasOwn(table[phase], event) ? table[phase][event] : undefined;

/** Phases that events can lead to from `initial`, itself included. */
export const reachable = <Phase extends string, EventType extends string>(
  table: TransitionTable<Phase, EventType>,
  initial: Phase,
): Set<Phase> => {
  const seen = new Set<Phase>([initial]);
  // A set being iterated also yields what is added on the way.
  for (const phase of seen) for (const [, to] of exitsOf(table, phase)) seen.add(to);
  return seen;
};

/**
 * What is wrong with a table, one sentence each; empty when nothing is. Every phase can be reached, every target is a
 * phase, terminals have no exits, and every other phase has one.
 */
export const tableFaults = <Phase extends string, EventType extends string>(
  table: TransitionTable<Phase, EventType>,
  shape: { initial: Phase; terminals: readonly Phase[] },
): string[] => {
  const faults: string[] = [];
  const reached = reachable(table, shape.initial);
  for (const phase of phasesOf(table)) {
    const exits = exitsOf(table, phase);
    const terminal = shape.terminals.includes(phase);
    if (!reached.has(phase)) faults.push(`${phase} cannot be reached from ${shape.initial}`);
    if (terminal && exits.length > 0) faults.push(`terminal ${phase} has an exit`);
    if (!terminal && exits.length === 0) faults.push(`${phase} has no exit and is not terminal`);
    for (const [event, to] of exits)
      if (!Object.hasOwn(table, to)) faults.push(`${phase} goes by ${event} to no phase ${to}`);
  }
  for (const phase of shape.terminals) if (!Object.hasOwn(table, phase)) faults.push(`terminal ${phase} is no phase`);
  if (!Object.hasOwn(table, shape.initial)) faults.push(`initial ${shape.initial} is no phase`);
  return faults;
};

/** The table as a Mermaid state diagram, in table order. */
export const mermaid = <Phase extends string, EventType extends string>(
  table: TransitionTable<Phase, EventType>,
  initial?: Phase,
): string => {
  const lines = ['stateDiagram-v2'];
  if (initial !== undefined) lines.push(`  [*] --> ${initial}`);
  for (const phase of phasesOf(table)) {
    const exits = exitsOf(table, phase);
    for (const [event, to] of exits) lines.push(`  ${phase} --> ${to}: ${event}`);
    if (exits.length === 0) lines.push(`  ${phase} --> [*]`);
  }
  return `${lines.join('\n')}\n`;
};
