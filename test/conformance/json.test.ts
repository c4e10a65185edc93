import { parseStrict } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import published from './json-cases/cases.json' with { type: 'json' };

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

const cases: Record<string, Uint8Array> = {
  ...Object.fromEntries(Object.entries(published).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
  n_structure_open_array_object: Buffer.from('[{"":'.repeat(50_000)),
  n_structure_100000_opening_arrays: Buffer.from('['.repeat(100_000)),
};
const names = Object.keys(cases);

// json-cases/README.md says where they come from.
describe('JSONTestSuite', () => {
  const read = (name: string) => parseStrict(cases[name] as Uint8Array);

  /** Valid JSON that I-JSON bars. */
  const barred: Record<string, string> = {
    y_number_minus_zero: 'JSON_NUMBER_RANGE',
    y_number_negative_zero: 'JSON_NUMBER_RANGE',
    y_object_duplicated_key: 'JSON_DUPLICATE_KEY',
    y_object_duplicated_key_and_value: 'JSON_DUPLICATE_KEY',
    y_string_escaped_noncharacter: 'JSON_INVALID_UNICODE',
    y_string_last_surrogates_1_and_2: 'JSON_INVALID_UNICODE',
    'y_string_nonCharacterInUTF-8_U+10FFFF': 'JSON_INVALID_UNICODE',
    'y_string_nonCharacterInUTF-8_U+FFFF': 'JSON_INVALID_UNICODE',
    'y_string_unicode_U+10FFFE_nonchar': 'JSON_INVALID_UNICODE',
    'y_string_unicode_U+1FFFE_nonchar': 'JSON_INVALID_UNICODE',
    'y_string_unicode_U+FDD0_nonchar': 'JSON_INVALID_UNICODE',
    'y_string_unicode_U+FFFE_nonchar': 'JSON_INVALID_UNICODE',
  };

  it.each(names.filter((name) => name.startsWith('y_')))('%s', (name) => {
    expect(read(name)).toMatchObject(barred[name] === undefined ? { ok: true } : { ok: false, code: barred[name] });
  });

  it.each(names.filter((name) => !name.startsWith('y_')))('%s is refused', (name) => {
    expect(read(name).ok).toBe(false);
  });
});
