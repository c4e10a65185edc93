import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from './base64.ts';
import { concatBytes } from './bytes.ts';
import { keyNumber, verifySignature } from './keys.fixture.ts';
import { signNote, verifyNote } from './note.ts';
import { formatVkey, type NoteKey, parseVkey, signedNoteKeyId } from './note-key.ts';

const body = 'orgo.example/acme\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n';
const log = keyNumber(1);
const witness = keyNumber(2);
const logKey: NoteKey = { name: 'orgo.example/acme', public: log.public };
const witnessKey: NoteKey = { name: 'witness.example/w1', public: witness.public };
const note = signNote(body, logKey, log.sign);

const lineOf = (signed: string): string => signed.slice(signed.lastIndexOf('\n\n') + 2);
const cosigned = note + lineOf(signNote(body, witnessKey, witness.sign));
const check = (text: string, keys: NoteKey[] = [logKey]) => verifyNote(text, keys, verifySignature);

it('gives the text and who signed it', () => {
  expect(check(note)).toEqual({ ok: true, value: { body, verifiedBy: [logKey.name] } });
  expect(check(cosigned, [witnessKey, logKey])).toMatchObject({
    value: { verifiedBy: [logKey.name, witnessKey.name] },
  });
});

it('ignores signatures by keys it does not know, known by name or by id alone', () => {
  expect(check(cosigned)).toMatchObject({ ok: true, value: { verifiedBy: [logKey.name] } });
  const namesake = signNote(body, { name: logKey.name, public: witness.public }, witness.sign);
  expect(check(note + lineOf(namesake)).ok).toBe(true);
});

it('takes 16 signatures and more', () => {
  const others = Array.from({ length: 40 }, (_, i) => {
    const key = keyNumber(i + 10);
    return lineOf(signNote(body, { name: `w${i}.example`, public: key.public }, key.sign));
  });
  expect(check(`${body}\n${others.join('')}${lineOf(note)}`).ok).toBe(true);
});

it('splits at the last empty line', () => {
  const spaced = 'a\n\n\u2014 not a signature\n\nb\n';
  expect(check(signNote(spaced, logKey, log.sign))).toMatchObject({ ok: true, value: { body: spaced } });
});

describe('refuses', () => {
  const line = lineOf(note);
  const [, , base64 = ''] = line.trimEnd().split(' ');
  const bytes = fromBase64(base64);
  const raw = bytes.ok ? bytes.value : new Uint8Array();
  const bent = `\u2014 ${logKey.name} ${toBase64(concatBytes(raw.subarray(0, 67), new Uint8Array([(raw[67] as number) ^ 1])))}\n`;

  it('the whole note for one bad signature by a known key', () => {
    const bad = { code: 'CHECKPOINT_SIGNATURE_INVALID' };
    expect(check(`${body}\n${bent}`)).toMatchObject(bad);
    expect(check(cosigned + bent, [logKey, witnessKey])).toMatchObject(bad);
    expect(check(`${body}\n${bent}${lineOf(cosigned)}`, [logKey, witnessKey])).toMatchObject(bad);
    expect(check(note.replace('\n1\n', '\n2\n'))).toMatchObject(bad);
  });

  it('a note no known key signed', () => {
    expect(check(note, [witnessKey])).toMatchObject({ code: 'KEY_UNKNOWN' });
    expect(check(note, [])).toMatchObject({ code: 'KEY_UNKNOWN' });
  });

  it.each([
    ['no empty line', body + line],
    ['no signature', `${body}\n`],
    ['no final newline', note.slice(0, -1)],
    ['CRLF', note.replaceAll('\n', '\r\n')],
    ['a control character', note.replace('acme', 'ac\u0007me')],
    ['a tab', note.replace('acme', 'ac\tme')],
    ['a lone surrogate', `\ud800${note}`],
    ['a hyphen for the dash', note.replace('\u2014', '-')],
    ['two spaces', note.replace('\u2014 ', '\u2014  ')],
    ['a space at the end', `${note.slice(0, -1)} \n`],
    ['a plus in the name', note.replace('\u2014 orgo', '\u2014 or+go')],
    ['a no-break space in the name', note.replace('\u2014 orgo', '\u2014 or\u00a0go')],
    ['base64 without padding', note.replace(/=+\n$/, '\n')],
    ['a signature of four bytes', `${body}\n\u2014 ${logKey.name} ${toBase64(raw.subarray(0, 4))}\n`],
    ['text after the signatures', `${note}x\n`],
    ['an empty line after the signatures', `${note}\n`],
    ['too many signatures', note + line.repeat(100)],
    ['too long', 'x'.repeat(1_048_576) + note],
    ['nothing', ''],
  ])('%s', (_, bad) => {
    expect(check(bad)).toMatchObject({ ok: false, code: 'CHECKPOINT_MALFORMED' });
  });
});

describe('signing', () => {
  it.each(['no newline', '', 'tab\t\n', 'bell\u0007\n', '\ud800\n'])('throws for the text %j', (bad) => {
    expect(() => signNote(bad, logKey, log.sign)).toThrow(RangeError);
  });
  it.each(['', 'a b', 'a+b', 'a\nb', 'a\u2003b', 'a\u0085b'])('throws for the name %j', (name) => {
    expect(() => signNote(body, { ...logKey, name }, log.sign)).toThrow(RangeError);
    expect(() => formatVkey({ ...logKey, name })).toThrow(RangeError);
  });
});

describe('verifier keys', () => {
  const vkey = formatVkey(logKey);

  it('go there and back', () => {
    const keyId = signedNoteKeyId(logKey.name, logKey.public);
    expect(keyId).toMatch(/^[0-9a-f]{8}$/);
    expect(parseVkey(vkey)).toEqual({ ok: true, value: { ...logKey, keyId } });
  });

  it.each([
    ['another id', vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['another name', `x${vkey}`],
    ['another type', `n+${'0'.repeat(8)}+${toBase64(concatBytes(new Uint8Array([2]), log.public))}`],
    ['a short key', `n+${'0'.repeat(8)}+${toBase64(new Uint8Array([1, 2]))}`],
    ['an uppercase id', vkey.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase().replace(/[0-9]/g, 'A'))],
    ['no name', vkey.slice(vkey.indexOf('+'))],
    ['no key', 'name+00000000+'],
    ['one part', 'name'],
    ['nothing', ''],
  ])('refuse %s', (_, bad) => {
    expect(parseVkey(bad)).toMatchObject({ ok: false, code: 'CHECKPOINT_MALFORMED' });
  });

  it('throw for a key of another length', () => {
    expect(() => formatVkey({ name: 'n', public: new Uint8Array(31) })).toThrow(RangeError);
  });
});
