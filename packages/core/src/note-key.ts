import { sha256 } from '#sha256';
import { fromBase64, toBase64 } from './base64.ts';
import { concatBytes, equalBytes } from './bytes.ts';
import { fromHex, toHex } from './hex.ts';
import { ok, type Result, refuse } from './result.ts';
import { utf8 } from './text.ts';

/** A key of C2SP signed notes: its name, by convention a schema-less URL, and the raw 32-byte Ed25519 public key. */
export type NoteKey = { name: string; public: Uint8Array };

const ed25519Type = new Uint8Array([1]);

// White space is Unicode's; the control characters would break the note's lines.
const nameShape = /^[^\s+\u0000-\u001f\u007f-\u009f]+$/u;

/** True for a non-empty name without spaces, plus signs and control characters. */
export const isNoteName = (name: string): boolean => name.isWellFormed() && nameShape.test(name);

/** Key id of an Ed25519 note key: 8 hex digits, the first four bytes of SHA-256(name, newline, type byte, public key). */
export const signedNoteKeyId = (name: string, publicKey: Uint8Array): string =>
  toHex(sha256(concatBytes(utf8(`${name}\n`), ed25519Type, publicKey)).subarray(0, 4));

/** Verifier key text: `<name>+<key id>+<base64 of type byte and public key>`. A RangeError for a bad name or key length. */
export const formatVkey = ({ name, public: publicKey }: NoteKey): string => {
  if (!isNoteName(name)) throw new RangeError('not a note key name');
  if (publicKey.length !== 32) throw new RangeError('an Ed25519 public key is 32 bytes');
  return `${name}+${signedNoteKeyId(name, publicKey)}+${toBase64(concatBytes(ed25519Type, publicKey))}`;
};

/** Reads a verifier key. Refuses with `CHECKPOINT_MALFORMED` a bad shape, another type than Ed25519, or an id that is not the key's. */
export const parseVkey = (text: string): Result<NoteKey & { keyId: string }> => {
  const [name = '', keyId = '', ...rest] = text.split('+');
  // The base64 part may itself hold plus signs.
  const material = fromBase64(rest.join('+'));
  if (!isNoteName(name) || !fromHex(keyId).ok || !material.ok)
    return refuse('CHECKPOINT_MALFORMED', 'not a verifier key');
  const publicKey = material.value.subarray(1);
  if (publicKey.length !== 32 || !equalBytes(material.value.subarray(0, 1), ed25519Type)) {
    return refuse('CHECKPOINT_MALFORMED', 'not an Ed25519 verifier key');
  }
  if (signedNoteKeyId(name, publicKey) !== keyId) return refuse('CHECKPOINT_MALFORMED', 'the id is not of this key');
  return ok({ name, public: publicKey, keyId });
};
