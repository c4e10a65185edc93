import { absent, fault, type ReasonRow, refusal } from './row.ts';

/** Releases, channels and nodes. The node's verification order is the distribution contract's. */
export const releaseReasons = {
  RELEASE_NOT_FOUND: absent('No release of that id is visible to you', 'Check the id and the tenant.'),
  RELEASE_TRANSITION_ILLEGAL: refusal('The release’s state does not allow that', 'See `orgo release status`.'),
  NODE_NOT_FOUND: absent('No node of that id is visible to you', 'Check the id and the tenant.'),
  ACTIVATION_NOT_CONFIRMED: refusal(
    'The node did not confirm the pack it was asked to run',
    'See the node’s last attempt.',
  ),
  METADATA_INVALID: refusal(
    'Channel metadata that does not verify',
    'The active pack keeps serving; publish again with the right keys.',
  ),
  METADATA_STALE: refusal('Channel metadata past its expiry', 'Publish fresh metadata; no new activation meanwhile.'),
  METADATA_ROLLBACK: refusal('Channel metadata older than what the node has seen', 'Publish a newer version.'),
  DOWNGRADE_BLOCKED: refusal(
    'A release below the highest the node activated',
    'Roll back by a newer release with an authorization.',
  ),
  RELEASE_SUBSTITUTED: refusal('Same release number, other pack', 'Publish under a new number.'),
  TARGET_NOT_FOR_CHANNEL: refusal('A pack of another channel', 'Publish it to this channel.'),
  CONTRACT_UNSUPPORTED: refusal(
    'A pack whose query contract the node does not support',
    'Update the node or compile for its contract.',
  ),
  SMOKE_FAILED: refusal(
    'The pack does not answer its smoke queries',
    'The active pack keeps serving; look at the pack.',
  ),
  POINTER_SWITCH_FAILED: fault(
    'The active pointer could not be switched',
    'The old pack keeps serving; check the node’s disk.',
  ),
  PACK_NOT_ACTIVE: refusal('The node has no active pack', 'Release a pack to its channel.'),
} as const satisfies Record<string, ReasonRow>;
