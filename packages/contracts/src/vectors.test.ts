import { hash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { convert, namedSchemas } from '../generate/schema-documents.ts';
import { type ChannelName, channels } from './index.ts';

type Case = { name: string; valid: boolean; at?: string; value: unknown; canonical?: string; digest?: string };
type Vectors = { schema?: string; channel?: ChannelName; cases: Case[] };

const folder = path.join(import.meta.dirname, '../vectors');
const files = fs.readdirSync(folder).filter((name) => name !== 'reason-codes.json');
const schemas = new Map(namedSchemas().map(({ id, schema }) => [id, schema]));

/** RFC 8785 for values without numbers that need care: a second writer, so that the vectors do not vouch for themselves. */
const sortedText = (value: unknown): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sortedText).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${sortedText(member)}`).join(',')}}`;
};

describe.each(files)('%s', (file) => {
  const vectors = JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) as Vectors;
  const schema = vectors.channel === undefined ? schemas.get(vectors.schema ?? '') : channels[vectors.channel].schema;
  if (schema === undefined) throw new Error(`${file} is about no known schema`);
  const { root, parts } = convert(schema, 'draft-2020-12');
  const validate = new Ajv2020({ strict: true }).compile({ ...root, $defs: parts });

  it('has cases of both outcomes', () => {
    expect(new Set(vectors.cases.map((one) => one.valid)).size).toBe(2);
  });

  it.each(vectors.cases)('$name: valid $valid', ({ valid, at, value, canonical, digest }) => {
    const parsed = schema.safeParse(value);
    expect(parsed.success).toBe(valid);
    expect(validate(value), 'the printed JSON Schema agrees').toBe(valid);
    if (parsed.success) {
      expect(value).toMatchObject(parsed.data as object);
      expect(sortedText(value)).toBe(canonical);
      expect(`sha256:${hash('sha256', canonical as string, 'hex')}`).toBe(digest);
    } else {
      expect(parsed.error.issues.map((issue) => issue.path.map((part) => `/${String(part)}`).join(''))).toContain(at);
    }
  });
});
