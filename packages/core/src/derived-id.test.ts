import { expect, it } from 'vitest';
import { derivedId } from './derived-id.ts';

it('an id that follows from another has its time, a hash of the text, and the form of a UUIDv7', () => {
  const id = derivedId('case', 'bld_0198c0de-1234-7000-8000-00000000000a', 'abc');
  expect(id).toBe('case_0198c0de-1234-7ba7-8816-bf8f01cfea41');
  expect(derivedId('chg', id, 'abc')).toBe(id.replace('case', 'chg'));
});
