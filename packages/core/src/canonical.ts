import { depthCeiling } from './json-limits.ts';
import { utf8 } from './text.ts';

/** Text that JSON writes as it is: no quote, backslash, control character or surrogate. */
const plain = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/;

/** Thrown for a value that is not JSON: a mistake of the caller, never a property of a message. */
export class CanonicalError extends TypeError {
  override readonly name = 'CanonicalError';
  readonly code = 'CANONICAL_TYPE_UNSUPPORTED';
}

const kindOf = (value: unknown): string =>
  typeof value === 'object' ? (Object.getPrototypeOf(value)?.constructor?.name ?? 'object') : typeof value;

const fail = (what: string): never => {
  throw new CanonicalError(`canonical JSON has no form for ${what}`);
};

const text = (value: string): string => {
  if (plain.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) return fail('a lone surrogate');
  return JSON.stringify(value);
};

const number = (value: number): string => {
  if (!Number.isFinite(value)) return fail(`the number ${value}`);
  // ECMAScript Number::toString is what RFC 8785 section 3.2.2.3 prescribes; it writes -0 as 0.
  return `${value}`;
};

const array = (items: readonly unknown[], depth: number): string => {
  if (Object.getPrototypeOf(items) !== Array.prototype) return fail(kindOf(items));
  if (items.length === 0) return '[]';
  let out = '[';
  // A hole reads as undefined and is refused with it.
  for (let i = 0; i < items.length; i++) out += (i === 0 ? '' : ',') + write(items[i], depth);
  return `${out}]`;
};

/** The default sort compares UTF-16 code units, the order of RFC 8785 section 3.2.3; most objects are small or sorted already. */
const sorted = (keys: string[]): string[] => {
  for (let i = 1; i < keys.length; i++) if ((keys[i - 1] as string) > (keys[i] as string)) return keys.sort();
  return keys;
};

const object = (members: Record<string, unknown>, depth: number): string => {
  const prototype = Object.getPrototypeOf(members);
  if (prototype !== Object.prototype && prototype !== null) return fail(kindOf(members));
  if (Object.getOwnPropertySymbols(members).length > 0) return fail('a symbol key');
  const keys = sorted(Object.keys(members));
  if (keys.length === 0) return '{}';
  let out = '{';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const property = Object.getOwnPropertyDescriptor(members, key) as PropertyDescriptor;
    if (property.get !== undefined || property.set !== undefined) return fail('an accessor');
    out += `${i === 0 ? '' : ','}${text(key)}:${write(property.value, depth)}`;
  }
  return `${out}}`;
};

const write = (value: unknown, depth: number): string => {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return number(value);
  if (value === true) return 'true';
  if (value === false) return 'false';
  if (value === null) return 'null';
  if (typeof value !== 'object') return fail(kindOf(value));
  if (depth === 0) return fail(`nesting deeper than ${depthCeiling}`);
  return Array.isArray(value) ? array(value, depth - 1) : object(value as Record<string, unknown>, depth - 1);
};

/**
 * RFC 8785 (JCS) text of a JSON value: members sorted by UTF-16 code units, ECMAScript numbers, no space.
 * The set of types is closed: `undefined` (also as a member), functions, symbols, bigints, holes, accessors, class
 * instances such as `Date` or `Map`, lone surrogates and non-finite numbers throw `CanonicalError` instead of being
 * dropped, called or repaired, because what is hashed must be what was meant.
 * @example canonical({ b: 1e21, a: '\u20ac' }) // '{"a":"€","b":1e+21}'
 */
export const canonical = (value: unknown): string => write(value, depthCeiling);

/** UTF-8 bytes of `canonical(value)`: what is stored, hashed and signed. */
export const canonicalBytes = (value: unknown): Uint8Array => utf8(canonical(value));
