// A vitest reporter that counts: every test once, by how it ended, with the reason of each that was skipped.
import fs from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export interface Tally {
  readonly passed: number;
  /** Failed tests, files that could not be loaded, and errors that belong to no test. */
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** Where the tally is written as JSON. */
export const TALLY_FILE = 'ORGO_TEST_TALLY';

export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env[TALLY_FILE];
    if (file) fs.writeFileSync(file, JSON.stringify(tally(modules, errors)));
  }
}

function tally(modules: readonly TestModule[], errors: readonly unknown[]): Tally {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const ended = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
  const broken = modules.filter((module) => module.errors().length > 0).length;
  const brokenSuites = modules
    .flatMap((module) => [...module.children.allSuites()])
    .filter((suite) => suite.errors().length > 0).length;
  return {
    passed: ended('passed').length,
    // A test still pending at the end was cut off.
    failed: ended('failed').length + ended('pending').length + broken + brokenSuites + errors.length,
    skipped: ended('skipped').map((test) => {
      const result = test.result();
      const note = 'note' in result ? result.note : undefined;
      return { name: `${test.module.relativeModuleId} > ${test.fullName}`, reason: note ?? 'no reason given' };
    }),
  };
}
