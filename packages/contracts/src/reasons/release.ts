import { absent, fault, forbidden, type ReasonRow, refusal } from './row.ts';

/** Releases, channels and nodes. The node's verification order is the distribution contract's. */
export const releaseReasons = {
  RELEASE_NOT_FOUND: absent('No release of that id is visible to you', 'Check the id and the tenant.'),
  RELEASE_TRANSITION_ILLEGAL: refusal('The release’s state does not allow that', 'See `orgo release status`.'),
  NODE_NOT_FOUND: absent('No node of that id is visible to you', 'Check the id and the tenant.'),
  ANALYSIS_INVALID: refusal('The analysis of the release cannot work', 'Correct its metrics; see the detail.'),
  ANALYSIS_FAILED: refusal(
    'A metric of the release failed',
    'See value, threshold and samples in `orgo release status`.',
  ),
  ANALYSIS_NO_DATA: refusal(
    'No node has reported a metric that the release is held against',
    'No data never promotes: see what the nodes report; resume, promote or abort.',
  ),
  ANALYSIS_INCONCLUSIVE: refusal(
    'A metric of the release has too few samples',
    'Wait for more and resume; or promote or abort.',
  ),
  ANALYSIS_ERROR: refusal('A metric of the release could not be read', 'See the service’s log; then resume.'),
  REQUIREMENT_CIRCULAR: refusal(
    'What the release requires waits for it',
    'See what it and the others require; release one of them without.',
  ),
  COHORT_EMPTY: refusal('A cohort of the release takes no node', 'See `orgo konnaxion list`; change the cohort.'),
  WINDOW_IMPOSSIBLE: refusal('No window of the release opens before its deadline', 'Correct windows and freezes.'),
  QUORUM_NOT_MET: refusal(
    'Too many nodes of a cohort are offline to leave them out',
    'Bring them back and resume, or abort.',
  ),
  RELEASE_NOT_COMPLETED: refusal('The release did not come to RELEASED', 'See `orgo release status`.'),
  NOTHING_TO_ABORT: refusal('The release has ended', 'Use `orgo release rollback` to go back to the pack before.'),
  RELEASE_DEADLINE_OVER: refusal('The release did not end in its time', 'See why it waited in its events.'),
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
  SNAPSHOT_MISMATCH: refusal(
    'Metadata that is not the one that the metadata above it names',
    'The active pack keeps serving; files of different publications were put together, or one was changed.',
  ),
  DOWNGRADE_BLOCKED: refusal(
    'A release below the highest the node activated',
    'Roll back by a newer release with an authorization.',
  ),
  RELEASE_SUBSTITUTED: refusal('Same release number, other pack', 'Publish under a new number.'),
  FAST_FORWARD_SUSPECTED: refusal(
    'Channel numbers that jumped too far at once',
    'Find out who signed it; a node goes on with numbers that follow the ones it has seen.',
  ),
  CLOCK_UNTRUSTED: refusal(
    'The node’s clock is behind a time that something signed has said, and by that time the metadata is over',
    'Set the clock of the node, or publish fresh metadata.',
  ),
  TRANSFER_TOO_SLOW: fault(
    'Bytes came more slowly than a download may be',
    'It is tried again; look at the road to the node.',
  ),
  PACK_REVOKED: refusal('A pack that its channel revoked', 'Release another one; a revoked pack never serves again.'),
  PACK_BELOW_FLOOR: refusal(
    'A pack below the floor of its channel',
    'Release a newer one; no authorization pierces a floor.',
  ),
  RELEASE_UNAUTHORIZED: refusal(
    'A pack that the gatekeeper did not authorize for this channel and release',
    'The active pack keeps serving; find out who signs for the channel, and release through the gatekeeper.',
  ),
  ROLLBACK_UNAUTHORIZED: refusal(
    'An older pack without leave of the gatekeeper that names it',
    'Ask for a rollback of the release; a node goes back under its authorization alone.',
  ),
  ROLLBACK_AUTHORIZATION_EXPIRED: refusal('An authorization to go back that is over', 'Ask for the rollback again.'),
  LAST_KNOWN_GOOD_MISSING: refusal('The node holds no pack that it could go back to', 'Release a pack to its channel.'),
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
  CHANNEL_CHANGE_NEEDLESS: refusal('The channel is so already, or cannot be so', 'See `orgo channel show`.'),
  FLOOR_ONLY_RISES: forbidden('A floor is never lowered, whoever asks', 'Release a pack at or above the floor.'),
  OVERRIDE_NOT_PERMITTED: forbidden(
    'Not without a named person and a reason, or not before it is validated',
    'Name yourself and the reason; `--override` lifts a freeze before its rollback is validated.',
  ),
  ROLLBACK_TARGET_MISSING: refusal(
    'No pack to go back to: none was confirmed, or none of those may run',
    'See `orgo channel show`; release a good pack forward.',
  ),
  ROLLBACK_TARGET_UNAUTHORIZED: forbidden(
    'Not an authorized release of this channel that nodes confirmed',
    'Name a pack from `orgo channel show` that was confirmed.',
  ),
  ROLLBACK_PREFLIGHT_FAILED: refusal(
    'The pack to go back to cannot be read whole',
    'See `orgo audit fsck`; restore its files, or name another pack.',
  ),
  ROLLBACK_NEEDLESS: refusal('The channel runs that pack already, and offers no other', 'See `orgo channel show`.'),
  ROLLOUT_RATE_LIMITED: refusal(
    'Too many rollbacks of one channel in an hour',
    'Find out what makes them; wait, or ask for an emergency rollback.',
  ),
  STATE_DRIFT: refusal('A node confirmed one pack and runs another', 'See its Case; find out who changed the node.'),
  CHANNEL_NOT_FOUND: absent('No channel of that name is visible to you', 'Check the name with `orgo channel list`.'),
  CHANNEL_FROZEN: refusal(
    'The channel is frozen: nothing is promoted',
    'See who froze it in `orgo channel show`; `orgo channel unfreeze`.',
  ),
  CHANNEL_PINNED: refusal('The channel is pinned to another pack', 'Wait for the pin to end, or `orgo channel unpin`.'),
  CHANNEL_BUSY: refusal('Another release is on its way in the channel', 'Wait for it, or abort it.'),
  BELOW_SECURITY_FLOOR: forbidden(
    'The pack is older than the channel’s floor, which nobody lowers',
    'Release a pack that was first offered at or above the floor.',
  ),
} as const satisfies Record<string, ReasonRow>;
