/** What makes something last, or tells somebody of it; a sentence says what becomes of a crash where no such call stands. */
export type Kind = 'commit' | 'publish' | 'ack' | 'file' | 'sentence';
/** One such place. `line` counts from 1; `text` is that line without its margin. */
export type Place = { file: string; line: number; kind: Kind; text: string; pointed: boolean };

const calls: readonly (readonly [Kind, RegExp])[] = [
  ['commit', /\.tx\(/],
  ['commit', /\btransact\(/],
  ['commit', /(?:\b(?!(?:tx|meter|request)\b)\w+|^)\??\.query(?=[<(])/],
  ['publish', /\bbus\.request\(|\.publish(Command|Event)\(|\bnc\.publish\(|\bmethod: 'POST'/],
  ['ack', /\.(ack|nak|term)\(/],
  ['file', /\b(replaceFile|createFile|rename|renameSync|disk\.\w+|artifacts\.put)\(|\bawait link\(/],
];
const writes = /\b(INSERT INTO|DELETE FROM|UPDATE \w+( AS)?( \w+)? SET|COMMIT)\b/;
const reads = /\b(SELECT|LISTEN|BEGIN|ROLLBACK)\b/;
const point = /\b(?:faults\??|world)\.at\(/;
const sentence = /^\/\/ crash:/i;

/** Lines of code between a call and its point. */
const near = 8;
/** Lines from a sentence to the call that it is about: some above it, or the one below. */
const about = [1, 2, 3, -1];

const isComment = (text: string): boolean => /^(\/\/|\/\*|\*)/.test(text);
const isDeclaration = (text: string): boolean => /^(import\b|(export )?(async )?function\b)/.test(text);

/** From an index up to where the first bracket behind it, of the two kinds given, is closed again. */
function balanced(source: string, from: number, [open, close]: '()' | '<>' | '{}'): string {
  const start = source.indexOf(open as string, from);
  for (let at = start, depth = 0; at >= 0 && at < source.length; at++) {
    if (source[at] === open) depth++;
    if (source[at] === close && source[at - 1] !== '=' && --depth === 0) return source.slice(from, at + 1);
  }
  return source.slice(from);
}

/** A call with its arguments, and what the file says under each name in them: statements and objects that it keeps. */
function callOf(source: string, from: number): string {
  const generic = source[from] === '<' ? balanced(source, from, '<>').length : 0;
  const call = balanced(source, from + generic, '()');
  const named = [...new Set(call.match(/\w+/g) ?? [])].map((name) => {
    const at = source.search(new RegExp(`\\bconst ${name}\\b[^=\\n]* =[^>]`));
    if (at < 0) return '';
    const said = source.slice(source.indexOf('=', at) + 1).trimStart();
    if (said.startsWith('{')) return balanced(said, 0, '{}');
    return /^(['`])[\s\S]*?\1/.exec(said)?.[0] ?? '';
  });
  return [call, ...named].join(' ');
}

/**
 * Every place of a source at which something becomes durable or is said, and every sentence about a crash that stands by itself. A query counts unless it
 * visibly only reads. `pointed`: a fault point stands directly before the call and another one directly behind it, with no such call in between; a
 * sentence needs one on either side; `transact` has its own, and needs to be given them.
 */
export function placesIn(file: string, source: string): Place[] {
  const lines = source.split('\n');
  const texts = lines.map((line) => line.trim());
  const whole = new Map<number, string>();
  let start = 0;
  const kinds = lines.map((line, at): Kind | 'point' | null => {
    const text = texts[at] ?? '';
    const from = start;
    start += line.length + 1;
    if (sentence.test(text)) return 'sentence';
    if (isComment(text) || isDeclaration(text)) return null;
    if (point.test(text)) return 'point';
    for (const [kind, pattern] of calls) {
      const found = pattern.exec(line.trim() === line ? line : text);
      if (found === null) continue;
      if (kind !== 'commit') return kind;
      const call = callOf(
        source,
        from + line.indexOf(text) + found.index + found[0].length - (found[0].endsWith('(') ? 1 : 0),
      );
      whole.set(at, call);
      if (!found[0].endsWith('.query') || writes.test(call) || !reads.test(call)) return kind;
    }
    return null;
  });
  const isCall = (at: number): boolean => !['point', 'sentence', null, undefined].includes(kinds[at]);
  /** Whether what comes next in a direction, call or point, is a point, and near. */
  const meets = (at: number, step: 1 | -1): boolean => {
    for (let n = at + step, left = near; left > 0 && n >= 0 && n < texts.length; n += step) {
      if (kinds[n] === 'point') return true;
      if (isCall(n)) return false;
      if (texts[n] !== '' && !isComment(texts[n] ?? '')) left--;
    }
    return false;
  };
  return kinds.flatMap((kind, at) => {
    if (kind === null || kind === 'point') return [];
    if (kind === 'sentence' && about.some((step) => isCall(at + step))) return [];
    const text = texts[at] ?? '';
    const given = /\btransact\(/.test(text) && /\bfaults\b/.test(whole.get(at) ?? '');
    const sides = [meets(at, -1), meets(at, 1)];
    const pointed = given || (kind === 'sentence' ? sides.some(Boolean) : sides.every(Boolean));
    return [{ file, line: at + 1, kind, text, pointed }];
  });
}

const looked = /^(packages\/(runtime|store|adapter-sdk)|services(\/adapters)?\/[^/]+)\/src\//;
const passed = /\.(test|fixture)\.|\/(conformance|sim)\//;

/** Whether a source is of a process that others wait for. The command line is none: who started a command starts it again. */
export const isProduct = (file: string): boolean => looked.test(file) && !passed.test(file);
