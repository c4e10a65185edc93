import type { z } from 'zod';
import { Refused } from './errors.ts';

/** One setting, for the settings page. */
export type SettingDoc = { name: string; description: string; example: string; secret: boolean; required: boolean };

const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) freeze(member);
  }
  return value;
};

/**
 * Reads settings from an environment once and freezes them. A variable set to the empty text counts as absent; variables
 * the schema does not name are none of its business.
 *
 * Every setting carries `.meta({ description, example, secret })`. Values never appear in the error: they may be secrets.
 * @throws Refused CONFIG_INVALID, naming all problems together.
 */
export function loadConfig<T extends z.ZodObject>(
  schema: T,
  env: Readonly<Record<string, string | undefined>>,
): z.output<T> {
  const given = Object.entries(env).filter(
    ([name, value]) => Object.hasOwn(schema.shape, name) && value !== undefined && value !== '',
  );
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (parsed.success) return freeze(parsed.data);
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Refused('CONFIG_INVALID', problems.join('\n'));
}

/** The rows of the settings page, in the order of the schema. */
export function settingsOf(schema: z.ZodObject): SettingDoc[] {
  return Object.entries(schema.shape).map(([name, setting]) => {
    const { description = '', example = '', secret = false } = (setting as z.ZodType).meta() ?? {};
    const required = !(setting as z.ZodType).safeParse(undefined).success;
    return { name, description, example: String(example), secret: secret === true, required };
  });
}
