// What a source file imports, read from its syntax tree: static, re-exported, dynamic and type-only imports.
import { parseSync, Visitor } from 'oxc-parser';

export interface Import {
  readonly specifier: string;
  /** 1-based. */
  readonly line: number;
  /** Leaves no trace at run time. */
  readonly typeOnly: boolean;
}

/** @throws SyntaxError when the text does not parse: an unread file must not pass for a clean one. */
export function scanImports(file: string, text: string): Import[] {
  const { module, errors, program } = parseSync(file, text);
  if (errors[0]) throw new SyntaxError(`${file}: ${errors[0].message}`);
  const found: { specifier: string; start: number; typeOnly: boolean }[] = [];
  for (const { moduleRequest, entries } of module.staticImports) {
    found.push({ specifier: moduleRequest.value, start: moduleRequest.start, typeOnly: allTypes(entries) });
  }
  for (const { entries } of module.staticExports) {
    const from = entries.find((entry) => entry.moduleRequest)?.moduleRequest;
    if (from) found.push({ specifier: from.value, start: from.start, typeOnly: allTypes(entries) });
  }
  const add = (source: unknown, start: number, typeOnly: boolean): void => {
    const { value } = source as { value?: unknown };
    if (typeof value === 'string') found.push({ specifier: value, start, typeOnly });
  };
  new Visitor({
    ImportExpression: (node) => add(node.source, node.start, false),
    TSImportType: (node) => add(node.source, node.start, true),
  }).visit(program);
  return found.map(({ start, ...rest }) => ({ ...rest, line: text.slice(0, start).split('\n').length }));
}

const allTypes = (entries: readonly { isType: boolean }[]): boolean =>
  entries.length > 0 && entries.every((entry) => entry.isType);
