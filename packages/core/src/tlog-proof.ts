import { fromBase64, toBase64 } from './base64.ts';
import { ok, type Result, refuse } from './result.ts';

const header = 'c2sp.org/tlog-proof@v1';
/** More than 63 hashes lead out of any tree. */
const maxPath = 63;
const countShape = /^(?:0|[1-9][0-9]{0,15})$/;

/** Reads a decimal count of 0 to 2^53-1 without leading zeros; undefined otherwise. */
const countOf = (text: string): number | undefined =>
  countShape.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;

/** Hashes of 32 bytes, one base64 line each. */
const hashesOf = (lines: readonly string[]): Uint8Array[] | undefined => {
  const hashes = lines.map((line) => fromBase64(line));
  if (lines.length > maxPath) return undefined;
  return hashes.every((hash) => hash.ok && hash.value.length === 32)
    ? hashes.flatMap((hash) => (hash.ok ? [hash.value] : []))
    : undefined;
};

/** That an entry is in the log of a checkpoint (C2SP tlog-proof). `extra` is not authenticated; Orgo writes the entry's bytes there. */
export type TlogProof = { index: number; extra: Uint8Array | null; path: Uint8Array[]; checkpoint: string };

/** Text of a proof, for a file ending in `.tlog-proof`. */
export const formatTlogProof = ({ index, extra, path, checkpoint }: TlogProof): string =>
  [
    header,
    ...(extra === null ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...path.map(toBase64),
    '',
    checkpoint,
  ].join('\n');

/** Reads a proof. It proves nothing before checkpoint and path are verified. Refuses with `PROOF_INVALID`. */
export const parseTlogProof = (text: string): Result<TlogProof> => {
  const malformed = (why: string) => refuse('PROOF_INVALID', why);
  const split = text.indexOf('\n\n');
  const [first, ...lines] = text.slice(0, Math.max(split, 0)).split('\n');
  if (first !== header || split < 0) return malformed(`it is no ${header}`);
  const extra = lines[0]?.startsWith('extra ') ? fromBase64((lines.shift() as string).slice(6)) : null;
  if (extra !== null && !extra.ok) return malformed('the extra line is no base64');
  const index = lines[0]?.startsWith('index ') ? countOf((lines.shift() as string).slice(6)) : undefined;
  const path = hashesOf(lines);
  if (index === undefined) return malformed('no index line');
  if (path === undefined) return malformed('a line of the path is no hash');
  return ok({ index, extra: extra === null ? null : extra.value, path, checkpoint: text.slice(split + 2) });
};

/**
 * That a log of `old` entries became the log of a checkpoint: the body of a C2SP tlog-witness `add-checkpoint` request, which is also how Orgo
 * writes a consistency proof to a file.
 */
export type Growth = { old: number; path: Uint8Array[]; checkpoint: string };

/** Text of it. */
export const formatGrowth = ({ old, path, checkpoint }: Growth): string =>
  [`old ${old}`, ...path.map(toBase64), '', checkpoint].join('\n');

/** Reads it; nothing is verified. Refuses with `PROOF_INVALID`. */
export const parseGrowth = (text: string): Result<Growth> => {
  const split = text.indexOf('\n\n');
  const [first = '', ...lines] = text.slice(0, Math.max(split, 0)).split('\n');
  const old = first.startsWith('old ') ? countOf(first.slice(4)) : undefined;
  const path = hashesOf(lines);
  if (old === undefined || path === undefined) return refuse('PROOF_INVALID', 'no old size, or a line that is no hash');
  return ok({ old, path, checkpoint: text.slice(split + 2) });
};
