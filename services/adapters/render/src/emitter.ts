import { digestOfBytes, utf8 } from '@orgo/core';
import {
  cardTemplate,
  type PieceId,
  type Rendered,
  type RenderFormat,
  type RenderLanguage,
  type Segment,
  type Support,
  type WordId,
} from '@orgo/kristal';
import { escaped } from './writing.ts';

/** Writes an output from left to right and notes for every byte where it comes from. */
export class Emitter {
  readonly format: RenderFormat;
  readonly #language: RenderLanguage;
  readonly #texts: string[] = [];
  readonly #segments: Segment[] = [];
  #at = 0;

  constructor(format: RenderFormat, language: RenderLanguage) {
    this.format = format;
    this.#language = language;
  }

  /** A piece of the template. */
  piece(id: PieceId): void {
    const text = cardTemplate.pieces[this.format][id];
    if (text !== '') this.#segments.push({ ...this.#next(text), boilerplate: `piece/${id}` });
  }

  /** A word of the language that says nothing of the subject. */
  word(id: WordId | 'tag'): void {
    const table = cardTemplate.languages[this.#language];
    const text = id === 'tag' ? table.tag : table.words[id];
    this.#segments.push({ ...this.#next(text), boilerplate: `word/${id}` });
  }

  /** Something said of the pack. */
  say(role: string, text: string, support: Support[]): void {
    const place = this.#next(escaped(text, this.format));
    const assertion_id = `a${this.#segments.length + 1}`;
    this.#segments.push({ ...place, role, assertions: [{ assertion_id, support }] });
  }

  #next(text: string): { segment_id: string; text_span: [number, number] } {
    const start = this.#at;
    this.#texts.push(text);
    this.#at += utf8(text).length;
    return { segment_id: `s${this.#segments.length + 1}`, text_span: [start, this.#at] };
  }

  end(): Rendered {
    const text = this.#texts.join('');
    return {
      format: this.format,
      media_type: this.format === 'html' ? 'text/html' : 'text/markdown',
      sha256: digestOfBytes(utf8(text)),
      text,
      trace_map: { segments: this.#segments },
    };
  }
}
