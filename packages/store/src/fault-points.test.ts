import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { faultPoints } from './fault-points.ts';

it('lists exactly the points that the code passes', () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const files = globSync(['packages/{store,adapter-sdk}/src/**/*.ts', 'services/**/src/**/*.ts'], { cwd: root }).filter(
    (file) => !file.endsWith('.test.ts') && !file.includes('node_modules'),
  );
  const calls = files.flatMap((file) =>
    [...readFileSync(`${root}/${file}`, 'utf8').matchAll(/(?:faults\??|world)\.at\('([^']+)'\)/g)].map(
      ([, name]) => name,
    ),
  );
  expect([...new Set(calls)].sort()).toEqual(Object.keys(faultPoints).sort());
});

it('is shown whole in the documentation', () => {
  const page = readFileSync(new URL('../../../docs/faults.md', import.meta.url), 'utf8');
  const shown = page.split('\n').filter((line) => line.startsWith('| `') && line.split(' | ').length === 4);
  expect(shown).toEqual(
    Object.entries(faultPoints).map(
      ([name, { service, persisted, sentence }]) =>
        `| \`${name}\` | ${service} | ${persisted ? 'yes' : 'no'} | ${sentence} |`,
    ),
  );
});
