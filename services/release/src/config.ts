import { z } from 'zod';
import type { Lifetimes } from './tuf/renewal.ts';

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
  ORGO_TUF_TIMESTAMP_MS: milliseconds(86_400_000, 'How long the timestamp of channel metadata is good'),
  ORGO_TUF_RENEWAL_MS: milliseconds(
    3_600_000,
    'How often the timestamp is signed anew, at the latest at half its life',
  ),
  ORGO_TUF_SNAPSHOT_MS: milliseconds(604_800_000, 'How long the snapshot is good; renewed at half of it'),
  ORGO_TUF_TARGETS_MS: milliseconds(
    2_592_000_000,
    'How long the list of channels and what each channel says are good; renewed at half of it',
  ),
  ORGO_TUF_ROOT_MS: milliseconds(31_536_000_000, 'How long a channel root is good; renewed at half of it'),
});
export type ReleaseConfig = z.infer<typeof releaseConfig>;

/** The lifetimes of channel metadata as they are set. */
export const lifetimesOf = (config: ReleaseConfig): Lifetimes => ({
  root: config.ORGO_TUF_ROOT_MS,
  targets: config.ORGO_TUF_TARGETS_MS,
  snapshot: config.ORGO_TUF_SNAPSHOT_MS,
  timestamp: config.ORGO_TUF_TIMESTAMP_MS,
  renewal: config.ORGO_TUF_RENEWAL_MS,
});
