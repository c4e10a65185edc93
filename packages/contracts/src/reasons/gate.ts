import { breach, fault, forbidden, malformed, type ReasonRow, refusal } from './row.ts';

/** Gate decisions: replies, claims, integrity, order (GT rows, integrity list 1 to 7, 17 to 20, 41 to 45). */
export const gateReasons = {
  ADAPTER_KEY_NOT_AUTHORIZED: forbidden(
    'A reply signed by a key that is not this stage’s adapter',
    'Drop it; find out who holds the key.',
  ),
  REPLY_SIGNATURE_INVALID: forbidden('A reply whose signature does not verify', 'Drop it; the stage keeps waiting.'),
  REPLY_MALFORMED: malformed('A reply that does not parse', 'Fix the adapter; run the conformance kit.'),
  REPLY_CORRELATION_MISMATCH: forbidden(
    'A reply that names another build, stage or command than the one it carries',
    'Drop it; the stage keeps waiting.',
  ),
  REPLY_STALE_ATTEMPT: refusal(
    'A reply of an attempt below the fence',
    'Nothing to do: a later attempt owns the stage.',
  ),
  REPLY_DUPLICATE: refusal('The same reply again', 'Nothing to do.'),
  REPLY_EQUIVOCATION: breach(
    'A second, different reply for one command',
    'The adapter lies or is nondeterministic; its version is to be quarantined.',
  ),
  COMMAND_DUPLICATE: refusal('The same command again', 'Nothing to do: the first result stands.'),
  CLAIM_MALFORMED: malformed('A claim that does not parse', 'Only orchestrator and release submit claims.'),
  CLAIM_SIGNER_UNTRUSTED: forbidden('A claim signed by a key outside its role', 'Drop it; find out who holds the key.'),
  CLAIM_TIME_AHEAD: refusal(
    'A claim of a time to come',
    'Its as_of is more than five minutes ahead of the gatekeeper: set the clock of who made it.',
  ),
  TENANT_MISMATCH: forbidden('Subject, body and signature name different tenants', 'Drop it.'),
  STAGE_ORDER_VIOLATION: refusal('A stage out of order', 'The spine is fixed: earlier stages must have passed.'),
  STAGE_UNKNOWN: refusal('A stage the pinned pipeline does not have', 'Use a stage of the build’s pipeline snapshot.'),
  GATE_SUBJECT_UNKNOWN: refusal('No admitted build or release of that id', 'Start the build; ids are never reused.'),
  GATE_SUBJECT_CLOSED: refusal('The build or release has ended', 'Start a new one.'),
  GATE_INPUT_MISMATCH: refusal(
    'The reply was made under another authorization or other inputs',
    'Drop it; the stage keeps waiting.',
  ),
  GATE_EVIDENCE_MISSING: fault(
    'Evidence the gate needs cannot be read now',
    'Check the artifact store and audit; the gate stays shut meanwhile.',
  ),
  GATE_REQUIRED_MISSING: refusal(
    'The pipeline lacks a gate the mandate requires',
    'Use a pipeline that has the gate (GT-14).',
  ),
  GATE_OUTPUT_MISSING: refusal('A reply without an output the stage must give', 'Fix the adapter.'),
  GATE_OUTPUT_UNDECLARED: refusal('A reply with an output kind the stage may not give', 'Fix the adapter.'),
  GATE_CONTRACT_INVALID: refusal(
    'An output that does not match its pinned contract',
    'Fix the adapter; the report names path and rule.',
  ),
  GATE_UNAVAILABLE: fault(
    'The gatekeeper does not answer',
    'Nothing advances meanwhile; it goes on when the gatekeeper is back.',
  ),
  NO_COMPILE_ON_FAIL: forbidden('A compile without a passed validation', 'Fix the input and start a new build.'),
  NONDETERMINISM_DETECTED: breach(
    'Same stage key, other digests',
    'Quarantine the adapter version and rerun in a clean environment.',
  ),
  HASH_MISMATCH: breach(
    'Stored bytes differ from their declared digest',
    'Run `orgo audit fsck`; restore the artifact from another copy.',
  ),
  SIZE_MISMATCH: breach(
    'Stored bytes differ from their declared size',
    'Run `orgo audit fsck`; restore the artifact from another copy.',
  ),
  INTEGRITY_FIELD_MALFORMED: refusal(
    'A digest or size field that is malformed or empty',
    'Malformed is an error, never “absent”.',
  ),
  MANDATE_MISSING: refusal(
    'No mandate where the policy demands one',
    'Pass --mandate FILE or activate a mandate for the tenant.',
  ),
  MANDATE_INVALID: refusal('The mandate does not parse or its id is not its digest', 'Build the bundle again.'),
  MANDATE_SIGNATURE_INVALID: forbidden(
    'The mandate is not signed by an operator key of the tenant',
    'Sign it with an operator key.',
  ),
  MANDATE_NOT_EFFECTIVE: refusal(
    'The mandate is not in force at the build’s as_of',
    'Use a mandate whose window covers the build.',
  ),
  BLUEPRINT_UNPINNED: refusal(
    'A pipeline, resource or tool that is not pinned by digest',
    'Pin it; “latest” is never an input.',
  ),
  POLICY_CONFLICT: refusal('Policies contradict each other and no rule breaks the tie', 'Change the mandate.'),
  QUOTA_EXCEEDED: refusal('Over the tenant’s quota', 'Wait for running builds, or raise the quota.'),
  RECORD_INCOMPLETE: breach('The folded record lacks a decision the gatekeeper gave', 'Run `orgo audit fsck`.'),
  BUILD_NOT_ELIGIBLE: refusal('No sealed, COMPLETED Build Record for that build', 'Release only completed builds.'),
  CHANNEL_NOT_ALLOWED: forbidden(
    'The mandate does not allow that channel',
    'Choose an allowed channel, or change the mandate.',
  ),
  REPORT_NOT_ENROLLED: forbidden(
    'A report by a node that is not enrolled',
    'Enroll the node with `orgo konnaxion join`.',
  ),
  REPORT_REPLAYED: forbidden('A node report whose nonce was used before, or which a younger one overtook', 'Drop it.'),
  REPORT_NUMBER_MISMATCH: refusal(
    'A node names another number for its pack than the one it was opened under',
    'Look at that node, and at what its channel offered it: one of the two is not as it should be.',
  ),
  REPORT_MALFORMED: malformed('A node report that does not parse', 'Update the node.'),
} as const satisfies Record<string, ReasonRow>;
