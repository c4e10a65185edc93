import { absent, breach, fault, forbidden, malformed, type ReasonRow, refusal } from './row.ts';

/** The sealed log, its readers and evidence bundles (integrity list 61 to 73). */
export const auditReasons = {
  AUDIT_UNAVAILABLE: fault(
    'Audit does not answer',
    'Nothing moves until its evidence is sealed; it goes on when audit is back.',
  ),
  AUDIT_APPEND_ONLY: forbidden('An attempt to change the log', 'The log only grows.'),
  DECISION_SIGNER_UNTRUSTED: forbidden(
    'A decision signed by a key that is not the gatekeeper’s',
    'Drop it; find out who holds the key.',
  ),
  DECISION_MALFORMED: malformed('A decision that does not parse', 'Drop it.'),
  DECISION_PUT_OFF: fault(
    'A decision cannot be sealed for a minute and more: its report cannot be read back, or what it rests on is not sealed',
    'Its build stands still. The line names the report, or the decision, and why: bring the artifact back (from a backup, or the store), or find out why that decision was refused, and it goes on.',
  ),
  DECISION_OUT_OF_ORDER: fault(
    'A decision came before one of its build that it rests on',
    'Nothing: it is sealed behind that one, for which two gatekeepers may need a moment.',
  ),
  ENTRY_TOO_LARGE: malformed('A log entry over 65,535 bytes', 'Name artifacts by digest instead.'),
  LEAF_HASH_MISMATCH: breach(
    'A stored entry no longer gives its leaf hash',
    'The report names tenant and index; restore from an export.',
  ),
  ROOT_MISMATCH: breach(
    'The entries do not give the signed root',
    'The report names tenant and size; restore from an export.',
  ),
  LOG_ROLLBACK_DETECTED: breach(
    'The log is behind a checkpoint kept outside',
    'Was a backup restored? Signing stays off until explained.',
  ),
  LOG_FORK_DETECTED: breach('The log contradicts a checkpoint kept outside', 'Signing stays off until explained.'),
  LOG_ENTRY_NOT_FOUND: absent('No such log entry', 'The checkpoint says how many entries there are.'),
  LOG_GAP_DETECTED: breach('An index is missing from the log', 'The report names tenant and index.'),
  UNLOGGED_CHANGE: breach(
    'A service’s row is not what the log says',
    'The log stands: nothing was decided as the row has it. Find out who can write to the database, and restore the row from a backup of before.',
  ),
  WITNESS_UNAVAILABLE: fault(
    'A witness does not cosign',
    'Nothing waits for it; it is asked again. Does it know the key of this log? Compare `orgo audit checkpoint`.',
  ),
  WITNESS_QUORUM_NOT_MET: refusal(
    'A checkpoint without the cosignatures that the policy asks for',
    'Get it again when the witnesses have cosigned, or find out why they do not.',
  ),
  RECORD_HASH_MISMATCH: breach('A record no longer gives its hash', 'Run `orgo audit fsck`.'),
  BUNDLE_INVALID: refusal('Not an evidence bundle', 'Pass a folder written by `orgo record export --bundle`.'),
  BUNDLE_FILE_MISSING: breach('A file of the inventory is missing', 'Get the bundle again.'),
  BUNDLE_FILE_UNDECLARED: breach('A file that the inventory does not name', 'Get the bundle again.'),
  BUNDLE_FILE_CHANGED: breach('A file whose bytes are not those of the inventory', 'Get the bundle again.'),
  BUNDLE_STATEMENT_MISMATCH: breach('The record’s statement does not match the bundle', 'Get the bundle again.'),
} as const satisfies Record<string, ReasonRow>;
