import { z } from 'zod';

const milliseconds = (standard: number, description: string) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .default(standard)
    .meta({ description, example: `${standard}`, secret: false });

/** Settings of the release service. */
export const releaseConfig = z.object({
  ORGO_CHANNELS_DIR: z.string().min(1).optional().meta({
    description: 'Folder of the channel metadata, shared by replicas; by default `channels` in the home',
    example: '/var/lib/orgo/channels',
    secret: false,
  }),
  ORGO_ACTIVATION_DEADLINE_MS: milliseconds(600_000, 'How long the nodes of a release may take before it is paused'),
  ORGO_NONCE_TTL_MS: milliseconds(300_000, 'How long a nonce for a node’s report is good'),
  ORGO_JOIN_TIMEOUT_MS: milliseconds(
    10_000,
    'How long enrolling a node waits for its sealed decision before it answers',
  ),
});
export type ReleaseConfig = z.infer<typeof releaseConfig>;
