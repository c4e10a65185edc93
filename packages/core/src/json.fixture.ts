import fc from 'fast-check';
import { isCleanUnicode, isForbiddenKey, type JsonValue } from './json-limits.ts';

const text = fc.string({ unit: 'binary' }).filter(isCleanUnicode);
const number = fc
  .oneof(fc.maxSafeInteger(), fc.double({ noDefaultInfinity: true, noNaN: true }))
  // What the strict reader would refuse when it reads the canonical form back.
  .filter((n) => !Object.is(n, -0) && !(Math.abs(n) > Number.MAX_SAFE_INTEGER && Math.abs(n) < 1e21));

/** Any JSON value that the strict reader accepts, edge characters and numbers included. */
export const strictValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    number,
    text,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      text.filter((key) => !isForbiddenKey(key)),
      tie('value'),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ),
})).value;

const tokenSoup: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', ' ', '\n', '\\', 'true', 'null', '0', '-0', '1e400', '1e-400', '-', '.5'],
      ...['"a"', '"a":', '"a":1', '"\\u0061":2', '"\\ud800"', '\ud800', '\uffff', '"é"', '{"a":1}', '[1,2]', '1E21'],
      ...['{"a":1,', '"b":2}', '0.0', '\t', '\u00a0', '\ufeff', '"\\', '\\"', '"x\\\\"', '\u0001'],
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

const nearlyStrict: fc.Arbitrary<string> = fc.letrec<{ text: string }>((tie) => {
  const name = fc.constantFrom(
    '"a"',
    '"\\u0061"',
    '"b"',
    '"c"',
    '"d"',
    '"e"',
    '":"',
    '"{,"',
    '""',
    '"\\""',
    '"__proto__"',
    '"\\udc00"',
  );
  const member = fc.tuple(name, tie('text')).map(([key, value]) => `${key} :${value}`);
  return {
    text: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('0', '-1.5', '1e21', '5e-324', '"x"', '"\\\\"', '"\\u00e9\\ud83d\\ude02"', 'null', 'true'),
      fc.constantFrom(
        '0',
        '0.0',
        '1e-3',
        '-0',
        '1e-400',
        '1e20',
        '9007199254740993',
        '"\\uffff"',
        '"\ufdd0"',
        '"\ud800"',
        '01',
      ),
      fc.array(tie('text'), { maxLength: 3 }).map((items) => `[${items.join(' ,')}]`),
      fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(',')} }`),
    ),
  };
}).text;

/** JSON text that is often right or nearly right: duplicates, odd escapes, odd numbers and stray tokens among it. */
export const jsonLikeText: fc.Arbitrary<string> = fc.oneof(tokenSoup, { arbitrary: nearlyStrict, weight: 2 });
