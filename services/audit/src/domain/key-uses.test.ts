import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countKeyUses, type SignedEntry } from './key-uses.ts';

const at = '2026-11-21T00:00:00.000Z';
const keys = fc.constantFrom('one', 'two', 'three');
const entries = fc.array(
  fc.record({
    key_id: keys,
    subject_key_id: fc.oneof(keys, fc.constant('')),
    kind: fc.constantFrom('STAGE', 'REFUSAL'),
  }),
);
const entryOf = (
  { key_id, subject_key_id, kind }: { key_id: string; subject_key_id: string; kind: string },
  index: number,
): SignedEntry => ({
  index,
  key_id,
  decision: { kind: kind as 'STAGE', subject_key_id, at },
});

it('counts every signature once, for one key what it counts for it among all', () => {
  fc.assert(
    fc.property(entries, (rows) => {
      const counted = (key?: string) => {
        const counting = countKeyUses(key);
        for (const [index, row] of rows.entries()) counting.add(entryOf(row, index));
        return counting.uses();
      };
      const all = counted();
      const sum = all.reduce((total, { entries }) => total + entries, 0);
      expect(sum).toBe(rows.length + rows.filter(({ subject_key_id }) => subject_key_id !== '').length);
      for (const { first, last, entries } of all) expect(last - first + 1).toBeGreaterThanOrEqual(entries);
      for (const key of ['one', 'two', 'three'])
        expect(counted(key)).toEqual(all.filter(({ key_id }) => key_id === key));
    }),
  );
});
