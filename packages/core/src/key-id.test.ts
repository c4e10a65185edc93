import { expect, it } from 'vitest';
import { fromBase64, toBase64Url } from './base64.ts';
import { fromHex } from './hex.ts';
import { keyIdOf } from './key-id.ts';

it('is the thumbprint of RFC 8037 appendix A.3', () => {
  const key = fromBase64('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', 'url');
  if (!key.ok) expect.fail(key.detail);
  const id = keyIdOf(key.value);
  expect(id).toMatch(/^ed25519:[0-9a-f]{64}$/);
  const thumbprint = fromHex(id.slice('ed25519:'.length));
  if (!thumbprint.ok) expect.fail(thumbprint.detail);
  expect(toBase64Url(thumbprint.value)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});

it('throws for anything but 32 bytes', () => {
  expect(() => keyIdOf(new Uint8Array(33))).toThrow(RangeError);
});
