import { z } from 'zod';

/** Settings of audit. */
export const auditConfig = z.object({
  ORGO_SEAL_BATCH: z.coerce
    .number()
    .int()
    .min(1)
    .max(1024)
    .default(256)
    .meta({ description: 'Decisions of one tenant that share one checkpoint at most', example: '256', secret: false }),
  ORGO_WITNESS_POLICY: z.string().optional().meta({
    description: 'File that names the witnesses of the logs (C2SP tlog-policy); without it nobody cosigns',
    example: '/etc/orgo/witnesses.policy',
    secret: false,
  }),
});
export type AuditConfig = z.infer<typeof auditConfig>;
