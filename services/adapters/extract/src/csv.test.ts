import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.ts';

const values = (text: string, delimiter = ',') => {
  const { header, rows, malformed } = parseCsv(text, delimiter);
  return { header, rows: rows.map((row) => row.cells.map((cell) => cell.value)), malformed: malformed.length };
};

describe('tables', () => {
  it('reads RFC 4180', () => {
    expect(values('a,b\r\n1,"x, ""y""\nz"\r\n,\r\n')).toEqual({
      header: ['a', 'b'],
      rows: [
        ['1', 'x, "y"\nz'],
        ['', ''],
      ],
      malformed: 0,
    });
  });

  it.each([
    ['too few cells', 'a,b\n1\n2,3\n'],
    ['too many cells', 'a,b\n1,2,3\n2,3\n'],
    ['a quote inside a plain cell', 'a,b\n1,x"y\n2,3\n'],
    ['text after a closing quote', 'a,b\n1,"x"y\n2,3\n'],
  ])('sets a record with %s aside and reads the next one', (_, text) => {
    expect(values(text)).toEqual({ header: ['a', 'b'], rows: [['2', '3']], malformed: 1 });
  });

  it('sets aside what an unclosed quote swallows', () => {
    expect(values('a,b\n1,"x\n2,3\n')).toEqual({ header: ['a', 'b'], rows: [], malformed: 1 });
  });

  it('skips blank lines and a byte order mark, and needs no last line end', () => {
    expect(values('\ufeffa;b\n\n1;2', ';')).toEqual({ header: ['a', 'b'], rows: [['1', '2']], malformed: 0 });
  });

  it('reads back any cells, and knows where each one stands', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'é', '😀'), maxLength: 6 });
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((n) => fc.array(fc.array(cell, { minLength: n, maxLength: n }), { minLength: 1, maxLength: 5 }));
    fc.assert(
      fc.property(table, (rows) => {
        const written = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`));
        const text = written.map((row) => `${row.join(',')}\r\n`).join('');
        const read = parseCsv(text, ',');
        expect([read.header, ...read.rows.map((row) => row.cells.map((c) => c.value))]).toEqual(rows);
        expect(read.rows.map((row) => row.cells.map((c) => text.slice(c.start, c.end)))).toEqual(written.slice(1));
      }),
    );
  });
});
