import { describe, expect, it } from 'vitest';
import { digestHex, digestOf, digestOfBytes, isDigest } from './digest.ts';
import { utf8 } from './text.ts';

const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

it('names bytes by their hash', () => {
  expect(digestOfBytes(new Uint8Array())).toBe(empty);
  expect(digestHex(digestOfBytes(new Uint8Array()))).toBe(empty.slice(7));
});

it('names a JSON value by the hash of its canonical bytes', () => {
  expect(digestOf({ b: 1, a: 'é' })).toBe(digestOfBytes(utf8('{"a":"é","b":1}')));
});

describe('isDigest', () => {
  it('takes the one spelling', () => expect(isDigest(empty)).toBe(true));

  it.each([
    empty.toUpperCase(),
    empty.slice(7),
    `${empty}0`,
    empty.slice(0, -1),
    ` ${empty}`,
    `${empty}\n`,
    'md5:00',
    1,
    null,
  ])('refuses %j', (text) => expect(isDigest(text)).toBe(false));
});
