/** Rows at which nobody is killed by itself, and why: no door leads there, or what happens there is, to whoever dies, the same as at a row where somebody is killed. */
const groups: readonly { why: string; rows: readonly string[] }[] = [
  {
    why: 'no door: a channel that nothing was offered to is not found, so nobody can ask it for anything',
    rows: [
      'OfferConfirmed',
      'ReleaseWaits',
      'RollbackAsked',
      'RollbackPreflighted',
      'RollbackEnded',
      'RollbackValidated',
      'ChangeAsked',
      'ChangeAnswered',
      'CandidateWithdrawn',
      'PackPinned',
      'PackUnpinned',
      'PackRevoked',
      'PackQuarantined',
      'FloorRaised',
      'ChannelFrozen',
    ].map((type) => `channel NEW ${type}`),
  },
  {
    why: 'no process: a migration writes it, in its own transaction (bootstrap-migrations.test.ts kills there)',
    rows: ['channel NEW ChannelImported'],
  },
  {
    why: 'the same input in the same transaction as in OPEN; the phase only decides whether it is let through',
    rows: [
      'OfferConfirmed',
      'ReleaseWaits',
      'RollbackAsked',
      'RollbackPreflighted',
      'RollbackEnded',
      'CandidateWithdrawn',
      'PackPinned',
      'PackUnpinned',
      'PackRevoked',
      'PackQuarantined',
      'FloorRaised',
      'ChannelFrozen',
      'ChannelRolledBack',
    ].map((type) => `channel FROZEN ${type}`),
  },
  {
    why: 'the receipt of `channel FROZEN RollbackValidated`, where a person had lifted the freeze before',
    rows: ['channel OPEN RollbackValidated'],
  },
  {
    why: 'a person’s word that writes an event and sends a claim, as `channel OPEN ChangeAsked` is',
    rows: ['release QUEUED ReleaseCanceled', 'release VERIFYING ReleaseCanceled'],
  },
  {
    why: 'the word of the channel that `release VERIFIED ReleasePublished` is, heard while a person had paused it',
    rows: ['release PAUSED ReleasePublished'],
  },
  {
    why: 'the receipt of an end, as `release PAUSED ReleaseCanceled` and `release PAUSED ReleaseRolledBack` are',
    rows: ['release PAUSED ReleaseFailed'],
  },
  {
    why: 'written by one function in one look with `release RELEASING ReleaseStopped`, as `step SOAKING StepFailed` is',
    rows: ['PENDING', 'WAITING_WINDOW', 'DISPATCHING', 'CONVERGING', 'ANALYZING', 'GATE', 'INCONCLUSIVE'].map(
      (from) => `step ${from} StepFailed`,
    ),
  },
  {
    why: 'a look that writes an event and says nothing, as `step SOAKING StepSoaked` is',
    rows: ['SOAKING', 'ANALYZING', 'GATE'].map((from) => `step ${from} StepFellBack`),
  },
  {
    why: 'the look of `step ANALYZING StepInconclusive`',
    rows: ['step CONVERGING StepInconclusive', 'step SOAKING StepInconclusive'],
  },
  {
    why: 'the look of `step PENDING StepAsked` or `step PENDING StepWaits`, later',
    rows: ['step WAITING_WINDOW StepAsked', 'step WAITING_WINDOW StepWaits'],
  },
  {
    why: 'a person’s resuming, in the one transaction of `release PAUSED ReleaseResumed`',
    rows: ['DISPATCHING', 'ANALYZING', 'GATE'].map((from) => `step ${from} StepResumed`),
  },
  {
    why: 'a person’s promoting, as `step GATE StepPromoted` is',
    rows: ['step ANALYZING StepPromoted'],
  },
  {
    why: 'a join of `node NEW NodeJoinAsked`, by a node that is known',
    rows: ['JOINING', 'ENROLLED', 'REFUSED'].map((from) => `node ${from} NodeJoinAsked`),
  },
  {
    why: 'the receipt of `node JOINING NodeEnrolled`, with the other verdict',
    rows: ['node JOINING NodeRefused'],
  },
];

/** Row by row. */
export const sentences: ReadonlyMap<string, string> = new Map(
  groups.flatMap(({ why, rows }) => rows.map((row) => [row, why] as const)),
);

/** The lines of the table in docs/faults.md. */
export const sentenceLines: string[] = groups.map(
  ({ why, rows }) => `| ${rows.map((row) => `\`${row}\``).join(', ')} | ${why} |`,
);
