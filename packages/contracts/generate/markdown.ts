const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A Markdown table. */
export const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

export const code = (text: string): string => `\`${text}\``;

/** A reference page: says that it is printed, so that nobody edits it. */
export const page = (title: string, from: string, ...blocks: string[]): string =>
  [`# ${title}`, `Printed from ${code(from)} by \`npm run generate\`; edit the table, not this page.`, ...blocks]
    .join('\n\n')
    .concat('\n');
