import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  canonical,
  digestOf,
  formatCheckpoint,
  inclusionPath,
  type JsonValue,
  leafHash,
  parseStrict,
  rootOf,
  toBase64,
  toHex,
  utf8,
} from '@orgo/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('./orgo_check.py', import.meta.url));
const missing = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).status !== 0;
if (missing) console.warn('skipped: the independent check needs python3 (3.8 or newer) on the PATH');

const folder = mkdtempSync(join(tmpdir(), 'orgo-independent-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const check = (command: string, target: string, input = '') => {
  const { status, stdout, stderr } = spawnSync('python3', [script, command, target], {
    input,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
};

const fileOf = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** What the script makes of each text, in one run of it. */
const readAll = (inputs: Uint8Array[]): { canonical?: string; code?: string }[] => {
  const { status, stdout, stderr } = check('lines', '-', inputs.map(toHex).join('\n'));
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n').map((line) => JSON.parse(line));
};

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../packages/core/vectors/${name}.json`, import.meta.url), 'utf8'));

const bytesOf = ({ text, bytes_hex }: { text?: string; bytes_hex?: string }): Uint8Array =>
  text === undefined ? new Uint8Array(Buffer.from(bytes_hex ?? '', 'hex')) : utf8(text);

describe.skipIf(missing)('a second implementation', () => {
  it('writes every golden canonical form', () => {
    const golden = vectors('canonical').vectors as { input: string; canonical: string }[];
    expect(readAll(golden.map(({ input }) => utf8(input)))).toEqual(
      golden.map(({ canonical: text }) => ({ canonical: text })),
    );
  });

  it('refuses every golden refusal by the same code, limits aside', () => {
    type Vector = { text?: string; bytes_hex?: string; limits?: object; code: string };
    const golden = (vectors('strict-json').refuse as Vector[]).filter(({ limits }) => limits === undefined);
    expect(golden.length).toBeGreaterThan(50);
    expect(readAll(golden.map(bytesOf))).toEqual(golden.map(({ code }) => ({ code })));
  });

  it('writes any value and any number as we do', () => {
    const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, n);
      return view.getFloat64(0);
    });
    const value = fc.tuple(
      fc.jsonValue({ noUnicodeString: false } as fc.JsonSharedConstraints),
      fc.array(bits.filter(Number.isFinite)),
      fc.dictionary(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true })),
    );
    const texts = fc.sample(value, 1500).map((sample) => JSON.stringify(sample));
    const ours = texts.map((text) => parseStrict(text, { maxDepth: 512 }));
    expect(ours.filter(({ ok }) => ok).length).toBeGreaterThan(300);
    const expected = ours.map((read) => (read.ok ? { canonical: canonical(read.value) } : { code: read.code }));
    const found = readAll(texts.map(utf8));
    for (const [i, text] of texts.entries()) {
      // With two faults in one text each reader may name another first.
      if (expected[i]?.canonical === undefined) expect(found[i]?.code, text).toMatch(/^JSON_/);
      else expect(found[i], text).toEqual(expected[i]);
    }
  });

  it('computes the digest of a JSON file', () => {
    const value = { b: [1e21, 4.5, 'é'], a: null };
    expect(check('digest', fileOf('value.json', JSON.stringify(value, null, 2)))).toMatchObject({
      status: 0,
      stdout: digestOf(value),
    });
    expect(check('digest', fileOf('twice.json', '{"a":1,"a":2}'))).toMatchObject({
      status: 1,
      stderr: 'refused: JSON_DUPLICATE_KEY',
    });
  });
});

describe.skipIf(missing)('the id of an Exchange', () => {
  const content: { [key: string]: JsonValue } = {
    statements: [{ value: 1, signatures: ['kept: not top-level'] }],
    schema_version: '3',
  };
  const id = digestOf(content);

  it.each([
    ['alone', content],
    ['with its id', { ...content, kristal_id: id }],
    ['with its id and signatures', { signatures: [{ key_id: 'k' }], ...content, kristal_id: id }],
  ])('is the same %s', (_, exchange) => {
    expect(check('kristal-id', fileOf('exchange.json', JSON.stringify(exchange)))).toMatchObject({
      status: 0,
      stdout: id,
    });
  });

  it('is refused where the content has changed', () => {
    const changed = { ...content, schema_version: '4', kristal_id: id };
    expect(check('kristal-id', fileOf('exchange.json', JSON.stringify(changed)))).toMatchObject({
      status: 1,
      stdout: '',
    });
  });
});

describe.skipIf(missing)('an exported log', () => {
  const leaves = Array.from({ length: 13 }, (_, i) => utf8(canonical({ i, text: 'é' })));
  const hashes = leaves.map(leafHash);
  const root = rootOf(hashes);
  const entries = leaves.map((leaf, index) => `${JSON.stringify({ index, leaf: toBase64(leaf) })}\n`);

  const exported = (lines: string[], size: number): string => {
    fileOf('entries.jsonl', lines.join(''));
    fileOf(
      'checkpoint',
      `${formatCheckpoint({ origin: 'orgo.example/acme', size, root })}\n\u2014 orgo.example/acme AAAAAAA=\n`,
    );
    return folder;
  };

  it('has the root its checkpoint says', () => {
    expect(check('log', exported(entries, 13))).toMatchObject({ status: 0, stdout: `13 ${toHex(root)}` });
  });

  it.each([
    ['an entry is changed', entries.with(4, entries[5]?.replace('"index":5', '"index":4') ?? '')],
    ['an entry is missing', entries.toSpliced(4, 1)],
    ['the tail is missing', entries.slice(0, -1)],
    ['entries are swapped', entries.with(4, entries[5] ?? '').with(5, entries[4] ?? '')],
    ['an entry is too many', [...entries, '{"index":13,"leaf":""}\n']],
  ])('is refused when %s', (_, lines) => {
    expect(check('log', exported(lines, 13))).toMatchObject({ status: 1, stdout: '' });
  });

  it('has inclusion proofs that hold for their leaf only', () => {
    for (const index of [0, 7, 12]) {
      const path = inclusionPath(hashes, index).map(toHex);
      const proof = { index, size: 13, leaf: toBase64(leaves[index] ?? new Uint8Array()), path, root: toHex(root) };
      expect(check('inclusion', fileOf('proof.json', JSON.stringify(proof)))).toMatchObject({ status: 0 });
      for (const change of [
        { index: (index + 1) % 13 },
        { leaf: 'AAAA' },
        { path: path.slice(1) },
        { root: path[0] },
      ]) {
        const damaged = fileOf('proof.json', JSON.stringify({ ...proof, ...change }));
        expect(check('inclusion', damaged)).toMatchObject({ status: 1, stdout: '' });
      }
    }
  });
});

it.skipIf(missing)('says how to use it', () => {
  expect(check('nonsense', '-')).toMatchObject({ status: 2 });
});
