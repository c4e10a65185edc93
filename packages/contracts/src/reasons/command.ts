import { forbidden, malformed, type ReasonRow, refusal } from './row.ts';

/** Why an adapter refuses to work (GT-05). Each is sealed. */
export const commandReasons = {
  COMMAND_MALFORMED: malformed(
    'A command that does not parse',
    'Only the orchestrator publishes commands; look who sent it.',
  ),
  COMMAND_AUTHORIZATION_MISSING: forbidden(
    'A command without authorization',
    'A stage runs only under a sealed authorization of the gatekeeper.',
  ),
  COMMAND_AUTHORIZATION_UNSEALED: forbidden(
    'The authorization is not proven to be sealed in the tenant’s log',
    'Wait for the receipt; the command must carry the seal.',
  ),
  COMMAND_INPUTS_MISMATCH: forbidden(
    'The command’s inputs are not those authorized',
    'Issue the command with exactly the authorized digests.',
  ),
  COMMAND_BUILD_MISMATCH: forbidden(
    'The authorization is of another build, tenant or stage',
    'Issue the command with its own authorization.',
  ),
  COMMAND_SIGNER_UNTRUSTED: forbidden(
    'Command, authorization or seal signed by a key outside its role',
    'Look who published it; rotate the key if it leaked.',
  ),
  COMMAND_LEASE_EXPIRED: refusal(
    'The command’s lease is over',
    'The orchestrator fences the attempt and issues the next one.',
  ),
  COMMAND_PAYLOAD_MISMATCH: forbidden(
    'The command is not the one the authorization or subject names',
    'Look who published it.',
  ),
} as const satisfies Record<string, ReasonRow>;
