/** How names are compared (ruleset `orgo.fingerprint@1`). Both sides of a comparison go through the same function; no locale enters. */
export const fingerprintRuleset = 'orgo.fingerprint@1';

/**
 * The form under which two spellings are one name: NFKC, lower case, each run of white space one space. Punctuation and diacritics stay:
 * `Malé` and `Male` are two names, and a gazetteer lists both where both are used.
 */
export function fingerprint(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, ' ').trim();
}

const stopWords = new Set(
  (
    'and the was were who with from for that this into born died lived near about his her its their had has have which ' +
    'est une des les dans elle ils elles qui que par pour avec sur née mort morte était son ses aux'
  ).split(' '),
);

/** Words of a text that can tell one meaning from another: fingerprinted, at least three letters, no stop words; distinct. */
export function contextTokens(text: string): Set<string> {
  return new Set(
    fingerprint(text)
      .split(/[^\p{L}\p{M}\p{N}]+/u)
      .filter((word) => word.length >= 3 && !stopWords.has(word)),
  );
}
