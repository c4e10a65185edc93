import fs from 'node:fs';
import path from 'node:path';
import { buildPhases, terminalBuildPhases } from '@orgo/contracts';
import { expect, it } from 'vitest';

const read = (file: string): string => fs.readFileSync(path.join(import.meta.dirname, file), 'utf8');
const migration = read('../prisma/migrations/20261120000000_init/migration.sql');
const named = (list: string): string[] => [...list.matchAll(/'([A-Z_]+)'/g)].map(([, name]) => name as string);
const listIn = (pattern: RegExp): string[] => named(pattern.exec(migration)?.[1] ?? '');

it('begins with the tables of the store, word for word', () => {
  expect(migration.startsWith(read('../../../packages/store/sql/store.sql'))).toBe(true);
});

it('knows the phases of a build and which of them are terminal', () => {
  expect(listIn(/build_phase_check" CHECK \("phase" IN \(([^)]*)\)/)).toEqual([...buildPhases]);
  expect(listIn(/build_live_subject_key".*NOT IN \(([^)]*)\)/)).toEqual([...terminalBuildPhases]);
});
