import { canonical, compareText, digestOfBytes, type JsonLimits, type JsonValue, parseStrict, utf8 } from '@orgo/core';
import type { StageResult } from './stage-core.ts';

/** JSON Lines of canonical JSON: one RFC 8785 text per line, each ended by LF, no blank line. The order is the writer's. */

const LF = 0x0a;

/** Limits for JSON that was admitted by content: 64 MiB, depth 64, five million members, strings of 1 MiB. */
export const artifactLimits: Readonly<JsonLimits> = {
  maxBytes: 64 * 1024 * 1024,
  maxDepth: 64,
  maxMembers: 5_000_000,
  maxString: 1024 * 1024,
};

/** A value with its canonical text and that text's digest, which is the reference of the document on the line. */
export type JsonLine<T> = { ref: string; text: string; value: T };

/** Canonical text and digest of each value, sorted by digest. Equal values stay as equal lines; the caller decides what that means. */
export function sortedLines<T>(values: readonly T[]): JsonLine<T>[] {
  return values.map(jsonLine).sort((a, b) => compareText(a.ref, b.ref));
}

/** Canonical text and digest of one value. */
export function jsonLine<T>(value: T): JsonLine<T> {
  const text = canonical(value);
  return { ref: digestOfBytes(utf8(text)), text, value };
}

/** Bytes of the lines in the order given. */
export function encodeLines(lines: readonly { text: string }[]): Uint8Array {
  return utf8(lines.map((line) => `${line.text}\n`).join(''));
}

/**
 * Reads JSON Lines with the strict reader.
 * @returns one value per line; refuses with the reader's code, `path` = `line N` (from 1), and with JSON_MALFORMED where the last line has no LF.
 */
export function decodeLines(bytes: Uint8Array): StageResult<JsonValue[]> {
  const values: JsonValue[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LF, start);
    const path = `line ${values.length + 1}`;
    if (end < 0)
      return {
        ok: false,
        code: 'JSON_MALFORMED',
        detail: 'the last line is not ended',
        path,
      };
    const parsed = parseStrict(bytes.subarray(start, end), artifactLimits);
    if (!parsed.ok) return { ...parsed, path };
    values.push(parsed.value);
    start = end + 1;
  }
  return { ok: true, value: values };
}
