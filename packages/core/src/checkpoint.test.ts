import { describe, expect, it } from 'vitest';
import { formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { emptyRoot } from './merkle-hash.ts';

const root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const text = `orgo.example/demo/acme\n0\n${root}\n`;

it('writes and reads a checkpoint', () => {
  const checkpoint = { origin: 'orgo.example/demo/acme', size: 0, root: emptyRoot() };
  expect(formatCheckpoint(checkpoint)).toBe(text);
  expect(parseCheckpoint(text)).toEqual({ ok: true, value: { ...checkpoint, extensions: [] } });
});

it('keeps extension lines', () => {
  expect(parseCheckpoint(`${text}one\ntwo\n`)).toMatchObject({ ok: true, value: { extensions: ['one', 'two'] } });
});

describe('refuses', () => {
  it.each([
    ['no final newline', text.slice(0, -1)],
    ['an empty origin', `\n0\n${root}\n`],
    ['a control character in the origin', `a\u0007b\n0\n${root}\n`],
    ['a lone surrogate', `\ud800\n0\n${root}\n`],
    ['a leading zero', `o\n01\n${root}\n`],
    ['a double zero', `o\n00\n${root}\n`],
    ['a sign', `o\n+1\n${root}\n`],
    ['an exponent', `o\n1e3\n${root}\n`],
    ['a size beyond 2^53-1', `o\n9007199254740992\n${root}\n`],
    ['no size', `o\n\n${root}\n`],
    ['a short root', `o\n1\n${root.slice(4)}\n`],
    ['a root in the other alphabet', `o\n1\n${root.replace('+', '-').replace('/', '_')}\n`],
    ['a root in hex', `o\n1\n${'0'.repeat(64)}\n`],
    ['two lines', `o\n1\n`],
    ['an empty extension line', `${text}\nx\n`],
    ['CRLF', text.replaceAll('\n', '\r\n')],
    ['nothing', ''],
  ])('%s', (_, bad) => {
    expect(parseCheckpoint(bad)).toMatchObject({ ok: false, code: 'CHECKPOINT_MALFORMED' });
  });
});

it('throws rather than write what nobody could read', () => {
  const good = { origin: 'o', size: 1, root: emptyRoot() };
  for (const change of [
    { origin: '' },
    { origin: 'a\nb' },
    { size: -1 },
    { size: 0.5 },
    { size: 2 ** 53 },
    { root: new Uint8Array(31) },
  ]) {
    expect(() => formatCheckpoint({ ...good, ...change })).toThrow(RangeError);
  }
});
