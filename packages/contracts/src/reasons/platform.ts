import { absent, breach, fault, forbidden, malformed, type ReasonRow, refusal, usage } from './row.ts';

/** Process, bus, store, API and command line. */
export const platformReasons = {
  CONFIG_INVALID: usage('Settings that do not parse', 'Every problem is listed; see the settings page.'),
  HOME_LOCKED: refusal('Another Orgo runs in this home', 'Use it, stop it with `orgo down`, or set ORGO_HOME.'),
  HOME_UNREADABLE: usage('The home folder cannot be used', 'Check ORGO_HOME and its permissions.'),
  INSTANCE_NOT_RUNNING: fault('No running Orgo found', 'Run `orgo up`, or set ORGO_API.'),
  SERVER_UNAVAILABLE: fault(
    'PostgreSQL, NATS or Redis does not start or answer',
    'See the log the message names; `orgo doctor` looks at each.',
  ),
  SERVER_PROGRAM_MISSING: fault(
    'A server is needed and neither its program nor its URL is there',
    'The message says how to bring either.',
  ),
  SERVER_CONFIG_MISMATCH: breach(
    'A stream, consumer or server setting reads back other than asked',
    'Fix the server; Orgo does not run on a setting it cannot trust.',
  ),
  BUS_UNAVAILABLE: fault('NATS does not answer', 'Messages stay in the outbox and go out when it is back.'),
  DATABASE_UNAVAILABLE: fault('PostgreSQL does not answer', 'Work goes on when it is back.'),
  DATABASE_SECRET_MISSING: usage(
    'Nothing to derive the database passwords of the services from',
    'Put a password into DATABASE_URL, or set ORGO_DATABASE_SECRET.',
  ),
  MIGRATION_FAILED: fault(
    'A migration was refused by PostgreSQL and rolled back',
    'The message holds PostgreSQL’s own words.',
  ),
  MIGRATION_HISTORY_MISMATCH: breach(
    'The database was migrated by other files than these',
    'Run the version that migrated it, or restore the edited file.',
  ),
  REDIS_UNAVAILABLE: fault('Redis does not answer', 'Timers fall back to the sweep in PostgreSQL.'),
  SERVICE_UNAVAILABLE: fault('A service of Orgo does not answer', 'It is started again by itself; see its log.'),
  STATE_CONFLICT: fault('Two writers met; one has to try again', 'It is retried by itself.'),
  MESSAGE_MALFORMED: malformed('A bus message that does not parse', 'Look who sent it.'),
  MESSAGE_TOO_LARGE: malformed('A bus message over the size limit', 'Send large data by content address.'),
  SUBJECT_FORBIDDEN: forbidden(
    'NATS lets this process neither say nor hear that subject',
    'A process keeps to its own arcs; look what runs in it. Of a NATS of your own, check its users.',
  ),
  ARTIFACT_NOT_FOUND: absent(
    'No such artifact is visible to you',
    'Check the digest and the tenant; a digest is not a capability.',
  ),
  ARTIFACT_TOO_LARGE: usage('An artifact over the size limit', 'Split it, or raise ORGO_MAX_ARTIFACT_BYTES.'),
  ARTIFACT_STORE_UNAVAILABLE: fault(
    'The artifact store cannot be read or written now',
    'Check its disk: space, permissions, mount.',
  ),
  TENANT_NOT_FOUND: absent('No such tenant is visible to you', 'Check the name.'),
  RECORD_NOT_FOUND: absent('No such record is visible to you', 'Records exist once their build has ended.'),
  REASON_UNKNOWN: usage('No such reason code', 'See docs/reference/reasons.md.'),
  ROUTE_NOT_FOUND: absent('No such address', 'See /openapi.json.'),
  REQUEST_INVALID: malformed(
    'A request that does not match its contract',
    'The detail names the field; `--help` of the command and /openapi.json say what it takes.',
  ),
  REQUEST_UNAUTHENTICATED: {
    ...forbidden(
      'No valid token',
      'Send the API token of its home (the file `api-token`) as a bearer token; `orgo` takes it as ORGO_TOKEN.',
    ),
    http: 401,
  },
  IDEMPOTENCY_KEY_REUSED: usage('Same idempotency key, other body', 'Use a new key for a new request.'),
  USAGE_INVALID: usage('A command that is not understood', 'See --help.'),
  INPUT_UNREADABLE: usage('A file or folder that cannot be read', 'Check the path and its permissions.'),
  INPUT_PATH_INVALID: usage(
    'A file name that cannot travel',
    'Rename it: no control characters, no backslash, no parent steps.',
  ),
  OUTPUT_UNWRITABLE: usage(
    'A file or folder that cannot be written',
    'Check the path, its folder and its permissions.',
  ),
  NOT_PROJECTABLE: refusal('The record has no honest public form', 'The detail says which public field has no value.'),
  SETUP_FAILED: fault(
    'The checkout could not be set up',
    'The message names the step; check the network and run the command again.',
  ),
  SETUP_REQUIRED: fault(
    'The checkout is not set up, and this command never installs anything',
    'Run `npx orgo --help` once, with a network.',
  ),
  INTERNAL_ERROR: fault('Something unforeseen', 'Report it with the trace id.'),
} as const satisfies Record<string, ReasonRow>;
