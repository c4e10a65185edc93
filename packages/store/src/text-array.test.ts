import { describe, expect, it } from 'vitest';
import { textArray } from './text-array.ts';

describe('textArray', () => {
  it('writes dimensions, null flag, element type, length and bounds, then each element with its length', () => {
    expect(textArray(['a', null, '', 'é']).toString('hex')).toBe(
      '00000001' +
        '00000001' +
        '00000019' +
        '00000004' +
        '00000001' +
        '00000001' +
        '61' +
        'ffffffff' +
        '00000000' +
        '00000002' +
        'c3a9',
    );
  });
  it('says that it has no nulls when it has none', () => {
    expect(textArray(['a']).readInt32BE(4)).toBe(0);
  });
  it('writes no dimension for no elements', () => {
    expect(textArray([]).toString('hex')).toBe('000000000000000000000019');
  });
});
