import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from './hex.ts';
import * as noble from './sha256.noble.ts';
import * as node from './sha256.node.ts';
import { utf8 } from './text.ts';

// FIPS 180-4 example values.
const known: [string, string][] = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
];

describe.each([
  ['node', node],
  ['noble', noble],
])('SHA-256 by %s', (_, { sha256, sha256Hex, sha256HexOfParts }) => {
  it('of parts is that of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (parts) => {
        expect(sha256HexOfParts(parts)).toBe(sha256Hex(Buffer.concat(parts)));
      }),
    );
  });

  it.each(known)('of "%s"', (text, hex) => {
    expect(toHex(sha256(utf8(text)))).toBe(hex);
    expect(sha256Hex(utf8(text))).toBe(hex);
    expect(sha256Hex(text)).toBe(hex);
  });
});

it('is the same function on Node and in browsers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' }), (bytes, text) => {
      expect(node.sha256(bytes)).toEqual(noble.sha256(bytes));
      expect(node.sha256Hex(bytes)).toBe(noble.sha256Hex(bytes));
      expect(node.sha256Hex(text)).toBe(noble.sha256Hex(text));
      expect(node.sha256Hex(text)).toBe(node.sha256Hex(utf8(text)));
    }),
  );
});

it('hashes the view it is given, not the buffer behind it', () => {
  const view = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);
  expect(node.sha256(view)).toEqual(node.sha256(new Uint8Array([1, 2, 3])));
  expect(noble.sha256(view)).toEqual(node.sha256(view));
});
