import { concatBytes } from './bytes.ts';
import { utf8 } from './text.ts';

/**
 * DSSE v1 pre-authentication encoding: what is signed in place of a payload, so that a signature made for one payload
 * type never verifies for another.
 * @example fromUtf8(pae('http://example.com/HelloWorld', utf8('hello world')))
 * // 'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
 */
export const pae = (payloadType: string, payload: Uint8Array): Uint8Array => {
  const type = utf8(payloadType);
  return concatBytes(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
};
