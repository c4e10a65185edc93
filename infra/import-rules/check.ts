import { findCycles } from './cycles.ts';
import { placeOf, targetOf } from './rooms.ts';
import { rules } from './rules.ts';
import { scanImports } from './scan.ts';

export interface Violation {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  /** What was imported; for a cycle, the files on it. */
  readonly import: string;
}

export interface Checked {
  readonly violations: readonly Violation[];
  /** How many imports were looked at: none means that nothing was checked. */
  readonly imports: number;
}

/**
 * Holds every import against the table of rules.
 * @param sources path in the repository → text
 * @param packages package name → room
 */
export function checkImports(sources: ReadonlyMap<string, string>, packages: ReadonlyMap<string, string>): Checked {
  const violations: Violation[] = [];
  const graph = new Map<string, string[]>();
  let imports = 0;
  for (const [file, text] of sources) {
    const from = placeOf(file);
    const edges: string[] = [];
    for (const { specifier, line, typeOnly } of scanImports(file, text)) {
      imports += 1;
      const to = targetOf(from, specifier, packages);
      if (to.kind === 'own' && !typeOnly) edges.push(to.place.file);
      const broken = rules.filter((rule) => rule.breaks(from, to));
      violations.push(...broken.map((rule) => ({ rule: rule.name, file, line, import: specifier })));
    }
    graph.set(file, edges);
  }
  const cycles = findCycles(graph).map((cycle) => ({
    rule: 'no-cycles',
    file: cycle[0] ?? '',
    line: 1,
    import: cycle.join(' → '),
  }));
  return { violations: [...violations, ...cycles], imports };
}
