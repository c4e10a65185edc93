import { fromBase64, toBase64 } from './base64.ts';
import { concatBytes } from './bytes.ts';
import { fromHex, toHex } from './hex.ts';
import { isNoteName, type NoteKey, signedNoteKeyId } from './note-key.ts';
import { ok, type Result, refuse } from './result.ts';
import type { VerifySignature } from './signature.ts';
import { utf8 } from './text.ts';

/** C2SP asks verifiers to take at least 16; the bound keeps a hostile note cheap. */
const maxSignatures = 100;
const maxLength = 1_048_576;

const hasControl = /[\u0000-\u0009\u000b-\u001f]/;
const signatureLine = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/u;

const isNoteText = (text: string): boolean => text.isWellFormed() && !hasControl.test(text);

type SignatureLine = { name: string; keyId: string; signature: Uint8Array };

/**
 * Signs a note text with one Ed25519 key (C2SP signed-note). The text must end in a newline and hold no other control
 * character; a RangeError otherwise, since the signer writes the text itself. `sign` gets the UTF-8 bytes of the text.
 */
export const signNote = (body: string, key: NoteKey, sign: (message: Uint8Array) => Uint8Array): string => {
  if (!body.endsWith('\n') || !isNoteText(body)) throw new RangeError('not a note text');
  if (!isNoteName(key.name)) throw new RangeError('not a note key name');
  const keyId = fromHex(signedNoteKeyId(key.name, key.public));
  if (!keyId.ok) throw new RangeError(keyId.detail);
  return `${body}\n\u2014 ${key.name} ${toBase64(concatBytes(keyId.value, sign(utf8(body))))}\n`;
};

const parseSignature = (line: string): SignatureLine | undefined => {
  const [, name = '', base64 = ''] = signatureLine.exec(line) ?? [];
  const bytes = fromBase64(base64);
  if (!isNoteName(name) || !bytes.ok || bytes.value.length < 5) return undefined;
  return { name, keyId: toHex(bytes.value.subarray(0, 4)), signature: bytes.value.subarray(4) };
};

const malformed = (why: string) => refuse('CHECKPOINT_MALFORMED', why);

/** Splits a note at its last empty line. Refuses with `CHECKPOINT_MALFORMED`; verifies nothing. */
export const parseNote = (text: string): Result<{ body: string; signatures: SignatureLine[] }> => {
  if (text.length > maxLength) return malformed('the note is too long');
  if (!isNoteText(text)) return malformed('a control character or a lone surrogate');
  const split = text.lastIndexOf('\n\n');
  if (split === -1 || !text.endsWith('\n')) return malformed('no signature lines after an empty line');
  const lines = text.slice(split + 2, -1).split('\n');
  if (lines.length > maxSignatures) return malformed(`more than ${maxSignatures} signatures`);
  const signatures: SignatureLine[] = [];
  for (const line of lines) {
    const signature = parseSignature(line);
    if (signature === undefined) return malformed('a line after the text is not a signature');
    signatures.push(signature);
  }
  return ok({ body: text.slice(0, split + 1), signatures });
};

/**
 * Verifies a C2SP signed note against known Ed25519 keys and gives its text and the names of the keys that signed it.
 * A signature by an unknown key is ignored, so that logs can rotate keys and witnesses can cosign; a bad signature by a
 * known key condemns the whole note, because somebody altered it.
 *
 * Refuses with `CHECKPOINT_MALFORMED`, `CHECKPOINT_SIGNATURE_INVALID` or `KEY_UNKNOWN` (no known key signed).
 */
export const verifyNote = (
  text: string,
  keys: readonly NoteKey[],
  verify: VerifySignature,
): Result<{ body: string; verifiedBy: string[] }> => {
  const note = parseNote(text);
  if (!note.ok) return note;
  const known = keys.map((key) => ({ ...key, keyId: signedNoteKeyId(key.name, key.public) }));
  const message = utf8(note.value.body);
  const verifiedBy = new Set<string>();
  for (const { name, keyId, signature } of note.value.signatures) {
    const key = known.find((candidate) => candidate.name === name && candidate.keyId === keyId);
    if (key === undefined) continue;
    if (!verify({ keyid: keyId, alg: 'ed25519', public: toBase64(key.public) }, message, signature)) {
      return refuse('CHECKPOINT_SIGNATURE_INVALID', `the signature by ${name} does not verify`);
    }
    verifiedBy.add(name);
  }
  if (verifiedBy.size === 0) return refuse('KEY_UNKNOWN', 'no known key signed the note');
  return ok({ body: note.value.body, verifiedBy: [...verifiedBy] });
};
