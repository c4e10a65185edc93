import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');
/** The first migration of each service that owns a schema. */
const first = Map.groupBy(
  globSync('services/*/prisma/migrations/*/migration.sql', { cwd: root }).sort(),
  (file) => file.split('/')[1] ?? '',
);

describe('sql/store.sql', () => {
  it('is found in services', () => {
    expect([...first.keys()]).toEqual(expect.arrayContaining(['gatekeeper', 'orchestrator', 'release']));
  });
  it.each([...first])('is the same in the first migration of %s', (_, files) => {
    expect(read(files[0] ?? '')).toContain(read('packages/store/sql/store.sql'));
  });
});
