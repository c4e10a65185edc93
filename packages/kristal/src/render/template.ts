import { digestOf, type JsonValue } from '@orgo/core';
import { htmlPieces } from './pieces-html.ts';
import { markdownPieces } from './pieces-markdown.ts';
import { type LanguageTable, languageTables } from './words.ts';

/** What a card may be written in. */
export const renderLanguages = ['en', 'fr'] as const;
export type RenderLanguage = (typeof renderLanguages)[number];
export const renderFormats = ['html', 'markdown'] as const;
export type RenderFormat = (typeof renderFormats)[number];

/**
 * A template is data: the order of properties, and every byte that an output may hold beside what it says of its subject. Renderer and
 * checker pin it by its digest, so a template with a fact hidden in it is another template.
 */
export type RenderTemplate = {
  render_kind: 'card';
  id: string;
  version: string;
  /** Properties of which a subject has one value; more of them are told as a disagreement. */
  single_valued: readonly string[];
  /** Below this confidence, in basis points, a value carries its confidence. */
  low_confidence_bp: number;
  /** Values shown per property; the rest is counted. */
  max_values: number;
  /** Sections with their properties in order; a property that none names stands in the last one, by number. */
  sections: readonly { id: SectionId; properties: readonly string[] }[];
  /** Symbols of units by item. */
  units: Readonly<Record<string, string>>;
  languages: Readonly<Record<RenderLanguage, LanguageTable>>;
  pieces: Readonly<Record<RenderFormat, Readonly<Record<PieceId, string>>>>;
};

export type SectionId = 'identity' | 'life' | 'place' | 'codes' | 'other';
export type PieceId = keyof typeof htmlPieces;

/** The one template there is. */
export const cardTemplate: RenderTemplate = {
  render_kind: 'card',
  id: 'card',
  version: '1.0.0',
  single_valued: ['P19', 'P20', 'P297', 'P298', 'P299', 'P569', 'P570', 'P571', 'P625', 'P2044', 'P2046', 'P2048'],
  low_confidence_bp: 8000,
  max_values: 24,
  sections: [
    { id: 'identity', properties: ['P31', 'P1448', 'P106', 'P361', 'P463', 'P571', 'P112'] },
    { id: 'life', properties: ['P569', 'P19', 'P570', 'P20', 'P26', 'P551', 'P166'] },
    {
      id: 'place',
      properties: ['P36', 'P1376', 'P17', 'P131', 'P37', 'P38', 'P1082', 'P2046', 'P2044', 'P2048', 'P625', 'P47'],
    },
    { id: 'codes', properties: ['P297', 'P298', 'P299'] },
    { id: 'other', properties: [] },
  ],
  units: { Q11573: 'm', Q712226: 'km²', Q828224: 'km' },
  languages: languageTables,
  pieces: { html: htmlPieces, markdown: markdownPieces },
};

/** `sha256:` over the template's canonical JSON. */
export const cardTemplateRef = digestOf(cardTemplate as unknown as JsonValue);
