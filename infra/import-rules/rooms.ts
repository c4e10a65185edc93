// The rooms of the repository: which one a file stands in, and which one an import leads to.
import path from 'node:path';

/** A file's room: the package it belongs to, and whether it is in a pure part of it. */
export interface Place {
  readonly file: string;
  /** `core`, `store`, `cli`, `infra`, `test`, `orchestrator`, `adapters/pin` … */
  readonly room: string;
  /** A service's `domain/`. */
  readonly domain: boolean;
  /** Tests and their fixtures. */
  readonly test: boolean;
}

/** Where an import leads. `entry` is the subpath behind a package's name: '' is its root. */
export type Target =
  | { readonly kind: 'own'; readonly place: Place }
  | { readonly kind: 'room'; readonly room: string; readonly entry: string }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'external'; readonly name: string }
  | { readonly kind: 'outside'; readonly file: string };

/** Folder of a room, and the other way round. */
const PATTERNS: readonly [RegExp, (name: string) => string][] = [
  [/^packages\/([^/]+)\//, (name) => name],
  [/^services\/adapters\/([^/]+)\//, (name) => `adapters/${name}`],
  [/^services\/([^/]+)\//, (name) => name],
  [/^(infra|test|bin)\//, (name) => name],
];

export function placeOf(file: string): Place {
  const match = PATTERNS.map(([pattern, room]) => ({ found: pattern.exec(file)?.[1], room })).find(
    ({ found }) => found,
  );
  return {
    file,
    room: match?.found ? match.room(match.found) : 'root',
    domain: /^services\/(?!adapters\/)[^/]+\/src\/domain\//.test(file),
    test: /\.(test|fixture|bench)\.[a-z]+$/.test(file),
  };
}

/** @param packages package name → room, of every package of the workspace */
export function targetOf(from: Place, specifier: string, packages: ReadonlyMap<string, string>): Target {
  if (specifier.startsWith('.')) {
    const file = path.posix.join(path.posix.dirname(from.file), specifier);
    const place = placeOf(file);
    return place.room === from.room ? { kind: 'own', place } : { kind: 'outside', file };
  }
  if (specifier.startsWith('node:')) return { kind: 'builtin', name: specifier };
  const [, name = specifier, entry = ''] = /^(@[^/]+\/[^/]+|[^/]+)(?:\/(.*))?$/.exec(specifier) ?? [];
  const room = packages.get(name);
  return room === undefined ? { kind: 'external', name } : { kind: 'room', room, entry };
}
