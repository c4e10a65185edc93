import fs from 'node:fs';
import path from 'node:path';
import { sourceFiles } from '@orgo/infra/source-files';
import { faultPoints } from '@orgo/store/fault-points';
import { describe, expect, test } from 'vitest';
import { repo } from '../kit/instance.ts';
import { pardons } from './durable-calls.pardons.ts';
import { isProduct, type Place, placesIn } from './durable-calls.ts';

const sources = new Map(
  sourceFiles()
    .filter(isProduct)
    .map((file) => [file, fs.readFileSync(path.join(repo, file), 'utf8')]),
);
const places = [...sources].flatMap(([file, source]) => placesIn(file, source));

/** Line of each call that a piece is about: one in its lines, or the one that opens on the line above. */
const linesOf = (file: string, piece: string): number[] => {
  const source = sources.get(file) ?? '';
  const found: number[] = [];
  for (let at = source.indexOf(piece); at >= 0; at = source.indexOf(piece, at + 1)) {
    const first = source.slice(0, at).split('\n').length;
    const last = first + piece.trimEnd().split('\n').length - 1;
    const from = (line: number) => places.filter((one) => one.file === file && one.line >= line && one.line <= last);
    const inside = from(first);
    found.push(...(inside.length > 0 ? inside : from(first - 1)).map(({ line }) => line));
  }
  return found;
};
const pardoned = pardons.flatMap(({ file, pieces }) =>
  pieces.map((piece) => ({ file, piece, lines: linesOf(file, piece) })),
);
const isPardoned = ({ file, line }: Place): boolean =>
  pardoned.some((one) => one.file === file && one.lines.includes(line));
const said = ({ file, line, kind, text }: Place): string => `${file}:${line} ${kind}: ${text}`;

test('every commit, publish, acknowledgement and file has a fault point before and behind it, or a row that says why not', () => {
  expect(places.filter((place) => !place.pointed && !isPardoned(place)).map(said)).toEqual([]);
});

test('each row is about one call, which has no points', () => {
  expect(pardoned.filter(({ lines }) => lines.length !== 1)).toEqual([]);
  expect(places.filter((place) => place.pointed && isPardoned(place)).map(said)).toEqual([]);
});

test('a point that a row names is one', () => {
  const named = pardons.flatMap(({ why }) => [...why.matchAll(/`([a-z]+\.[a-zA-Z]+)`/g)].map(([, name]) => name ?? ''));
  expect(named.filter((name) => !Object.hasOwn(faultPoints, name))).toEqual([]);
  expect(named).not.toEqual([]);
});

describe('a planted violation fails', () => {
  const unpointed = (source: string): string[] =>
    placesIn('a.ts', source).flatMap(({ pointed, kind }) => (pointed ? [] : [kind]));
  const around = (call: string): string => `await faults.at('a');\n${call}\nawait faults.at('b');`;

  test.each([
    ['commit', 'await db.tx((tx) => insert(tx));'],
    ['commit', 'await transact(db, machine, incoming, { encode });'],
    ['commit', "await db.query('DELETE FROM outbox');"],
    [
      'commit',
      'await deps.db.query<{ id: string; n: number }>({ text: keep }, []);\nconst keep = `INSERT INTO kept VALUES (1)`;',
    ],
    ['commit', "await db.query(\n  'UPDATE nonce AS own SET used_by = 1',\n);"],
    ['commit', 'await session.query(statementFromElsewhere);'],
    ['publish', "await bus.request('a', bytes);"],
    ['publish', "await road.bus.publishCommand('a', bytes, { msgId });"],
    ['publish', "bus.publishEvent('a', bytes);"],
    ['publish', "await fetch(url, {\n  method: 'POST',\n});"],
    ['ack', 'message.ack();'],
    ['file', 'await replaceFile(path, bytes, 0o600);'],
    ['file', 'if (await createFile(path, bytes, 0o600)) return;'],
    ['file', 'await fs.rename(from, to);'],
    ['file', 'await ctx.world.disk.replace(file, bytes);'],
    ['file', "const ref = await deps.artifacts.put(tenant, 'kind', type, bytes);"],
    ['sentence', '// crash: if we die here, nobody knows'],
  ])('a %s: %s', (kind, call) => {
    expect(unpointed(call)).toEqual([kind]);
    expect(unpointed(around(call))).toEqual([]);
  });

  test('a point on one side is none, and one that belongs to another call neither', () => {
    expect(unpointed("await faults.at('a');\nmessage.ack();")).toEqual(['ack']);
    expect(unpointed("message.ack();\nawait faults.at('a');")).toEqual(['ack']);
    expect(unpointed(around('message.ack();\nawait replaceFile(path, bytes, 0o600);'))).toEqual(['ack', 'file']);
  });

  test('a point that is far away is none', () => {
    const far = Array.from({ length: 9 }, (_, n) => `step(${n});`).join('\n');
    expect(unpointed(around(`${far}\nmessage.ack();\n${far}`))).toEqual(['ack']);
  });

  test('what only reads, a statement of an open transaction and a transact with points are none', () => {
    expect(unpointed("await db.query('SELECT 1');\nawait tx.query('DELETE FROM outbox');")).toEqual([]);
    expect(unpointed('await db.query({ text });\nconst text = `SELECT ready FROM a`;')).toEqual([]);
    expect(unpointed('await transact(db, machine, incoming, { ...shell });\nconst shell = { faults };')).toEqual([]);
    expect(unpointed('// message.ack() is for later')).toEqual([]);
  });
});
