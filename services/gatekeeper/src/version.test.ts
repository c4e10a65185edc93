import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { orgoVersion } from './version.ts';

test('records name the version of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(orgoVersion).toBe(version);
});
