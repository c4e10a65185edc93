import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactNumber, scaledNumeral } from './numbers.ts';

describe('exact numbers', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['007', 7],
    ['357114.0', 357114],
    ['0.44', 0.44],
    ['-12.50', -12.5],
    ['9007199254740991', 9007199254740991],
  ])('%s is %d', (text, value) => {
    expect(exactNumber(text)).toBe(value);
  });

  it.each([
    '9007199254740993',
    '0.1000000000000000055',
    '1e3',
    '',
    '1,5',
    '+1',
    '.5',
    '5.',
    ' 1',
    '123456789012345678901234',
  ])('%j stays text', (text) => {
    expect(exactNumber(text)).toBeUndefined();
  });

  it('answers only with a number that prints as it was written', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = value.toString();
        const read = exactNumber(text);
        if (read !== undefined) expect(String(read)).toBe(text === '-0' ? '0' : text);
      }),
    );
  });
});

it('scales numerals in decimal arithmetic', () => {
  expect(scaledNumeral('2.1', 1_000_000)).toBe('2100000.0');
  expect(scaledNumeral('8.135', 1_000_000)).toBe('8135000.000');
  expect(scaledNumeral('0.5', 1)).toBe('0.5');
  expect(scaledNumeral('12', 1000)).toBe('12000');
});
