/**
 * Moments around every I/O at which a process may die. Each I/O has one before it (nothing persisted) and one after it
 * (persisted, but the caller does not know). `test/fault` drives each row.
 */
export const faultPoints = {
  'inbox.inserted': 'The inbox rows are written, the transaction is open',
  'tx.beforeCommit': 'Every row of the transaction is written, nothing is committed',
  'tx.afterCommit': 'Committed; the relay does not know yet',
  'ack.before': 'Committed and nudged; the sender has no answer yet',
  'relay.beforePublish': 'Outbox rows are read, nothing is sent',
  'relay.afterPublish': 'The receiver has answered; the rows are still in the outbox',
  'relay.beforeMark': 'About to delete rows that were answered',
  'relay.afterMark': 'Rows that were answered are deleted',
  'alarm.claimed': 'Due alarms are marked, nobody was told',
  'alarm.fired': 'The machine has committed what the alarms did; their rows are still there',
  'alarm.deleted': 'The rows of fired alarms are deleted',
} as const;

export type FaultPoint = keyof typeof faultPoints;

/** Where tests break the process. Production passes `noFaults`. */
export type FaultPoints = {
  /** May throw, never return, or end the process. */
  at(name: FaultPoint): Promise<void> | void;
};

export const noFaults: FaultPoints = { at: () => undefined };
