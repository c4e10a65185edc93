/** A cell: its value with quotes undone, and the UTF-16 range of its raw text. */
export type Cell = { value: string; start: number; end: number };

/** A record, or the place of one that is not well-formed. */
export type Row = { cells: Cell[]; start: number; end: number };
export type CsvTable = { header: string[]; rows: Row[]; malformed: MalformedRow[] };
/** `row` counts every record of the file from 1, the header and empty lines included, as a spreadsheet does. */
export type MalformedRow = { row: number; start: number; end: number };

/**
 * Reads RFC 4180 text. A record with a stray quote or another number of cells than the header is set aside whole: a shifted column
 * would put a value under a wrong property. An unclosed quote takes the rest of the text with it.
 */
export function parseCsv(text: string, delimiter: string): CsvTable {
  const table: CsvTable = { header: [], rows: [], malformed: [] };
  let number = 0;
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; ) {
    number++;
    const { row, good, next } = readRow(text, at, delimiter);
    at = next;
    if (row.cells.length === 1 && row.start === row.end) continue;
    if (table.header.length === 0 && good) table.header = row.cells.map((cell) => cell.value);
    else if (good && row.cells.length === table.header.length) table.rows.push(row);
    else table.malformed.push({ row: number, start: row.start, end: row.end });
  }
  return table;
}

function readRow(text: string, start: number, delimiter: string): { row: Row; good: boolean; next: number } {
  const cells: Cell[] = [];
  let good = true;
  for (let at = start; ; ) {
    const cell = text[at] === '"' ? quoted(text, at) : plain(text, at, delimiter);
    cells.push(cell);
    good &&= cell.good;
    at = cell.end;
    if (text[at] === delimiter) at++;
    else {
      // Anything but a line end here is text after a closing quote.
      const ended = at >= text.length || text[at] === '\n' || (text[at] === '\r' && text[at + 1] === '\n');
      if (!ended) {
        good = false;
        while (at < text.length && text[at] !== '\n') at++;
      }
      const end = at;
      if (text[at] === '\r') at++;
      return { row: { cells, start, end }, good, next: at + 1 };
    }
  }
}

function plain(text: string, start: number, delimiter: string): Cell & { good: boolean } {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end++;
  const value = text.slice(start, end);
  return { value, start, end, good: !value.includes('"') };
}

function quoted(text: string, start: number): Cell & { good: boolean } {
  let end = start + 1;
  for (; end < text.length; end++) {
    if (text[end] !== '"') continue;
    if (text[end + 1] !== '"') break;
    end++;
  }
  const closed = end < text.length;
  return { value: text.slice(start + 1, end).replaceAll('""', '"'), start, end: closed ? end + 1 : end, good: closed };
}
