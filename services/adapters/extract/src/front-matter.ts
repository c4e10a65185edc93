/** Members of a document's front matter and where its body starts (UTF-16 index). */
export type FrontMatter = { fields: ReadonlyMap<string, string>; body: number };

const block = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/;
const field = /^([A-Za-z_][A-Za-z0-9_-]*):[ \t]*(.*?)[ \t]*$/;

/** Reads `key: value` lines between two `---` lines at the very start. Quotes around a value are taken off; anything else is body. */
export function frontMatter(text: string): FrontMatter {
  const found = block.exec(text);
  const fields = new Map<string, string>();
  if (!found) return { fields, body: 0 };
  for (const line of (found[1] as string).split(/\r?\n/)) {
    const pair = field.exec(line);
    if (pair) fields.set(pair[1] as string, (pair[2] as string).replace(/^(["'])(.*)\1$/, '$2'));
  }
  return { fields, body: found[0].length };
}
