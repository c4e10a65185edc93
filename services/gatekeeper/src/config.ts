import { digestSchema } from '@orgo/contracts';
import { z } from 'zod';

/** Settings of the gatekeeper. */
export const gatekeeperConfig = z.object({
  KRISTAL_SCHEMA_DIR: z.string().min(1).optional().meta({
    description:
      'Folder with official Kristal schemas to check against besides our own contracts; read once, at the start ([schemas](../schemas.md))',
    example: '/etc/orgo/kristal-schemas',
    secret: false,
  }),
  KRISTAL_SCHEMA_DIGEST: digestSchema.optional().meta({
    description:
      'Content id that this folder must have; without it the folder is not used and the gatekeeper does not start',
    example: 'sha256:…',
    secret: false,
  }),
  ORGO_GATE_BATCH: z.coerce
    .number()
    .int()
    .min(1)
    .max(1024)
    .default(256)
    .meta({ description: 'Replies and claims that share one transaction at most', example: '256', secret: false }),
  ORGO_ROLLBACK_DAYS: z.coerce.number().int().min(1).max(90).default(7).meta({
    description: 'How long the leave to go back to an older pack is good, in days',
    example: '7',
    secret: false,
  }),
  ORGO_ROLLBACKS_PER_HOUR: z.coerce.number().int().min(1).max(60).default(4).meta({
    description: 'Rollbacks of one channel within an hour at most; emergencies and drills are not counted against it',
    example: '4',
    secret: false,
  }),
});
export type GatekeeperConfig = z.infer<typeof gatekeeperConfig>;
