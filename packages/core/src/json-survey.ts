import type { JsonLimits } from './json-limits.ts';

/** Counts taken over JSON text before it is parsed. */
export type Survey = {
  /** Name separators outside strings: as many as the text has members, duplicates included. */
  colons: number;
  /** A `\u` escape occurs, so a string may hold what the raw text does not show. */
  escaped: boolean;
  /** A number is spelled so small that it may have become zero. */
  tiny: boolean;
};

/** So many zeros after the point that what follows is too small for a double. */
const manyZeros = 300;

const startsWithZeros = (bytes: Uint8Array, from: number): boolean => {
  const end = from + manyZeros;
  if (end > bytes.length) return false;
  for (let i = from; i < end; i++) if (bytes[i] !== 0x30) return false;
  return true;
};

/**
 * One pass over JSON that nobody has parsed yet: bounds depth and member count, counts name separators. It reads the bytes and not the
 * decoded text, whose units an engine may keep where each read is a call. It checks no grammar; that is left to `JSON.parse`.
 * `undefined` means that a limit was passed or a string never ends.
 * @param bytes UTF-8: every byte below 0x80 is the character of that number
 */
export const survey = (bytes: Uint8Array, limits: JsonLimits): Survey | undefined => {
  const found: Survey = { colons: 0, escaped: false, tiny: false };
  let depth = 0;
  let separators = 0;
  let backslash = bytes.indexOf(0x5c);
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case 0x22 /* " */:
        {
          let end = bytes.indexOf(0x22, i + 1);
          if (backslash !== -1 && backslash < i) backslash = bytes.indexOf(0x5c, i);
          // JSON within a string has a backslash every few bytes: there a look at each is cheaper than a search for the next.
          if (end !== -1 && backslash !== -1 && backslash < end) {
            for (end = backslash; end < bytes.length && bytes[end] !== 0x22; end++)
              if (bytes[end] === 0x5c && bytes[++end] === 0x75) found.escaped = true;
            if (end >= bytes.length) end = -1;
          }
          if (end === -1) return undefined;
          i = end;
          break;
        }
      case 0x3a /* : */:
        found.colons++;
        break;
      case 0x2c /* , */:
        if (++separators >= limits.maxMembers) return undefined;
        break;
      case 0x5b /* [ */:
      case 0x7b /* { */:
        if (++depth > limits.maxDepth) return undefined;
        break;
      case 0x5d /* ] */:
      case 0x7d /* } */:
        depth--;
        break;
      case 0x2d /* - */:
        found.tiny ||= i > 0 && ((bytes[i - 1] as number) | 0x20) === 0x65;
        break;
      case 0x2e /* . */:
        found.tiny ||= startsWithZeros(bytes, i + 1);
        break;
    }
  }
  return found;
};
