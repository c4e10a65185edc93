export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const width = 120;

/**
 * JSON as the repository's formatter prints it, so that a generated file is also a formatted one: objects one member a
 * line, arrays on one line where they fit.
 */
export const jsonText = (value: Json): string => `${write(value, '', 0)}\n`;

function write(value: Json, indent: string, used: number): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const flat = value.every((item) => item === null || typeof item !== 'object');
    const line = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    if (flat && indent.length + used + line.length + 1 <= width) return line;
    return `[\n${value.map((item) => deeper + write(item, deeper, 0)).join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value);
  if (members.length === 0) return '{}';
  const lines = members.map(([key, member]) => {
    const name = `${JSON.stringify(key)}: `;
    return `${deeper}${name}${write(member, deeper, name.length)}`;
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
