import { type Cosigner, cosignerKeyId, parseWitnessKey } from './cosignature.ts';
import { type NoteKey, parseVkey } from './note-key.ts';
import { ok, type Result, refuse } from './result.ts';

type Member = { kind: 'witness'; key: NoteKey; url: string | null } | { kind: 'group'; atLeast: number; of: string[] };

/** Whom a reader believes (C2SP tlog-policy): logs, witnesses, and how many of them must have cosigned. */
export type TlogPolicy = {
  logs: { key: NoteKey; url: string | null }[];
  witnesses: { name: string; key: NoteKey; url: string | null }[];
  /** Whether the witnesses with these keys are enough. A key counts once, and only for the line that names it. */
  quorum(cosigners: readonly Cosigner[]): boolean;
};

const idOf = (name: string, keyId: string): string => `${name} ${keyId}`;
const malformed = (line: number, why: string) => refuse('CONFIG_INVALID', `policy line ${line}: ${why}`);

/**
 * Reads a policy file. Refuses with `CONFIG_INVALID`, naming the line: also where two lines name one key, or two witnesses have keys of one name, since
 * it could then not be said which of them cosigned.
 */
export function parsePolicy(text: string): Result<TlogPolicy> {
  const logs: TlogPolicy['logs'] = [];
  const members = new Map<string, Member>();
  const known = new Set<string>();
  const keyNames = new Set<string>();
  let quorum: string | undefined;

  const groupOf = (kind: string, names: string[]): Member | string => {
    const atLeast = kind === 'all' ? names.length : kind === 'any' ? 1 : /^[1-9]\d*$/.test(kind) ? Number(kind) : 0;
    if (!names.every((name) => members.has(name))) return 'a member that is not defined above';
    if (new Set(names).size !== names.length) return 'a member twice';
    return atLeast < 1 || atLeast > names.length
      ? 'not a number of its members'
      : { kind: 'group', atLeast, of: names };
  };
  const isNew = (key: NoteKey): boolean => {
    const id = key.public.join();
    if (known.has(id)) return false;
    known.add(id);
    return true;
  };
  const take = (words: string[]): string | null => {
    const [what, ...rest] = words;
    const define = (name: string | undefined, member: Member | string): string | null => {
      if (typeof member === 'string') return member;
      if (name === undefined || name === 'none' || members.has(name)) return 'a name that is taken';
      members.set(name, member);
      return null;
    };
    if (what === 'log' && rest.length >= 1 && rest.length <= 2) {
      const key = parseVkey(rest[0] as string);
      if (!key.ok || !isNew(key.value)) return key.ok ? 'a key twice' : key.detail;
      logs.push({ key: key.value, url: rest[1] ?? null });
      return null;
    }
    if (what === 'witness' && rest.length >= 2 && rest.length <= 3) {
      const key = parseWitnessKey(rest[1] as string);
      if (!key.ok || !isNew(key.value)) return key.ok ? 'a key twice' : key.detail;
      if (keyNames.has(key.value.name)) return `a second witness whose key is named ${key.value.name}`;
      keyNames.add(key.value.name);
      return define(rest[0], { kind: 'witness', key: key.value, url: rest[2] ?? null });
    }
    if (what === 'group' && rest.length >= 3) return define(rest[0], groupOf(rest[1] as string, rest.slice(2)));
    if (what === 'quorum' && rest.length === 1) {
      if (quorum !== undefined) return 'a second quorum';
      if (rest[0] !== 'none' && !members.has(rest[0] as string)) return 'a quorum that is not defined above';
      quorum = rest[0];
      return null;
    }
    return 'neither log, witness, group nor quorum, or not as it is written';
  };

  for (const [at, line] of text.split('\n').entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== '');
    if (words.length === 0 || words[0]?.startsWith('#')) continue;
    const wrong = take(words);
    if (wrong !== null) return malformed(at + 1, wrong);
  }
  if (quorum === undefined) return refuse('CONFIG_INVALID', 'policy: no quorum line');
  const needed = quorum;
  const holds = (name: string, cosigners: ReadonlySet<string>): boolean => {
    const member = members.get(name) as Member;
    return member.kind === 'witness'
      ? cosigners.has(idOf(member.key.name, cosignerKeyId(member.key)))
      : member.of.filter((one) => holds(one, cosigners)).length >= member.atLeast;
  };
  return ok({
    logs,
    witnesses: [...members].flatMap(([name, one]) =>
      one.kind === 'witness' ? [{ name, key: one.key, url: one.url }] : [],
    ),
    quorum: (cosigners) =>
      needed === 'none' || holds(needed, new Set(cosigners.map(({ name, keyId }) => idOf(name, keyId)))),
  });
}
