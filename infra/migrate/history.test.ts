import { expect, test } from 'vitest';
import { missing } from './history.ts';

const migration = (name: string, checksum = 'c') => ({ name, sql: '', checksum });
const applied = (migration_name: string, checksum = 'c', finished_at: Date | null = new Date(0)) => ({
  migration_name,
  checksum,
  finished_at,
});

test('what is not recorded is missing, in order', () => {
  const all = ['1_a', '2_b', '3_c'].map((name) => migration(name));
  expect(missing('audit', all, [applied('2_b')]).map(({ name }) => name)).toEqual(['1_a', '3_c']);
  expect(missing('audit', all, [])).toEqual(all);
  expect(missing('audit', [], [])).toEqual([]);
});

test.each([
  ['edited after it was applied', [migration('1_a', 'other')], [applied('1_a')]],
  ['from a later version', [], [applied('1_a')]],
  ['begun by another tool and not finished', [migration('1_a')], [applied('1_a', 'c', null)]],
])('a history is refused that was %s', (_, files, rows) => {
  expect(() => missing('audit', files, rows)).toThrow(expect.objectContaining({ code: 'MIGRATION_HISTORY_MISMATCH' }));
});
