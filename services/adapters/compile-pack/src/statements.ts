import { canonical, compareText } from '@orgo/core';
import { type ColumnData, canonicalValue, compareIds, type ExchangeStatement, type TextColumn } from '@orgo/kristal';
import { Ints, Numbering } from './numbering.ts';
import { TextArena } from './text-arena.ts';

const prefix = 'sha256:';
const signBit = 0x80000000;

/** All statements of an Exchange, collected one by one: numbers in arrays, texts outside the heap. */
export class Statements {
  readonly entities = new Numbering();
  readonly properties = new Numbering();
  readonly #literals = new Numbering();
  readonly #ids = new Ints();
  readonly #columns = { s: new Ints(), p: new Ints(), item: new Ints(), literal: new Ints(), confidence: new Ints() };
  readonly #ranks: string[] = [];
  readonly #texts = { claims: new TextArena(), evidence: new TextArena(), qualifiers: new TextArena() };

  add(subject: number, statement: ExchangeStatement): void {
    const { statement_id, property_id, datavalue, confidence_bp, rank } = statement;
    // With the sign bit flipped, words compare as numbers in the order of their digits.
    for (let at = prefix.length; at < statement_id.length; at += 8)
      this.#ids.push(Number.parseInt(statement_id.slice(at, at + 8), 16) ^ signBit);
    const item = datavalue.type === 'item';
    this.#columns.s.push(subject);
    this.#columns.p.push(this.properties.of(property_id));
    this.#columns.item.push(item ? this.entities.of(datavalue.value.qid) : -1);
    this.#columns.literal.push(item ? -1 : this.#literals.of(canonicalValue(datavalue)));
    this.#columns.confidence.push(confidence_bp ?? -1);
    this.#ranks.push(rank);
    this.#texts.claims.push(canonical(statement.claims));
    this.#texts.evidence.push(canonical(statement.evidence_ids));
    this.#texts.qualifiers.push(canonical(statement.qualifiers));
  }

  /** Dictionaries in order, triples sorted by their numbers, and statements by their id. Call when everything was added. */
  finish() {
    const entities = this.entities.sorted(compareIds);
    const properties = this.properties.sorted(compareIds);
    const literals = this.#literals.sorted(compareText);
    const order = this.#order();
    const [s, p, item, literal] = (['s', 'p', 'item', 'literal'] as const).map((name) => this.#columns[name].whole());
    const at = (values: Int32Array | undefined, i: number): number => (values as Int32Array)[i] as number;
    const byStatement = {
      s: order.map((i) => at(entities.places, at(s, i))),
      p: order.map((i) => at(properties.places, at(p, i))),
      // Literals go on where entities end: one space of object ids.
      o: order.map((i) =>
        at(literal, i) < 0
          ? at(entities.places, at(item, i))
          : entities.texts.length + at(literals.places, at(literal, i)),
      ),
    };
    return {
      entities,
      properties,
      literals: literals.texts,
      triples: triplesOf(byStatement),
      statements: this.#rows(order),
    };
  }

  #order(): Int32Array {
    const words = this.#ids.whole();
    return Int32Array.from({ length: words.length / 8 }, (_, i) => i).sort((a, b) => {
      for (let at = 0; at < 8; at++) {
        const [x, y] = [words[8 * a + at] as number, words[8 * b + at] as number];
        if (x !== y) return x < y ? -1 : 1;
      }
      return a - b;
    });
  }

  #rows(order: Int32Array): Record<string, ColumnData> & { statement_id: TextColumn } {
    const ids = this.#ids.whole();
    const confidence = this.#columns.confidence.whole();
    const column = (text: (index: number) => string) => ({
      length: order.length,
      slice: (from: number, to: number) => Array.from(order.subarray(from, to), text),
    });
    return {
      id: order.map((_, i) => i),
      statement_id: column((i) => `${prefix}${hexOf(ids.subarray(8 * i, 8 * i + 8))}`),
      rank: column((i) => this.#ranks[i] as string),
      confidence_bp: order.map((i) => confidence[i] as number),
      claims_json: this.#texts.claims.ordered(order),
      evidence_ids_json: this.#texts.evidence.ordered(order),
      qualifiers_json: this.#texts.qualifiers.ordered(order),
    };
  }
}

function hexOf(words: Int32Array): string {
  return Array.from(words, (word) => ((word ^ signBit) >>> 0).toString(16).padStart(8, '0')).join('');
}

function triplesOf({ s, p, o }: Record<'s' | 'p' | 'o', Int32Array>): Record<'s' | 'p' | 'o' | 'stmt', Int32Array> {
  const at = (values: Int32Array, i: number): number => values[i] as number;
  const order = s
    .map((_, i) => i)
    .sort((a, b) => at(s, a) - at(s, b) || at(p, a) - at(p, b) || at(o, a) - at(o, b) || a - b);
  const arranged = (values: Int32Array) => order.map((i) => at(values, i));
  return { s: arranged(s), p: arranged(p), o: arranged(o), stmt: order };
}
