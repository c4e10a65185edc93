import type { RenderFormat } from '@orgo/kristal';

/**
 * What nobody sees, or what turns the direction of a line, is written out as its number: line breaks, controls, marks of direction, zero
 * widths. Nothing at all is written as `\u{}`.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const visible = (text: string): string =>
  (text === '' ? '\\u{}' : text).replace(
    unseen,
    (mark) => `\\u{${(mark.codePointAt(0) as number).toString(16).toUpperCase()}}`,
  );

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of a pack as it is written in a format: nothing of it can become markup. */
export const escaped = (text: string, format: RenderFormat): string =>
  format === 'html'
    ? visible(text).replace(/[&<>"']/g, (mark) => entities[mark] as string)
    : visible(text).replace(/[\\`*_[\]<>|~&]/g, (mark) => `\\${mark}`);
