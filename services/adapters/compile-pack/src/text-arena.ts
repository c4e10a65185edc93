import { utf8 } from '@orgo/core';

const blockSize = 1 << 22;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Many texts by number, as UTF-8 in blocks outside the heap: a million JSON texts as strings would not fit into one. */
export class TextArena {
  readonly #blocks: Uint8Array[] = [];
  /** Block and offset of each text, as block * 2^32 + offset; its end is in `#ends`. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #used = blockSize;

  get length(): number {
    return this.#starts.length;
  }

  push(text: string): void {
    const bytes = utf8(text);
    if (this.#used + bytes.length > (this.#blocks.at(-1)?.length ?? 0)) {
      this.#blocks.push(new Uint8Array(Math.max(blockSize, bytes.length)));
      this.#used = 0;
    }
    (this.#blocks.at(-1) as Uint8Array).set(bytes, this.#used);
    this.#starts.push((this.#blocks.length - 1) * 2 ** 32 + this.#used);
    this.#used += bytes.length;
    this.#ends.push(this.#used);
  }

  at(index: number): string {
    const start = this.#starts[index] as number;
    const block = this.#blocks[Math.floor(start / 2 ** 32)] as Uint8Array;
    return decoder.decode(block.subarray(start % 2 ** 32, this.#ends[index]));
  }

  /** The texts as a column in another order. */
  ordered(order: Int32Array): { length: number; slice(from: number, to: number): string[] } {
    return {
      length: order.length,
      slice: (from, to) => Array.from(order.subarray(from, to), (index) => this.at(index)),
    };
  }
}
