import { type JsonValue, parseStrict } from '@orgo/core';
import { artifactLimits, decodeLines, officialKindOf, officialSchemas } from '@orgo/kristal';
import { Refused } from '@orgo/runtime/errors';
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Finding, SchemaSet } from '../domain/index.ts';
import type { SchemaFolder } from './folder.ts';

/** The official schemas that an operator brought, ready to be held against. */
export type Official = SchemaSet & {
  /** Why an artifact of a kind does not match its schema; null where it does, and where the set has none for the kind. */
  judge(kind: string, bytes: Uint8Array): Finding | null;
};

const isObject = (value: JsonValue): value is Record<string, JsonValue> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Compiles schemas (JSON Schema 2020-12), offline: a reference that the folder cannot resolve, a keyword or format that nothing would check, and a folder
 * with no schema for any kind, or two for one, are errors. Schemas are the operator's own and trusted: one with a costly pattern makes its gatekeeper slow.
 * @throws Refused SCHEMA_SET_INVALID
 */
export function compileSchemas({ set_id, files }: SchemaFolder): Official {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    // Inherited members are none of the artifact's.
    ownProperties: true,
    logger: false,
  });
  formats.default(ajv);
  const keys = files.map(({ path, schema }) => {
    if (!isObject(schema)) throw new Refused('SCHEMA_SET_INVALID', `${path}: no schema object`);
    const key = typeof schema.$id === 'string' ? schema.$id : path;
    attempt(path, () => ajv.addSchema(schema as AnySchemaObject, key));
    return { path, key };
  });
  const validators = new Map<string, ValidateFunction>();
  for (const { path, key } of keys) {
    const validate = attempt(path, () => ajv.getSchema(key));
    const kind = officialKindOf(path);
    if (kind === undefined || validate === undefined) continue;
    if (validators.has(kind)) throw new Refused('SCHEMA_SET_INVALID', `${path}: a second schema for ${kind}`);
    validators.set(kind, validate as ValidateFunction);
  }
  if (validators.size === 0)
    throw new Refused('SCHEMA_SET_INVALID', `no file is named like one of ${namesWanted().join(', ')}`);
  return {
    set_id,
    kinds: [...validators.keys()].sort(),
    judge(kind, bytes) {
      const validate = validators.get(kind);
      return validate === undefined ? null : mismatch(validate, documentsOf(kind, bytes));
    },
  };
}

const namesWanted = (): string[] => Object.values(officialSchemas).map(({ file }) => file);

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 300) : '';
    throw new Refused('SCHEMA_SET_INVALID', { detail: `${path}: ${why}`, cause });
  }
}

/** The documents of an artifact, or why there are none. */
function documentsOf(kind: string, bytes: Uint8Array): JsonValue[] | string {
  if (officialSchemas[kind]?.per === 'line') {
    const lines = decodeLines(bytes);
    return lines.ok ? lines.value : `${lines.code} ${lines.detail}`;
  }
  const parsed = parseStrict(bytes, artifactLimits);
  return parsed.ok ? [parsed.value] : `${parsed.code} ${parsed.detail}`;
}

/** The first thing that does not match: which document of several, where in it, by which keyword. It repeats no value. */
function mismatch(validate: ValidateFunction, documents: JsonValue[] | string): Finding | null {
  if (typeof documents === 'string') return { code: 'SCHEMA_OFFICIAL_MISMATCH', detail: documents };
  const at = documents.findIndex((document) => !validate(document));
  if (at < 0) return null;
  const [error] = validate.errors ?? [];
  const where = documents.length > 1 ? `document ${at + 1} ` : '';
  const path = (error?.instancePath || '/').slice(0, 150);
  return { code: 'SCHEMA_OFFICIAL_MISMATCH', detail: `${where}${path} ${error?.keyword}: ${error?.message}` };
}
