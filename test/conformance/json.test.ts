import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseStrict } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What the platform makes of the bytes, `undefined` when it refuses them. */
const platform = (bytes: Uint8Array): { value: unknown } | undefined => {
  try {
    return { value: JSON.parse(decoder.decode(bytes)) };
  } catch {
    return undefined;
  }
};

/** JSON text with a few bytes changed, dropped or doubled: mostly broken, sometimes still JSON. */
const damaged = fc
  .tuple(
    fc.json({ noUnicodeString: false } as fc.JsonSharedConstraints),
    fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.nat(2)), { maxLength: 3 }),
  )
  .map(([text, edits]) => {
    const bytes = [...new TextEncoder().encode(text)];
    for (const [place, byte, kind] of edits) {
      const at = place % (bytes.length + 1);
      if (kind === 0) bytes.splice(at, 1);
      else if (kind === 1) bytes.splice(at, 1, byte);
      else bytes.splice(at, 0, ...bytes.slice(at, at + 1));
    }
    return new Uint8Array(bytes);
  });

it('is as strict about grammar and UTF-8 as the platform, and reads the same value', () => {
  fc.assert(
    fc.property(damaged, (bytes) => {
      const expected = platform(bytes);
      const read = parseStrict(bytes, { maxDepth: 512 });
      if (expected === undefined) expect(read.ok).toBe(false);
      else if (read.ok) expect(read.value).toEqual(expected.value);
      // What JSON allows and I-JSON does not is refused by its own code, never as a grammar error.
      else expect(read.code).toMatch(/^JSON_(DUPLICATE_KEY|FORBIDDEN_KEY|INVALID_UNICODE|NUMBER_RANGE)$/);
    }),
    { numRuns: 5000 },
  );
});

const suite = process.env.ORGO_JSON_TEST_SUITE ?? '';
const files = existsSync(suite) ? readdirSync(suite).filter((name) => name.endsWith('.json')) : [];
if (files.length === 0)
  console.warn('skipped: JSONTestSuite is not here (set ORGO_JSON_TEST_SUITE to its test_parsing folder)');

describe.skipIf(files.length === 0)('JSONTestSuite', () => {
  const read = (name: string) => parseStrict(new Uint8Array(readFileSync(join(suite, name))));

  /** Valid JSON that I-JSON bars. */
  const barred: Record<string, string> = {
    'y_number_minus_zero.json': 'JSON_NUMBER_RANGE',
    'y_number_negative_zero.json': 'JSON_NUMBER_RANGE',
    'y_object_duplicated_key.json': 'JSON_DUPLICATE_KEY',
    'y_object_duplicated_key_and_value.json': 'JSON_DUPLICATE_KEY',
    'y_string_escaped_noncharacter.json': 'JSON_INVALID_UNICODE',
    'y_string_last_surrogates_1_and_2.json': 'JSON_INVALID_UNICODE',
    'y_string_nonCharacterInUTF-8_U+10FFFF.json': 'JSON_INVALID_UNICODE',
    'y_string_nonCharacterInUTF-8_U+FFFF.json': 'JSON_INVALID_UNICODE',
    'y_string_unicode_U+10FFFE_nonchar.json': 'JSON_INVALID_UNICODE',
    'y_string_unicode_U+1FFFE_nonchar.json': 'JSON_INVALID_UNICODE',
    'y_string_unicode_U+FDD0_nonchar.json': 'JSON_INVALID_UNICODE',
    'y_string_unicode_U+FFFE_nonchar.json': 'JSON_INVALID_UNICODE',
  };

  it.each(files.filter((name) => name.startsWith('y_')))('%s', (name) => {
    expect(read(name)).toMatchObject(barred[name] === undefined ? { ok: true } : { ok: false, code: barred[name] });
  });

  it.each(files.filter((name) => !name.startsWith('y_')))('%s is refused', (name) => {
    expect(read(name).ok).toBe(false);
  });
});
