import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { canonical } from '@orgo/core';
import type { DataValue, ExchangeItem, ExchangeStatement } from '@orgo/kristal';

/** Statements per subject, and properties in all. */
const perSubject = 10;
const properties = 97;

/** A triple of the large Exchange, as numbers. `o` is an item number, or -1 - n for a literal. */
export type NumberTriple = { s: number; p: number; o: number };

/**
 * The triple of a number: a formula, so that what a pack must answer is known without it. No two are equal: property and object of the ten
 * statements of a subject differ. One in three objects is a literal, one literal in four is found once.
 */
export function tripleAt(i: number, count: number): NumberTriple {
  const subjects = Math.ceil(count / perSubject);
  const mixed = Math.imul(i + 1, 2_654_435_761) >>> 0;
  const p = 1 + ((Math.floor(i / perSubject) * 7 + (i % perSubject) * 11) % properties);
  const s = 1 + Math.floor(i / perSubject);
  if (i % 3 !== 0) return { s, p, o: 1 + (mixed % subjects) };
  return { s, p, o: -1 - (i % 4 === 0 ? 1000 + i : mixed % 1000) };
}

export const objectOf = (o: number): DataValue =>
  o > 0 ? { type: 'item', value: { qid: `Q${o}` } } : { type: 'quantity', value: { amount: -1 - o } };

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');

function statementAt(i: number, count: number): ExchangeStatement {
  const { s, p, o } = tripleAt(i, count);
  const evidence_ids = [`ev:${hex(`evidence ${s}`).slice(0, 32)}`];
  const digest = hex(`statement ${i}`);
  return {
    statement_id: `sha256:${digest}`,
    property_id: `P${p}`,
    snaktype: 'value',
    datavalue: objectOf(o),
    rank: 'normal',
    confidence_bp: 9000,
    qualifiers: [],
    claims: [{ claim_id: `c:${digest.slice(0, 32)}`, confidence_bp: 9000, evidence_ids }],
    evidence_ids,
  };
}

function* items(count: number): Generator<ExchangeItem> {
  for (let from = 0; from < count; from += perSubject) {
    const s = 1 + from / perSubject;
    const size = Math.min(perSubject, count - from);
    yield {
      entity_id: `Q${s}`,
      type: 'item',
      labels: { en: `thing ${s}`, fr: `chose ${s}` },
      descriptions: {},
      aliases: {},
      statements: Array.from({ length: size }, (_, k) => statementAt(from + k, count)),
    };
  }
}

function* evidence(count: number) {
  for (let s = 1; s <= Math.ceil(count / perSubject); s++)
    yield {
      evidence_id: `ev:${hex(`evidence ${s}`).slice(0, 32)}`,
      source: { source_id: `large/${s}`, source_sha256: hex(`source ${s}`) },
      locator: { offsets: { start_char: 0, end_char: 40 } },
    };
}

/** Writes the stored bytes of an Exchange of so many statements, part by part: it need not fit into memory. */
export function writeLargeExchange(file: string, count: number): void {
  const out = fs.openSync(file, 'w');
  const id = createHash('sha256');
  let pending = '';
  const flush = () => {
    fs.writeSync(out, pending);
    pending = '';
  };
  const write = (text: string) => {
    id.update(text);
    pending += text;
    if (pending.length > 1 << 20) flush();
  };
  const list = (parts: Iterable<unknown>) => {
    let first = true;
    for (const part of parts) {
      write(`${first ? '' : ','}${canonical(part)}`);
      first = false;
    }
  };

  write('{"canonicalization_profile":"kristal.v3:jcs-rfc8785","canonicalization_version":"1","evidence_index":[');
  list(evidence(count));
  write('],"exchange_format":"orgo.exchange/1","items":[');
  list(items(count));
  write(']');
  const names = { labels: {}, descriptions: {}, aliases: {} };
  const used = Array.from({ length: properties }, (_, i) => ({ property_id: `P${i + 1}`, datatype: 'item', ...names }));
  const tail = `,"properties":${canonical(used)},"schema_version":"3.0","unresolved":[]}`;
  const kristalId = `sha256:${id.update(tail).digest('hex')}`;
  pending += `,"kristal_id":"${kristalId}"${tail}`;
  flush();
  fs.closeSync(out);
}
