/** Levenshtein distance in code points, with one row of memory. */
export function editDistance(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  let row = right.map((_, i) => i + 1);
  for (let i = 0; i < left.length; i++) {
    let diagonal = i;
    let previous = i + 1;
    const next: number[] = [];
    for (let j = 0; j < right.length; j++) {
      const cost = left[i] === right[j] ? 0 : 1;
      const value = Math.min(diagonal + cost, previous + 1, (row[j] as number) + 1);
      diagonal = row[j] as number;
      previous = value;
      next.push(value);
    }
    row = next;
  }
  return left.length === 0 ? right.length : right.length === 0 ? left.length : (row.at(-1) as number);
}

/** Likeness of two fingerprints in basis points: 10000 for equal, less the distance scaled by the longer one, rounded down. */
export function similarityBp(a: string, b: string): number {
  const longer = Math.max([...a].length, [...b].length);
  return longer === 0 ? 10_000 : 10_000 - Math.ceil((10_000 * editDistance(a, b)) / longer);
}

/** Distinct trigrams of a fingerprint, padded so that its ends count. */
export function trigrams(text: string): Set<string> {
  const padded = `  ${text} `;
  const found = new Set<string>();
  for (let i = 0; i + 3 <= padded.length; i++) found.add(padded.slice(i, i + 3));
  return found;
}
