import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical } from './canonical.ts';
import { fromHex } from './hex.ts';
import { jsonLikeText, strictValue } from './json.fixture.ts';
import { defaultLimits, depthCeiling, type JsonLimits } from './json-limits.ts';
import { locate } from './json-locate.ts';
import { parseStrict } from './strict-json.ts';
import { utf8 } from './text.ts';
import { readVectors } from './vectors.fixture.ts';

type Vector = { name: string; text?: string; bytes_hex?: string; limits?: Partial<JsonLimits> };
const vectors = readVectors<{ accept: Vector[]; refuse: (Vector & { code: string; path?: string })[] }>('strict-json');

const bytesOf = (vector: Vector): Uint8Array => {
  const bytes = fromHex(vector.bytes_hex ?? '');
  return vector.text === undefined && bytes.ok ? bytes.value : utf8(vector.text ?? '');
};

describe('golden vectors', () => {
  it.each(vectors.accept)('accepts $name', (vector) => {
    const result = parseStrict(bytesOf(vector), vector.limits);
    expect(result).toEqual({ ok: true, value: JSON.parse(vector.text as string) });
    expect(parseStrict(vector.text as string, vector.limits)).toEqual(result);
  });

  it.each(vectors.refuse)('refuses $name', (vector) => {
    const result = parseStrict(bytesOf(vector), vector.limits);
    expect(result).toMatchObject({ ok: false, code: vector.code });
    if (vector.path !== undefined) expect(result).toMatchObject({ path: vector.path });
    if (vector.text !== undefined) expect(parseStrict(vector.text, vector.limits)).toEqual(result);
  });
});

describe('properties', () => {
  it('reads back what was canonically written', () => {
    fc.assert(
      fc.property(strictValue, (value) => {
        const text = canonical(value);
        expect(parseStrict(text, { maxDepth: 512 })).toEqual({ ok: true, value });
        expect(parseStrict(utf8(text), { maxDepth: 512 })).toEqual({ ok: true, value });
      }),
      { numRuns: 500 },
    );
  });

  it('writes canonically only what it reads again, whatever it has read', () => {
    fc.assert(
      fc.property(jsonLikeText, (text) => {
        const read = parseStrict(text);
        if (read.ok) expect(parseStrict(canonical(read.value))).toEqual(read);
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with its slow reader on every text, and with JSON.parse on the grammar', () => {
    fc.assert(
      fc.property(jsonLikeText, (text) => {
        const fault = locate(text, defaultLimits);
        const read = parseStrict(text);
        expect(read.ok ? undefined : read).toEqual(fault);
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          expect(fault).toBeDefined();
          return;
        }
        expect(fault?.code).not.toBe('JSON_MALFORMED');
        if (read.ok) expect(read.value).toEqual(parsed);
      }),
      { numRuns: 20_000 },
    );
  });

  it('agrees with its slow reader on small limits', () => {
    const limit = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(jsonLikeText, limit, limit, limit, (text, maxDepth, maxMembers, maxString) => {
        const limits = { ...defaultLimits, maxDepth, maxMembers, maxString };
        const read = parseStrict(text, limits);
        expect(read.ok ? undefined : read).toEqual(locate(text, limits));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('hostile input', () => {
  it('refuses a million open brackets without touching the stack', () => {
    for (const open of ['[', '{"a":']) {
      expect(parseStrict(open.repeat(200_000), { maxBytes: 10_000_000 })).toMatchObject({ code: 'JSON_TOO_DEEP' });
    }
  });

  it('never reads deeper than the ceiling, whatever the caller asks', () => {
    const text = '['.repeat(100_000) + ']'.repeat(100_000);
    const limits = { maxBytes: 1e6, maxDepth: 1e6, maxMembers: 1e6 };
    expect(parseStrict(text, limits)).toMatchObject({ code: 'JSON_TOO_DEEP' });
    expect(defaultLimits.maxDepth).toBe(32);
    expect(parseStrict('['.repeat(depthCeiling) + ']'.repeat(depthCeiling), limits).ok).toBe(true);
  });

  it.each([
    ['digits', '1'.repeat(1_000_000), 'JSON_NUMBER_RANGE'],
    ['one long string', `"${'a'.repeat(1_000_000)}"`, 'JSON_TOO_LARGE'],
    ['one long string of escapes', `"${'\\n'.repeat(500_000)}"`, 'JSON_TOO_LARGE'],
    ['backslashes outside strings', '\\'.repeat(1_000_000), 'JSON_MALFORMED'],
    ['quotes', '"'.repeat(1_000_000), 'JSON_MALFORMED'],
    ['commas', ','.repeat(1_000_000), 'JSON_MALFORMED'],
    ['white space', ' '.repeat(1_000_000), 'JSON_MALFORMED'],
    ['numbers', `[${'0,'.repeat(400_000)}0]`, 'JSON_TOO_DEEP'],
  ])('refuses a megabyte of %s in linear time', (_, text, code) => {
    const before = process.cpuUsage();
    expect(parseStrict(text)).toMatchObject({ ok: false, code });
    const { user, system } = process.cpuUsage(before);
    expect(user + system, 'microseconds of work').toBeLessThan(2_000_000);
  });

  it('leaves the prototype of objects alone', () => {
    parseStrict('{"__proto__":{"polluted":true}}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('names the byte and the pointer, escaping the pointer', () => {
    expect(parseStrict('{"é":{"a/b~c":[0,-0]}}')).toEqual({
      ok: false,
      code: 'JSON_NUMBER_RANGE',
      detail: 'negative zero at byte 18',
      path: '/é/a~1b~0c/1',
    });
  });
});
