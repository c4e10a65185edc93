import { z } from 'zod';

/** Settings of the orchestrator. */
export const orchestratorConfig = z.object({
  ORGO_MAX_ACTIVE_BUILDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(1000)
    .meta({ description: 'Builds of one tenant that may be active at a time', example: '1000', secret: false }),
  ORGO_COMMIT_BATCH: z.coerce
    .number()
    .int()
    .min(1)
    .max(1024)
    .default(256)
    .meta({ description: 'Inputs of builds that share one transaction at most', example: '256', secret: false }),
});
export type OrchestratorConfig = z.infer<typeof orchestratorConfig>;
