import type { ReasonCode } from '@orgo/contracts';

/** Why an output may not leave: the code, where (a JSON pointer into the bundle), and what a person needs to see. */
export type RenderFinding = { code: ReasonCode; pointer: string; detail: string };
