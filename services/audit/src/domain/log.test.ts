import { frontierRoot, leafHash, maxEntryBytes, rootOf, tableFaults, toHex, utf8 } from '@orgo/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideLog, evolveLog } from './log.ts';
import { initialLog, logPhases } from './state.ts';
import { logTable } from './table.ts';

const leaf = (text: string) => ({ tenant_id: 't', leaf_hash: toHex(leafHash(utf8(text))), leaf_bytes: text.length });

test('the table knows the phases', () => {
  expect(tableFaults(logTable, { initial: 'OPEN', terminals: [] })).toEqual([]);
  expect(Object.keys(logTable)).toEqual([...logPhases]);
});

test('indexes have no gaps and the head is the root of all leaves', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 70 }), (texts) => {
      let state = initialLog();
      for (const [i, text] of texts.entries()) {
        const outcome = decideLog(state, leaf(text));
        expect(outcome).toMatchObject({ ok: true, sends: [{ index: i, before: { size: i } }] });
        state = (outcome.events ?? []).reduce(evolveLog, state);
      }
      expect(toHex(frontierRoot(state.frontier))).toBe(toHex(rootOf(texts.map((text) => leafHash(utf8(text))))));
    }),
  );
});

test('an entry that is too large is refused and the head stays', () => {
  const outcome = decideLog(initialLog(), { ...leaf(''), leaf_bytes: maxEntryBytes + 1 });
  expect(outcome).toMatchObject({ ok: false, code: 'ENTRY_TOO_LARGE' });
  expect(outcome.events).toBeUndefined();
});
