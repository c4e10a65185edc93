import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosign, cosignerKeyId, formatWitnessKey, parseWitnessKey, verifyCosignatures } from './cosignature.ts';
import { keyNumber, verifySignature } from './keys.fixture.ts';
import { signNote } from './note.ts';
import { formatVkey, signedNoteKeyId } from './note-key.ts';
import { parsePolicy } from './tlog-policy.ts';
import { formatGrowth, formatTlogProof, parseGrowth, parseTlogProof } from './tlog-proof.ts';

const keyOf = (name: string, seed: number) => ({ ...keyNumber(seed), name });

const log = keyOf('log.example/main', 1);
const witness = keyOf('witness.example/w1', 2);
const other = keyOf('witness.example/w2', 3);
const body = 'log.example/main\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
const note = signNote(body, log, log.sign);

describe('a cosignature', () => {
  const cosigned = note + cosign(body, 1_679_315_147, witness, witness.sign);

  it('verifies for its witness, with its time', () => {
    expect(verifyCosignatures(cosigned, [other, witness], verifySignature)).toEqual({
      ok: true,
      value: [{ name: witness.name, keyId: cosignerKeyId(witness), timestamp: 1_679_315_147 }],
    });
  });

  it('signs the message of the specification: header, time, text', () => {
    const said: string[] = [];
    cosign(body, 1_679_315_147, witness, (message) => {
      said.push(new TextDecoder().decode(message));
      return witness.sign(message);
    });
    expect(said).toEqual([`cosignature/v1\ntime 1679315147\n${body}`]);
  });

  it('counts for nobody who does not know the witness, and is none by the log’s key under its name', () => {
    expect(verifyCosignatures(cosigned, [other], verifySignature)).toEqual({ ok: true, value: [] });
    expect(verifyCosignatures(note, [{ name: log.name, public: log.public }], verifySignature)).toEqual({
      ok: true,
      value: [],
    });
  });

  it.each([
    ['another text', cosigned.replace('\n7\n', '\n8\n')],
    ['another time', note + cosign(body, 5, witness, () => witness.sign(new Uint8Array(3)))],
    ['a time of 0', note + cosign(body, 1, witness, witness.sign).replace(/AAAAAAB/, 'AAAAAAA')],
    ['a signature that is cut off', note + cosign(body, 5, witness, (message) => witness.sign(message).subarray(1))],
  ])('with %s condemns the note', (_, text) => {
    expect(verifyCosignatures(text, [witness], verifySignature)).toMatchObject({
      ok: false,
      code: 'CHECKPOINT_SIGNATURE_INVALID',
    });
  });

  it('takes no time that is none', () => {
    for (const time of [0, -1, 1.5, Number.NaN, 2 ** 53])
      expect(() => cosign(body, time, witness, witness.sign)).toThrow(RangeError);
  });
});

describe('a witness key', () => {
  it('reads back, and has another id than the same key of a log', () => {
    expect(parseWitnessKey(formatWitnessKey(witness))).toEqual({
      ok: true,
      value: { name: witness.name, public: witness.public },
    });
    expect(cosignerKeyId(witness)).not.toBe(signedNoteKeyId(witness.name, witness.public));
    for (const text of ['', 'a+b+c', formatVkey(witness), formatWitnessKey(witness).replace('w1', 'w3')])
      expect(parseWitnessKey(text)).toMatchObject({ ok: false, code: 'CHECKPOINT_MALFORMED' });
    expect(() => formatWitnessKey({ name: 'a b', public: witness.public })).toThrow(RangeError);
  });

  it('has the id of the published example', () => {
    // The cosignature of the C2SP examples starts with this id; its key is not published, so only the reading is shown.
    const line =
      '\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n';
    expect(verifyCosignatures(note + line, [witness], verifySignature)).toEqual({ ok: true, value: [] });
  });
});

describe('a policy', () => {
  const w1 = formatWitnessKey(witness);
  const w2 = formatWitnessKey(other);
  const by = (key: typeof witness) => ({ name: key.name, keyId: cosignerKeyId(key) });
  const read = (text: string) => {
    const policy = parsePolicy(text);
    if (!policy.ok) throw new Error(policy.detail);
    return policy.value;
  };

  it('names witnesses, their addresses, and how many are enough', () => {
    const policy = read(
      `# ours\nlog ${formatVkey(log)}\n witness\tA ${w1} http://127.0.0.1:1\nwitness B ${w2}\n\ngroup G any A B\ngroup H all G A\nquorum H\n`,
    );
    expect(policy.logs).toEqual([{ key: expect.objectContaining({ name: log.name }), url: null }]);
    expect(policy.witnesses.map(({ name, url }) => [name, url])).toEqual([
      ['A', 'http://127.0.0.1:1'],
      ['B', null],
    ]);
    expect(policy.quorum([by(witness)])).toBe(true);
    expect(policy.quorum([by(other)])).toBe(false);
    expect(read(`witness A ${w1}\nwitness B ${w2}\ngroup G 2 A B\nquorum G`).quorum([by(witness)])).toBe(false);
    expect(read(`witness A ${w1}\nquorum A`).quorum([by(witness)])).toBe(true);
    expect(read('quorum none').quorum([])).toBe(true);
  });

  it('counts keys, not names: another key of a witness’s name is not that witness', () => {
    const twin = keyOf(witness.name, 4);
    const twice = note + [twin, witness, witness].map((key, at) => cosign(body, 5 + at, key, key.sign)).join('');
    expect(verifyCosignatures(twice, [witness, twin], verifySignature)).toEqual({
      ok: true,
      value: [
        { ...by(twin), timestamp: 5 },
        { ...by(witness), timestamp: 7 },
      ],
    });
    const policy = read(`witness A ${w1}\nwitness B ${w2}\ngroup G 2 A B\nquorum G`);
    expect(policy.quorum([by(witness), by(twin)])).toBe(false);
    expect(policy.quorum([by(twin), by(other)])).toBe(false);
    expect(policy.quorum([by(witness), by(other)])).toBe(true);
  });

  it.each([
    '',
    `witness A ${w1}`,
    'quorum A',
    'quorum none\nquorum none',
    `witness A ${w1}\nwitness A ${w2}\nquorum A`,
    `witness A ${w1}\nwitness B ${w1}\nquorum A`,
    `witness A ${w1}\nwitness B ${formatWitnessKey(keyOf(witness.name, 4))}\ngroup G 2 A B\nquorum G`,
    `witness none ${w1}\nquorum none`,
    `witness A ${formatVkey(log)}\nquorum none`,
    `log ${w1}\nquorum none`,
    `witness A ${w1}\ngroup G 2 A\nquorum G`,
    `witness A ${w1}\ngroup G 2 A A\nquorum G`,
    `group G any A\nwitness A ${w1}\nquorum G`,
    'trust everybody',
  ])('%j is refused', (text) => {
    expect(parsePolicy(text)).toMatchObject({ ok: false, code: 'CONFIG_INVALID' });
  });
});

describe('proofs as text', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const path = fc.array(hash, { maxLength: 63 });
  const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

  it('read back as they were written', () => {
    const extra = fc.option(fc.uint8Array({ maxLength: 50 }));
    fc.assert(
      fc.property(count, path, extra, count, (index, hashes, given, old) => {
        const proof = { index, extra: given, path: hashes, checkpoint: note };
        expect(parseTlogProof(formatTlogProof(proof))).toEqual({ ok: true, value: proof });
        const growth = { old, path: hashes, checkpoint: note };
        expect(parseGrowth(formatGrowth(growth))).toEqual({ ok: true, value: growth });
      }),
    );
  });

  it('have the form of the specification', () => {
    const proof = { index: 3, extra: Uint8Array.of(1), path: [new Uint8Array(32)], checkpoint: note };
    expect(formatTlogProof(proof)).toBe(`c2sp.org/tlog-proof@v1\nextra AQ==\nindex 3\n${'A'.repeat(43)}=\n\n${note}`);
    expect(formatGrowth({ old: 20, path: [], checkpoint: note })).toBe(`old 20\n\n${note}`);
  });

  const h = `${'A'.repeat(43)}=`;
  it.each([
    '',
    'c2sp.org/tlog-proof@v1',
    `c2sp.org/tlog-proof@v2\nindex 0\n\n${note}`,
    `c2sp.org/tlog-proof@v1\n\n${note}`,
  ])('%j is no inclusion proof', (text) =>
    expect(parseTlogProof(text)).toMatchObject({ ok: false, code: 'PROOF_INVALID' }),
  );
  it.each([
    'index 01',
    'index -1',
    'index',
    'index 9007199254740992',
    `index 0\n${h}x`,
    `extra *\nindex 0`,
    `index 0\n${`${h}\n`.repeat(64)}`,
  ])('lines %j are refused', (lines) =>
    expect(parseTlogProof(`c2sp.org/tlog-proof@v1\n${lines}\n\n${note}`)).toMatchObject({ ok: false }),
  );
  it.each(['', 'old 01', 'old x', 'new 3', 'old 1\nAAAA', `old 1\n${Array(64).fill(h).join('\n')}`])(
    '%j is no consistency proof',
    (lines) => expect(parseGrowth(`${lines}\n\n${note}`)).toMatchObject({ ok: false, code: 'PROOF_INVALID' }),
  );
});
