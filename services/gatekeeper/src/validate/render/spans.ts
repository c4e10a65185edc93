import type { Rendered } from '@orgo/kristal';

/** A stretch of an output with its own bytes as text. */
export type Span = { segment: Rendered['trace_map']['segments'][number]; text: string };

/**
 * Cuts an output where its trace map says. Null where the spans leave a gap, overlap, run over the end, split a character, or repeat an id:
 * then there is text that nobody answers for.
 */
export function spansOf({ text, trace_map: { segments } }: Rendered): Span[] | null {
  const bytes = new TextEncoder().encode(text);
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const spans: Span[] = [];
  const ids = new Set<string>();
  let at = 0;
  for (const segment of segments) {
    const [start, end] = segment.text_span;
    if (start !== at || end <= start || end > bytes.length || ids.has(segment.segment_id)) return null;
    // A cut may only fall before the first byte of a character.
    if (end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) return null;
    spans.push({ segment, text: strict.decode(bytes.subarray(start, end)) });
    ids.add(segment.segment_id);
    at = end;
  }
  return at === bytes.length ? spans : null;
}
