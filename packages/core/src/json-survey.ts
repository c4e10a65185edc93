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

const manyZeros = '0'.repeat(300);

/**
 * One pass over text that nobody has parsed yet: bounds depth and member count, counts name separators.
 * It checks no grammar; that is left to `JSON.parse`. `undefined` means that a limit was passed or a string never ends.
 */
export const survey = (text: string, limits: JsonLimits): Survey | undefined => {
  const found: Survey = { colons: 0, escaped: false, tiny: false };
  let depth = 0;
  let separators = 0;
  let backslash = text.indexOf('\\');
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22 /* " */:
        {
          let end = text.indexOf('"', i + 1);
          while (backslash !== -1 && backslash < end) {
            found.escaped ||= text.charCodeAt(backslash + 1) === 0x75;
            const next = backslash + 2;
            backslash = text.indexOf('\\', next);
            if (end < next) end = text.indexOf('"', next);
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
        found.tiny ||= i > 0 && (text.charCodeAt(i - 1) | 0x20) === 0x65;
        break;
      case 0x2e /* . */:
        found.tiny ||= text.startsWith(manyZeros, i + 1);
        break;
    }
  }
  return found;
};
