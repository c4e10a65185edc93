import { sha256 } from '#sha256';
import { fromBase64, toBase64 } from './base64.ts';
import { concatBytes, equalBytes } from './bytes.ts';
import { fromHex, toHex } from './hex.ts';
import { parseNote } from './note.ts';
import { isNoteName, type NoteKey } from './note-key.ts';
import { ok, type Result, refuse } from './result.ts';
import type { VerifySignature } from './signature.ts';
import { utf8 } from './text.ts';

/** A key of a witness, as signed notes tell keys apart: by name and key id. */
export type Cosigner = { name: string; keyId: string };

/** A witness said that, at `timestamp` (seconds since 1970), this checkpoint was the newest it had seen, and followed from all before. */
export type Cosignature = Cosigner & { timestamp: number };

const witnessType = new Uint8Array([4]);

/** Key id of an Ed25519 cosigner (C2SP tlog-cosignature): 8 hex digits; another than the same key has as a log's. */
export const cosignerKeyId = ({ name, public: key }: NoteKey): string =>
  toHex(sha256(concatBytes(utf8(`${name}\n`), witnessType, key)).subarray(0, 4));

/** Verifier key text of a witness, type 0x04. A RangeError for a bad name or key length. */
export const formatWitnessKey = (key: NoteKey): string => {
  if (!isNoteName(key.name) || key.public.length !== 32) throw new RangeError('not a witness key');
  return `${key.name}+${cosignerKeyId(key)}+${toBase64(concatBytes(witnessType, key.public))}`;
};

/** Reads a witness's verifier key. Refuses with `CHECKPOINT_MALFORMED` a bad shape, another type than 0x04, or an id that is not the key's. */
export const parseWitnessKey = (text: string): Result<NoteKey> => {
  const [name = '', keyId = '', ...rest] = text.split('+');
  const material = fromBase64(rest.join('+'));
  if (!isNoteName(name) || !material.ok || material.value.length !== 33)
    return refuse('CHECKPOINT_MALFORMED', 'not a witness key');
  const key = { name, public: material.value.subarray(1) };
  const same = equalBytes(material.value.subarray(0, 1), witnessType) && cosignerKeyId(key) === keyId;
  return same ? ok(key) : refuse('CHECKPOINT_MALFORMED', 'not an Ed25519 witness key, or the id is not of this key');
};

const messageOf = (body: string, timestamp: number): Uint8Array => utf8(`cosignature/v1\ntime ${timestamp}\n${body}`);

/** The signature line by which a witness cosigns the text of a checkpoint. `timestamp` in whole seconds, not 0. */
export const cosign = (
  body: string,
  timestamp: number,
  key: NoteKey,
  sign: (message: Uint8Array) => Uint8Array,
): string => {
  if (!Number.isSafeInteger(timestamp) || timestamp < 1) throw new RangeError('not a time');
  const keyId = fromHex(cosignerKeyId(key));
  if (!keyId.ok) throw new RangeError(keyId.detail);
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(timestamp));
  return `\u2014 ${key.name} ${toBase64(concatBytes(keyId.value, time, sign(messageOf(body, timestamp))))}\n`;
};

/**
 * Cosignatures on a checkpoint by witnesses that are known here, one for each key, the newest; those by others are ignored, as C2SP asks. One by a known witness that does not
 * verify condemns the note: `CHECKPOINT_SIGNATURE_INVALID`. None at all is an empty list. The log's own signature is `verifyNote`'s affair.
 */
export const verifyCosignatures = (
  text: string,
  witnesses: readonly NoteKey[],
  verify: VerifySignature,
): Result<Cosignature[]> => {
  const note = parseNote(text);
  if (!note.ok) return note;
  const { body, signatures } = note.value;
  const found = new Map<string, Cosignature>();
  for (const { name, keyId, signature } of signatures) {
    const key = witnesses.find((one) => one.name === name && cosignerKeyId(one) === keyId);
    if (key === undefined) continue;
    const view = new DataView(signature.buffer, signature.byteOffset, signature.length);
    const timestamp = signature.length === 72 ? Number(view.getBigUint64(0)) : 0;
    const trusted = { keyid: keyId, alg: 'ed25519' as const, public: toBase64(key.public) };
    const held =
      Number.isSafeInteger(timestamp) &&
      timestamp > 0 &&
      verify(trusted, messageOf(body, timestamp), signature.subarray(8));
    if (!held) return refuse('CHECKPOINT_SIGNATURE_INVALID', `the cosignature by ${name} does not verify`);
    const id = `${name} ${keyId}`;
    const known = found.get(id);
    if (known === undefined || known.timestamp < timestamp) found.set(id, { name, keyId, timestamp });
  }
  return ok([...found.values()]);
};
