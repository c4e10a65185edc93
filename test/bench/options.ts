import { parseArgs } from 'node:util';
import { peerSystems } from './system-peers.ts';

export type BenchOptions = {
  json: boolean;
  peers: string[];
  /** Pairs of clean slices wanted for each peer and level. */
  slices: number;
  seconds: number;
  /** Builds in flight that are measured. */
  levels: number[];
  allowContended: boolean;
};

export const usage = `npm run bench -- [options]
  --json             the result as one JSON object on stdout
  --peers A,B        which peers, of ${Object.keys(peerSystems).join(', ')}; default all; "none" for Orgo alone
  --slices N         clean pairs for each peer and level (default 5)
  --seconds N        length of a slice (default 8)
  --levels 1,64,512  builds in flight (default)
  --allow-contended  keep slices that others disturbed, and mark them
  --quick            one pair of 2 s at 1 and 16 in flight, contended or not: a look whether it runs`;

/** @throws TypeError or RangeError with what is wrong */
export function benchOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      peers: { type: 'string' },
      slices: { type: 'string' },
      seconds: { type: 'string' },
      levels: { type: 'string' },
      'allow-contended': { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
    },
  });
  const numbers = (text: string): number[] =>
    text.split(',').map((part) => {
      const n = Number(part);
      if (!Number.isFinite(n) || n <= 0) throw new RangeError(`not a number above 0: ${part}`);
      return n;
    });
  const one = (text: string): number => numbers(text)[0] as number;
  const peers =
    values.peers === undefined
      ? Object.keys(peerSystems)
      : values.peers.split(',').filter((name) => name !== '' && name !== 'none');
  for (const name of peers) if (!(name in peerSystems)) throw new RangeError(`no peer ${name}\n${usage}`);
  return {
    json: values.json,
    peers,
    slices: one(values.slices ?? (values.quick ? '1' : '5')),
    seconds: one(values.seconds ?? (values.quick ? '2' : '8')),
    levels: numbers(values.levels ?? (values.quick ? '1,16' : '1,64,512')),
    allowContended: values['allow-contended'] || values.quick,
  };
}
