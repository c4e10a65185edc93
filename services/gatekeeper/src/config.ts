import { z } from 'zod';

/** Settings of the gatekeeper. */
export const gatekeeperConfig = z.object({
  ORGO_GATE_BATCH: z.coerce
    .number()
    .int()
    .min(1)
    .max(1024)
    .default(256)
    .meta({ description: 'Replies and claims that share one transaction at most', example: '256', secret: false }),
});
export type GatekeeperConfig = z.infer<typeof gatekeeperConfig>;
