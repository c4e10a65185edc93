import { isCleanUnicode, isForbiddenKey, type JsonLimits } from './json-limits.ts';
import { type ReasonCode, type Refusal, refuse } from './result.ts';
import { utf8Length } from './text.ts';

/** An open container: `keys` is set for objects, `name` is the member or index being read. */
type Frame = { keys: Set<string> | undefined; name: string | number };

const numberToken = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const nonZeroMantissa = /^[0-9.]*[1-9]/;

/** RFC 6901 pointer of what is being read. */
const pointer = (frames: readonly Frame[]): string =>
  frames.map(({ name }) => `/${`${name}`.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** What is wrong with a number as it is spelled, or `undefined`. */
const numberFault = (literal: string): string | undefined => {
  const value = Number(literal);
  if (!Number.isFinite(value)) return 'number beyond binary64';
  if (value === 0 && literal.startsWith('-')) return 'negative zero';
  if (value === 0 && nonZeroMantissa.test(literal)) return 'number lost to underflow';
  // From 1e21 on the canonical form has an exponent: a float by its spelling, read back as the same float.
  const written = Math.abs(value) < 1e21 || /^-?[0-9]+$/.test(literal);
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && written ? 'integer beyond 2^53-1' : undefined;
};

/** Index just after the string that opens at `start`, or -1 when it never closes. */
const stringEnd = (text: string, start: number): number => {
  for (let i = start + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) return i + 1;
    if (unit === 0x5c) i++;
  }
  return -1;
};

/**
 * The first fault in text that the fast reader would not vouch for, or `undefined` when there is none.
 * A complete strict reader of its own (it builds no value), iterative, so that its stack does not depend on the input.
 */
export const locate = (text: string, limits: JsonLimits): Refusal | undefined => {
  const frames: Frame[] = [];
  let at = 0;
  let members = 0;

  const fault = (code: ReasonCode, what: string, offset = at): Refusal =>
    refuse(code, `${what} at byte ${utf8Length(text.slice(0, offset))}`, pointer(frames));

  const skipSpace = (): void => {
    while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at++;
  };

  /** Reads a string token and checks its text; `onText` sees it before the unicode check so that the pointer names it. */
  const readString = (onText?: (value: string) => void): string | Refusal => {
    const end = stringEnd(text, at);
    let value: string;
    try {
      value = JSON.parse(text.slice(at, end === -1 ? text.length : end)) as string;
    } catch {
      return fault('JSON_MALFORMED', 'bad string');
    }
    onText?.(value);
    if (!isCleanUnicode(value)) return fault('JSON_INVALID_UNICODE', 'lone surrogate or noncharacter');
    if (utf8Length(value) > limits.maxString) {
      return fault('JSON_TOO_LARGE', `string of more than ${limits.maxString} bytes`);
    }
    at = end;
    return value;
  };

  const countMember = (): Refusal | undefined =>
    ++members > limits.maxMembers ? fault('JSON_TOO_DEEP', `more than ${limits.maxMembers} members`) : undefined;

  /** Reads `"key" :` of the object on top. */
  const readKey = (frame: Frame, keys: Set<string>): Refusal | undefined => {
    if (text[at] !== '"') return fault('JSON_MALFORMED', 'expected a member name');
    const start = at;
    const key = readString((value) => {
      frame.name = value;
    });
    if (typeof key !== 'string') return key;
    if (isForbiddenKey(key)) return fault('JSON_FORBIDDEN_KEY', `member name ${key}`, start);
    if (keys.has(key)) return fault('JSON_DUPLICATE_KEY', 'member name used twice', start);
    keys.add(key);
    skipSpace();
    if (text[at] !== ':') return fault('JSON_MALFORMED', 'expected a colon');
    at++;
    return countMember();
  };

  const readScalar = (): Refusal | undefined => {
    if (text[at] === '"') {
      const value = readString();
      return typeof value === 'string' ? undefined : value;
    }
    const word = ['true', 'false', 'null'].find((candidate) => text.startsWith(candidate, at));
    if (word !== undefined) {
      at += word.length;
      return undefined;
    }
    numberToken.lastIndex = at;
    const literal = numberToken.exec(text)?.[0];
    if (literal === undefined) return fault('JSON_MALFORMED', 'expected a value');
    const wrong = numberFault(literal);
    if (wrong !== undefined) return fault('JSON_NUMBER_RANGE', wrong);
    at += literal.length;
    return undefined;
  };

  /** After a value: closes containers and moves to the next member or element. `done` when the text is over. */
  const advance = (): Refusal | 'value' | 'done' => {
    for (;;) {
      skipSpace();
      const frame = frames.at(-1);
      if (frame === undefined) return at === text.length ? 'done' : fault('JSON_MALFORMED', 'trailing text');
      const next = text[at];
      if (next === ',') {
        at++;
        skipSpace();
        if (frame.keys === undefined) frame.name = (frame.name as number) + 1;
        return (frame.keys === undefined ? countMember() : readKey(frame, frame.keys)) ?? 'value';
      }
      if (next !== (frame.keys === undefined ? ']' : '}'))
        return fault('JSON_MALFORMED', 'expected a comma or the end');
      at++;
      frames.pop();
    }
  };

  /** Opens a container; `empty` when it closed at once. */
  const open = (): Refusal | 'value' | 'empty' => {
    if (frames.length === limits.maxDepth) return fault('JSON_TOO_DEEP', `nesting deeper than ${limits.maxDepth}`);
    const keys = text[at] === '{' ? new Set<string>() : undefined;
    at++;
    skipSpace();
    if (text[at] === (keys === undefined ? ']' : '}')) {
      at++;
      return 'empty';
    }
    const frame: Frame = { keys, name: keys === undefined ? 0 : '' };
    frames.push(frame);
    return (keys === undefined ? countMember() : readKey(frame, keys)) ?? 'value';
  };

  for (;;) {
    skipSpace();
    const next = text[at];
    if (next === '{' || next === '[') {
      const opened = open();
      if (typeof opened === 'object') return opened;
      if (opened === 'value') continue;
    } else {
      const wrong = readScalar();
      if (wrong !== undefined) return wrong;
    }
    const moved = advance();
    if (moved === 'done') return undefined;
    if (moved !== 'value') return moved;
  }
};
