import { z } from 'zod';

/** Settings of a witness. It knows no database, no bus and no home of Orgo. */
export const witnessConfig = z.object({
  ORGO_WITNESS_DIR: z.string().meta({
    description:
      'Folder of the witness: its key and what it has seen. Of one process; keep it, and keep it to yourself',
    example: '/var/lib/orgo-witness',
    secret: false,
  }),
  ORGO_WITNESS_NAME: z
    .string()
    .regex(/^[a-z0-9][a-z0-9./-]{0,199}$/)
    .meta({
      description: 'Name in its cosignatures: a URL without scheme',
      example: 'witness.example/w1',
      secret: false,
    }),
  ORGO_WITNESS_LOGS: z.string().meta({
    description:
      'File of the logs that it watches: one verifier key a line, as `orgo audit checkpoint` shows them; read at each request',
    example: '/etc/orgo-witness/logs',
    secret: false,
  }),
  ORGO_WITNESS_HOST: z
    .string()
    .default('127.0.0.1')
    .meta({ description: 'Address to listen on', example: '0.0.0.0', secret: false }),
  ORGO_WITNESS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .meta({ description: 'Port to listen on; 0 takes a free one', example: '8090', secret: false }),
});
export type WitnessConfig = z.infer<typeof witnessConfig>;
