const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('__', '\\_\\_');

/** A Markdown table with aligned columns, as the repository's formatter prints it. */
export const table = (head: string[], rows: string[][]): string => {
  const cells = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => [...(row[column] ?? '')].length)));
  const line = (row: string[]): string =>
    `| ${row.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - [...text].length)).join(' | ')} |`;
  const [first = [], ...more] = cells;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...more.map(line)].join('\n');
};

export const code = (text: string): string => `\`${text}\``;

/** A reference page: says that it is printed, so that nobody edits it. */
export const page = (title: string, from: string, ...blocks: string[]): string =>
  [`# ${title}`, `Printed from ${code(from)} by \`npm run generate\`; edit the table, not this page.`, ...blocks]
    .join('\n\n')
    .concat('\n');
