import { z } from 'zod';
import { auditReasons } from './reasons/audit.ts';
import { buildReasons } from './reasons/build.ts';
import { commandReasons } from './reasons/command.ts';
import { gateReasons } from './reasons/gate.ts';
import { jsonReasons } from './reasons/json.ts';
import { kristalReasons } from './reasons/kristal.ts';
import { platformReasons } from './reasons/platform.ts';
import { programReasons } from './reasons/program.ts';
import { releaseReasons } from './reasons/release.ts';
import { renderReasons } from './reasons/render.ts';
import type { ReasonRow } from './reasons/row.ts';
import { trustReasons } from './reasons/trust.ts';

/** Reason codes by area, for the reference page. */
export const reasonAreas = {
  json: jsonReasons,
  trust: trustReasons,
  command: commandReasons,
  gate: gateReasons,
  build: buildReasons,
  program: programReasons,
  kristal: kristalReasons,
  audit: auditReasons,
  release: releaseReasons,
  render: renderReasons,
  platform: platformReasons,
} as const;

/** Every reason code Orgo knows (GT-09). Append-only: a code is never renamed or reused. */
export const reasons = {
  ...jsonReasons,
  ...trustReasons,
  ...commandReasons,
  ...gateReasons,
  ...buildReasons,
  ...programReasons,
  ...kristalReasons,
  ...auditReasons,
  ...releaseReasons,
  ...renderReasons,
  ...platformReasons,
} as const satisfies Record<string, ReasonRow>;

export type ReasonCode = keyof typeof reasons;
export const reasonCodes = Object.keys(reasons) as ReasonCode[];
/** A code of the catalogue, or a validation issue code of a report (`KRS_V3_…`, kept verbatim). */
export const reasonCodeSchema = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{2,79}$/)
  .meta({ id: 'ReasonCode', description: 'A reason code; the catalogue is docs/reference/reasons.md' });
export const isReasonCode = (code: string): code is ReasonCode => Object.hasOwn(reasons, code);
export type { ReasonRow } from './reasons/row.ts';
