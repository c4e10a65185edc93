// In which order vitest starts the files of the lanes with servers. Two run at a time, and one that takes minutes must not be the last to start.
import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { root } from './bootstrap/paths.mjs';

/** Files that take more than half a minute on two cores, longest first; all others follow as vitest sorts them. */
const LONG = [
  'test/fault/schedules.test.ts',
  'test/e2e/cli.test.ts',
  'test/fault/ring.test.ts',
  'test/fault/points.test.ts',
  'test/e2e/input.test.ts',
  'test/fault/kill.test.ts',
  'test/conformance/adapter-repository.test.ts',
  'test/fault/integrity.test.ts',
  'test/integration/konnaxion-node.crash.test.ts',
  'test/integration/konnaxion-fleet.test.ts',
  'test/integration/trust-rotation.test.ts',
  'test/e2e/fleet.test.ts',
  'test/e2e/demo.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId, project }: TestSpecification): number => {
      const at = LONG.indexOf(path.relative(root, moduleId));
      return project.config.sequence.groupOrder * 1000 + (at < 0 ? LONG.length : at);
    };
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}
