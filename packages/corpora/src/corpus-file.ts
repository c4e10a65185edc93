import { canonicalBytes, utf8 } from '@orgo/core';

/** Where a file is from. `retrieved_at` is stated, never a clock: the day the pinned package or text was taken over. */
export type CorpusSource = {
  source_id: string;
  origin: string;
  license: string;
  title: string | null;
  lang: string | null;
  retrieved_at: string;
};

/** One document of a corpus: its path inside the corpus, its bytes, and its provenance. */
export type CorpusFile = { path: string; media_type: string; bytes: Uint8Array; source: CorpusSource };

/** The day the sources of this version were taken over. */
export const retrievedAt = '2026-11-20T00:00:00Z';

export const jsonFile = (path: string, value: unknown, source: CorpusSource): CorpusFile => ({
  path,
  media_type: 'application/json',
  bytes: canonicalBytes(value),
  source,
});

export const textFile = (path: string, media_type: string, text: string, source: CorpusSource): CorpusFile => ({
  path,
  media_type,
  bytes: utf8(text),
  source,
});
