import { absent, breach, fault, type ReasonRow, refusal } from './row.ts';

/** The build machine and its stages (SP rows, C-24, C-28). */
export const buildReasons = {
  BUILD_NOT_FOUND: absent('No build of that id is visible to you', 'Check the id and the tenant.'),
  BUILD_TRANSITION_ILLEGAL: refusal(
    'The build’s state does not allow that',
    'See `orgo build status`; the machine page lists what is allowed.',
  ),
  BUILD_CANCELLED: refusal('The build was cancelled', 'Start a new build.'),
  STOP_REPLAY_CONFLICT: refusal('Another build of the same subject is live', 'Wait for it, or cancel it.'),
  STAGE_TIMEOUT: fault('A stage did not answer within its lease', 'The attempt is fenced and issued again.'),
  STAGE_ATTEMPTS_EXHAUSTED: refusal(
    'A stage used up its attempts',
    'The build is BLOCKED: fix the cause, then `orgo build resume`.',
  ),
  CLAIM_UNANSWERED: refusal(
    'The gatekeeper was asked again and again and never answered',
    'Its log, or that of audit, says why (a key that is not in its trust root, a report that is gone, an outage). Fix that, then `orgo build resume`.',
  ),
  STAGE_LIMIT_EXCEEDED: refusal(
    'A stage went over its resource limit',
    'Split the input or raise the limit in the pipeline.',
  ),
  STAGE_INPUT_INVALID: refusal(
    'An input of the stage is absent or does not match its contract',
    'Look at the stage that made it; the detail names the input.',
  ),
  STAGE_INTERNAL_ERROR: fault(
    'An adapter failed in a way it does not name',
    'Read the adapter’s log; the attempt is issued again.',
  ),
  RERUN_DIVERGED: breach('A rerun gave other outputs', 'Treat the stage as nondeterministic.'),
  VALIDATION_FAILED: refusal(
    'The validation report says no',
    'Read the report’s codes, fix the input, start a new build.',
  ),
  VALIDATION_PARTIAL: refusal(
    'Validation passed only partly, and the mandate does not admit that',
    'Resolve what is unresolved, or change the mandate.',
  ),
  VALIDATION_TIMEOUT: refusal(
    'Validation did not end in time, which counts as a failure',
    'Split the input or raise the limit; start a new build.',
  ),
  VALIDATION_REPORT_INVALID: refusal('The validation report does not match its contract', 'Fix the validator.'),
  VALIDATION_REPORT_MISMATCH: refusal('The validation report judges other inputs', 'Fix the validator.'),
  INGEST_PARSE_ERROR: refusal('A document that cannot be read', 'Fix or remove the document the report names.'),
  INGEST_CORPUS_EMPTY: refusal('A corpus without documents', 'Pass at least one file.'),
  INGEST_DOCUMENT_TOO_LARGE: refusal(
    'A document over the size that the mandate allows',
    'Split it, or raise max_document_bytes in the mandate’s ingest policy, up to the contract profile’s ceiling.',
  ),
  INGEST_CORPUS_TOO_LARGE: refusal(
    'More documents, or more bytes of them, than the mandate allows',
    'Split the corpus, or raise max_documents or max_corpus_bytes in the mandate’s ingest policy.',
  ),
  INGEST_PROVENANCE_INCOMPLETE: refusal('A document without complete provenance', 'Say where it is from.'),
  EXTRACT_SCHEMA_INVALID: refusal('Claim-IR that does not match its contract', 'Fix the extractor.'),
  RESOURCE_VERSION_MISSING: refusal(
    'A pinned resource is absent or not what the pin says',
    'Pin a resource that exists.',
  ),
  RESOLVE_TIMEOUT: fault(
    'Resolution did not end in its attempts',
    'The build is BLOCKED: fix the cause, then `orgo build resume`.',
  ),
  COMPILE_FAILED: refusal(
    'Compilation did not come to an end',
    'Nothing was published. Read the report; where the build is BLOCKED, fix the cause, then `orgo build resume`.',
  ),
  KEY_REVALIDATION_FAILED: breach(
    'A stored idempotency key is not what its inputs give',
    'Do not resume: somebody changed the build’s stored state. Cancel it and start a new one.',
  ),
  DEAD_LETTERED: refusal(
    'A document was put aside, and the build goes on without it',
    'See `orgo deadletter list`; `orgo deadletter requeue` has the next build take it again.',
  ),
  CASE_NOT_FOUND: absent('No Case of that id is visible to you', 'See `orgo case list`.'),
  DEADLETTER_NOT_FOUND: absent(
    'No dead letter of that document is visible to you',
    'See `orgo deadletter list --all`.',
  ),
} as const satisfies Record<string, ReasonRow>;
