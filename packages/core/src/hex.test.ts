import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHex, toHex } from './hex.ts';

it('goes there and back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      expect(fromHex(toHex(bytes))).toEqual({ ok: true, value: bytes });
    }),
  );
});

it.each(['0', 'abc', 'AB', '0g', 'g0', ' 00', '0\u0130', '００', '/:', '@`'])('refuses "%s"', (text) => {
  expect(fromHex(text)).toMatchObject({ ok: false, code: 'PROOF_INVALID' });
});
