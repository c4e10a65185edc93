import { sha256Hex } from '#sha256';

/**
 * An id that follows from another one and a text, the same whoever makes it: UUIDv7 by its form (RFC 9562), with the time of `of` and the rest from the
 * text, under another prefix.
 * @param of an id `<prefix>_<uuidv7>`
 */
export function derivedId(prefix: string, of: string, text: string): string {
  const time = of.slice(of.indexOf('_') + 1).slice(0, 13);
  const hash = sha256Hex(text);
  return `${prefix}_${time}-7${hash.slice(0, 3)}-8${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
}
