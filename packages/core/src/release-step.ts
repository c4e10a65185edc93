import type { ReleaseStepFacts } from '@orgo/contracts';
import { type Digest, digestOf } from './digest.ts';

/** Content id of a frozen step: which release and generation, and everything that says whom it reaches and what it needs. */
export const releaseStepHash = (releaseId: string, generation: number, facts: ReleaseStepFacts): Digest =>
  digestOf(['orgo.release-step.v1', releaseId, generation, facts]);
