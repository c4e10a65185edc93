import type { GateClaim } from '@orgo/contracts';
import { digestOfNothing } from './digest.ts';

/**
 * A claim that says nothing but what is asked, of what, by whom and as of when: of no stage, without inputs, reasons and facts, pinned to no
 * pipeline and no mandate. Whatever is given replaces that. Each call makes new lists, so nobody shares one.
 */
export const blankClaim = (
  asked: Pick<GateClaim, 'claim' | 'tenant_id' | 'build_id' | 'idem_key' | 'as_of' | 'actor'> & Partial<GateClaim>,
): GateClaim => ({
  v: 1,
  stage: null,
  attempt: 0,
  epoch: 0,
  pipeline_ref: digestOfNothing,
  mandate_ref: digestOfNothing,
  inputs: [],
  reason_codes: [],
  detail: {},
  ...asked,
});
