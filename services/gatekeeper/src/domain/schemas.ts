import { nativeAlone, type SchemasUsed } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import { officialSchemas } from '@orgo/kristal';
import type { Finding, MandatePolicyFact, ReplyInput, SchemaSet } from './facts.ts';
import type { Check } from './report.ts';

/** What an admission and the record say that artifacts are held against. */
export const schemasUsed = (set: SchemaSet | null): SchemasUsed =>
  set === null ? nativeAlone : { source: 'official', ...set };

/**
 * Why the gatekeeper cannot give what the mandate demands (GT-07): a policy in force that must hold, with a rule `official_schemas`, wants a schema for every
 * kind that has an official one, and where the rule names a `set_id`, that set.
 */
export function demandedSchemas(policies: readonly MandatePolicyFact[], set: SchemaSet | null): Finding[] {
  const rules = policies
    .filter(({ enforcement }) => enforcement === 'MUST')
    .flatMap((policy) => policy.rules.filter(({ type }) => type === 'official_schemas'));
  if (rules.length === 0) return [];
  if (set === null)
    return [{ code: 'SCHEMA_SET_MISSING', detail: 'the mandate demands official schemas and the gatekeeper has none' }];
  const lacking = Object.keys(officialSchemas).filter((kind) => !set.kinds.includes(kind));
  const missing: Finding[] = lacking.map((kind) => ({
    code: 'SCHEMA_SET_MISSING',
    detail: `${set.set_id} has no schema for ${kind}`,
  }));
  const other = rules.filter(({ set_id }) => set_id !== null && set_id !== set.set_id);
  return [
    ...missing,
    ...other.map(
      ({ set_id }): Finding => ({
        code: 'SCHEMA_SET_MISMATCH',
        detail: `the mandate demands ${set_id}, the gatekeeper has ${set.set_id}`,
      }),
    ),
  ];
}

/**
 * Outputs under the official schemas that the build was admitted with. A build that was admitted without is judged without, whatever the gatekeeper has come
 * to hold; one that was admitted with others than these can be judged by nobody here, and what cannot be verified does not pass.
 */
export function officialChecks(
  admitted: SchemaSet | null | undefined,
  { outputs, schemas }: Pick<ReplyInput, 'outputs' | 'schemas'>,
): Check[] {
  if (!admitted) return [];
  const findings =
    canonical(schemas) === canonical(admitted)
      ? outputs.flatMap(({ official }) => official ?? [])
      : [otherSchemas(admitted, schemas)];
  return [{ check: 'official schemas', findings }];
}

const otherSchemas = ({ set_id }: SchemaSet, held: SchemaSet | null): Finding => ({
  code: held === null ? 'SCHEMA_SET_MISSING' : 'SCHEMA_SET_MISMATCH',
  detail: `admitted under ${set_id}, the gatekeeper has ${held?.set_id ?? 'none'}`,
});
