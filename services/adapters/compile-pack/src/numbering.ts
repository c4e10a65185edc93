/** Numbers texts as they come, and in the end by their order: the row ids of a dictionary. */
export class Numbering {
  readonly #numbers = new Map<string, number>();

  /** The provisional number of a text. */
  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  /** The texts in order, and for each provisional number its place among them. */
  sorted(compare: (a: string, b: string) => number): { texts: string[]; places: Int32Array } {
    const texts = [...this.#numbers.keys()].sort(compare);
    const places = new Int32Array(texts.length);
    for (const [place, text] of texts.entries()) places[this.#numbers.get(text) as number] = place;
    return { texts, places };
  }
}

/** A list of whole numbers that grows, at four bytes each. */
export class Ints {
  #values = new Int32Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const longer = new Int32Array(this.#length * 2);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.#length++] = value;
  }

  whole(): Int32Array {
    return this.#values.subarray(0, this.#length);
  }
}
