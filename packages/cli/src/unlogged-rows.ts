import type { BuildStatus, ChannelStatus, LoggedSubject, ReleaseStatus } from '@orgo/contracts';
import { isTerminalBuildPhase } from '@orgo/contracts';

// What a service's row may say, given the log. A receipt comes after its entry is sealed, so a row says at most what the log said before the row was read: whoever
// compares reads the row first. The log may be further than a row, while a receipt is on its way; that is `late`.

type Entry = LoggedSubject['entries'][number];

/** What a row says otherwise than the log. `late`: it is right as soon as the row has caught up. */
export type Difference = { row: string; log: string; late: boolean };

const differs = (row: string, log: string, late = false): Difference => ({ row, log, late });
const word = (value: unknown): string => (typeof value === 'string' ? value : 'nothing');
const passed =
  (kind: Entry['kind']) =>
  (entry: Entry): boolean =>
    entry.kind === kind && entry.verdict === 'PASS';
const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());

/** The decision that a stage of a row was ended by must be in the log at its place, about that stage, with that verdict and those outputs. */
function ofStage(stage: BuildStatus['stages'][number], entries: readonly Entry[]): Difference[] {
  if (stage.status === 'RUNNING') return [];
  // A stage that the gatekeeper said nothing about waits for a person, and nothing is sealed.
  if (stage.status === 'ERROR' && stage.log_index === null) return [];
  const row = `${stage.stage} ${stage.status} at log/${stage.log_index}`;
  const entry = entries.find(({ index }) => index === stage.log_index);
  if (entry === undefined) return [differs(row, 'no entry of this build there')];
  const said = `${entry.stage ?? entry.kind} ${entry.verdict}`;
  // A stage stops by a verdict about it, or because a claim about it was refused.
  if (stage.status === 'ERROR') return entry.verdict === 'PASS' ? [differs(row, said)] : [];
  if (entry.stage !== stage.stage || entry.verdict !== stage.status) return [differs(row, said)];
  const outputs = stage.outputs.map(({ ref }) => ref);
  return sameSet(outputs, entry.outputs)
    ? []
    : [differs(`${row} with outputs ${outputs.join(', ') || 'none'}`, entry.outputs.join(', ') || 'no outputs')];
}

/** How a build ended, and what it gave, is what its sealed record says. */
function ofEnd(row: BuildStatus, record: Entry | undefined): Difference[] {
  if (!isTerminalBuildPhase(row.status))
    return record === undefined
      ? []
      : [differs(row.status, `${word(record.detail.outcome)}, log/${record.index}`, true)];
  if (record === undefined) return [differs(row.status, 'no sealed record')];
  const { outcome, kristal_id, pack_id } = record.detail;
  const log = `log/${record.index}`;
  if (outcome !== row.status) return [differs(row.status, `${word(outcome)}, ${log}`)];
  return [
    ...(record.outputs.some((ref) => ref === row.record_ref)
      ? []
      : [differs(`record ${row.record_ref}`, `another, ${log}`)]),
    ...(word(kristal_id) === word(row.kristal_id) && word(pack_id) === word(row.pack_id)
      ? []
      : [differs(`kristal ${row.kristal_id}, pack ${row.pack_id}`, `${word(kristal_id)}, ${word(pack_id)}, ${log}`)]),
    ...(sameSet(row.reason_codes, record.reason_codes)
      ? []
      : [
          differs(
            `codes ${row.reason_codes.join(', ') || 'none'}`,
            `${record.reason_codes.join(', ') || 'none'}, ${log}`,
          ),
        ]),
  ];
}

/** A build against the log. One under way says nothing that has to be sealed, but for the stages that it has behind it. */
export function buildDifferences(row: BuildStatus, entries: readonly Entry[]): Difference[] {
  const begun = row.stages.length > 0 || row.status === 'RUNNING';
  const admitted = begun && !entries.some(passed('ADMISSION')) ? [differs(row.status, 'never admitted')] : [];
  return [
    ...admitted,
    ...row.stages.flatMap((stage) => ofStage(stage, entries)),
    ...ofEnd(row, entries.find(passed('RECORD'))),
  ];
}

const authorized: readonly ReleaseStatus['status'][] = ['VERIFIED', 'RELEASING', 'RELEASED', 'PAUSED', 'ROLLED_BACK'];

/** The ends that a release may be in, given the end that was sealed; null: no end needs to be. */
function endsAfter(close: Entry | undefined, entries: readonly Entry[]): readonly unknown[] | null {
  if (close === undefined) return null;
  // What was released may be gone back from later, with a decision about its channel.
  return close.detail.status === 'RELEASED' && entries.some(isRollback)
    ? ['RELEASED', 'ROLLED_BACK']
    : [close.detail.status];
}

/** A release against the log: nothing is published, no cohort opened and no release ended well without its entry. */
export function releaseDifferences(row: ReleaseStatus, entries: readonly Entry[]): Difference[] {
  const { status } = row;
  const authorization = entries.find(passed('RELEASE'));
  if (authorized.includes(status) && authorization === undefined) return [differs(status, 'never authorized')];
  const given = authorization?.detail ?? {};
  const found: Difference[] = [];
  if (authorized.includes(status) && (given.pack_id !== row.pack_id || given.channel !== row.channel))
    found.push(differs(`pack ${row.pack_id} to ${row.channel}`, `${word(given.pack_id)} to ${word(given.channel)}`));
  const opened = new Set(entries.filter(passed('RELEASE_STEP')).map(({ detail }) => detail.step));
  for (const { step, opened_at } of row.steps)
    if (opened_at !== null && !opened.has(step))
      found.push(differs(`step ${step} opened at ${opened_at}`, 'never authorized'));
  const close = entries.find(passed('RELEASE_CLOSE'));
  const ends = endsAfter(close, entries);
  const ended = ['RELEASED', 'ROLLED_BACK', 'FAILED', 'CANCELED'].includes(status);
  if (ends === null && (status === 'RELEASED' || status === 'ROLLED_BACK'))
    found.push(differs(status, 'no sealed end'));
  if (ends !== null && !ends.includes(status))
    found.push(differs(status, `${ends.map(word).join(' or ')}, log/${close?.index}`, !ended));
  return found;
}

const isRollback = (entry: Entry): boolean => passed('ROLLBACK')(entry) && entry.detail.drill !== true;

type Place<T> = { index: number; value: T };
/** What the log says of a channel, whatever the order in which its entries are read. */
type LoggedChannel = {
  frozen: Place<boolean>;
  pin: Place<string | null>;
  revoked: Set<string>;
  quarantined: Set<string>;
  floor: number;
};

const later = <T>(a: Place<T>, b: Place<T>): Place<T> => (b.index > a.index ? b : a);

/** Collects what the log says of channels. Its memory grows with the channels and with what is barred in them. */
export function createLoggedChannels() {
  const channels = new Map<string, LoggedChannel>();
  const none: LoggedChannel = {
    frozen: { index: -1, value: false },
    pin: { index: -1, value: null },
    revoked: new Set(),
    quarantined: new Set(),
    floor: 0,
  };
  const fresh = (): LoggedChannel => ({ ...none, revoked: new Set(), quarantined: new Set() });
  const change = (at: LoggedChannel, index: number, asked: Record<string, unknown>): void => {
    const { change: what, pack_id, pack_seq } = asked;
    if (what === 'freeze' || what === 'unfreeze') at.frozen = later(at.frozen, { index, value: what === 'freeze' });
    if (what === 'pin' || what === 'unpin')
      at.pin = later(at.pin, { index, value: what === 'pin' ? word(pack_id) : null });
    if (what === 'revoke') at.revoked.add(word(pack_id));
    if (what === 'quarantine') at.quarantined.add(word(pack_id));
    if (what === 'floor') at.floor = Math.max(at.floor, Number(pack_seq));
  };
  return {
    add(entries: readonly Entry[]): void {
      for (const entry of entries) {
        const isChange = passed('CHANNEL_CHANGE')(entry);
        if (!isChange && !isRollback(entry)) continue;
        const name = word(entry.detail.channel);
        const at = channels.get(name) ?? fresh();
        channels.set(name, at);
        if (isChange) change(at, entry.index, entry.detail.change as Record<string, unknown>);
        else at.frozen = later(at.frozen, { index: entry.index, value: true });
      }
    },
    of: (name: string): LoggedChannel => channels.get(name) ?? none,
    names: (): string[] => [...channels.keys()],
  };
}

/** A row has all that the log says at once, or soon; what it has beside that was never decided. */
function ofSet(what: string, row: ReadonlySet<string>, log: ReadonlySet<string>): Difference[] {
  const more = [...row].filter((one) => !log.has(one));
  const less = [...log].filter((one) => !row.has(one));
  return [
    ...(more.length === 0 ? [] : [differs(`${what} ${more.join(', ')}`, 'not decided')]),
    ...(less.length === 0 ? [] : [differs(`not ${what} ${less.join(', ')}`, 'decided', true)]),
  ];
}

/** A channel against what the log says of it: whether it is frozen, its pin, its floor, and what is barred. */
export function channelDifferences(row: ChannelStatus, log: LoggedChannel): Difference[] {
  const said = (frozen: boolean): string => (frozen ? 'frozen' : 'not frozen');
  const packs = (list: readonly { pack_id: string }[]): Set<string> => new Set(list.map(({ pack_id }) => pack_id));
  const frozen = row.frozen !== null;
  const pin = row.pin?.pack_id ?? null;
  const floor = row.floor.pack_seq;
  return [
    ...(frozen === log.frozen.value ? [] : [differs(said(frozen), said(log.frozen.value), log.frozen.index >= 0)]),
    ...(pin === log.pin.value ? [] : [differs(`pinned to ${pin}`, `pinned to ${log.pin.value}`, log.pin.index >= 0)]),
    ...(floor === log.floor ? [] : [differs(`floor ${floor}`, `floor ${log.floor}`, floor < log.floor)]),
    ...ofSet('revoked', packs(row.revoked), log.revoked),
    ...ofSet('put aside', packs(row.quarantined), log.quarantined),
  ];
}
