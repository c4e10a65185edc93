import fs from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { TestContext } from 'vitest';
import { repo } from './instance.ts';

/** Test inputs that are not ours to ship: in `shared` beside the checkout, or where ORGO_SHARED says. */
export const sharedPath = (...parts: string[]): string =>
  path.join(process.env.ORGO_SHARED ?? path.join(repo, '../shared'), ...parts);

/** Ends the test as skipped, saying why, where an input is absent. */
export function needs(context: TestContext, file: string): void {
  if (!fs.existsSync(file)) context.skip(`no ${file}; set ORGO_SHARED`);
}

/** A public kOA schema, as it stands, as a function that answers what is wrong with a value: null for nothing. */
export function publicSchema(context: TestContext, name: string): (value: unknown) => ErrorObject[] | null {
  const file = sharedPath('schemas/koa', `${name}.schema.json`);
  needs(context, file);
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  const validate = ajv.compile(JSON.parse(fs.readFileSync(file, 'utf8')));
  return (value) => (validate(value) ? null : (validate.errors ?? []));
}
