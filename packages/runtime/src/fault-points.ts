/** One moment beside an I/O. `persisted`: whether what the I/O writes is durable (or heard) already when the moment comes. */
type Row = { service: string; persisted: boolean; sentence: string };

/**
 * Moments around every commit, publish and ack at which a process may die. Each I/O has one before it (nothing persisted) and one after it
 * (persisted, but the caller does not know). `test/fault` drives each row; `docs/faults.md` shows them.
 * The points of `service` "all" are passed by every service with a database.
 */
export const faultPoints = {
  'inbox.inserted': row('all', false, 'the inbox rows are written, the transaction is open'),
  'tx.beforeCommit': row('all', false, 'every row of the transaction is written, nothing is committed'),
  'tx.afterCommit': row('all', true, 'committed; the relay does not know yet'),
  'ack.before': row('all', true, 'committed and nudged; the sender has no answer yet'),
  'relay.beforePublish': row('all', false, 'outbox rows are read, nothing is sent'),
  'relay.afterPublish': row('all', true, 'the receiver has answered; the rows are still in the outbox'),
  'relay.beforeMark': row('all', false, 'about to delete rows that were answered'),
  'relay.afterMark': row('all', true, 'rows that were answered are deleted'),
  'alarm.claimed': row('orchestrator, release', false, 'due alarms are marked, nobody was told'),
  'alarm.fired': row(
    'orchestrator, release',
    true,
    'the machine has committed what the alarms did; their rows are still there',
  ),
  'alarm.deleted': row('orchestrator, release', true, 'the rows of fired alarms are deleted'),
  'start.beforeCommit': row('orchestrator', false, 'the API has admitted a build, nothing of it is stored'),
  'start.committed': row('orchestrator', true, 'the build is stored; who asked for it has no answer yet'),
  'receipts.folded': row('orchestrator', true, 'the receipts are folded; audit has no answer yet'),
  'adapter.beforeStore': row('adapter', false, 'the stage has run, an output of it is not stored'),
  'adapter.stored': row('adapter', true, 'an output is stored, and nobody names it yet'),
  'adapter.signed': row('adapter', false, 'the reply is signed and kept in memory alone'),
  'adapter.replySent': row('adapter', true, 'the gatekeeper has the reply; the command is still in the queue'),
  'adapter.beforeAck': row('adapter', false, 'all of a message is answered, and it is still in the queue'),
  'adapter.afterAck': row('adapter', true, 'the message is acknowledged; the server may or may not have heard it'),
  'gate.beforeReport': row('gatekeeper', false, 'a decision is made, its report is not stored'),
  'gate.reportStored': row('gatekeeper', true, 'the report is stored, and no decision names it yet'),
  'gate.frozen': row('gatekeeper', true, 'nothing more is decided about the build, and its record is not folded yet'),
  'gate.recordStored': row('gatekeeper', true, 'record and statement are stored, and no decision names them yet'),
  'gate.decided': row('gatekeeper', true, 'the decisions are committed; the sender has no answer yet'),
  'audit.reportRead': row('audit', false, 'the report of a decision can be read; the decision is not sealed'),
  'audit.sealed': row('audit', true, 'entries and receipts are committed; the checkpoint outside is an older one'),
  'audit.beforeCheckpoint': row('audit', false, 'the checkpoint file is about to be replaced'),
  'audit.checkpointWritten': row('audit', true, 'the checkpoint file is the newest'),
  'audit.recordStored': row('audit', true, 'the record is stored; the gatekeeper has no answer yet'),
  'audit.answered': row('audit', true, 'the decisions are sealed; the gatekeeper has no answer yet'),
  'release.beforeNonce': row('release', false, 'a report of an enrolled node was read, its nonce is not taken'),
  'release.nonceTaken': row('release', true, 'the nonce is bound to the report, of which nothing else is stored'),
  'release.beforeAuthorization': row(
    'release',
    false,
    'a release may be offered, what shows it to nodes is not stored',
  ),
  'release.authorizationStored': row('release', true, 'what nodes will ask for is stored, and nobody names it yet'),
  'release.signed': row('release', false, 'the new metadata is signed, none of it is kept'),
  'release.kept': row('release', true, 'the new metadata is kept, none of it is a file'),
  'release.beforeTimestamp': row(
    'release',
    false,
    'all metadata is written but the timestamp, so clients see none of it',
  ),
  'release.timestampWritten': row('release', true, 'clients see the new metadata, whoever wrote it does not know'),
  'release.published': row('release', true, 'clients see the release; its row says nothing of it yet'),
  'release.folded': row('release', true, 'the receipts are folded; audit has no answer yet'),
  'release.beforeAgain': row('release', false, 'a claim whose key is gone is signed anew, and not in the outbox'),
  'release.saidAgain': row(
    'release',
    true,
    'the claim under the new key is in the outbox, beside the one that was refused',
  ),
  'node.beforeSwitch': row('node', false, 'the pack is verified, the old one serves'),
  'node.switched': row('node', true, 'the new pack serves, and nobody was told'),
  'node.beforeReport': row('node', false, 'the report is about to be sent'),
  'node.reported': row('node', true, 'the release service has the report; the node does not know'),
} as const satisfies Record<string, Row>;

function row(service: string, persisted: boolean, sentence: string): Row {
  return { service, persisted, sentence };
}

export type FaultPoint = keyof typeof faultPoints;

/** Where tests break the process. Production passes `noFaults`. */
export type FaultPoints = {
  /** May throw, never return, or end the process. */
  at(name: FaultPoint): Promise<void> | void;
};

export const noFaults: FaultPoints = { at: () => undefined };
