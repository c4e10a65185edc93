import type { BuildStatus, ChannelStatus, LoggedSubject, ReleaseStatus } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { buildDifferences, channelDifferences, createLoggedChannels, releaseDifferences } from './unlogged-rows.ts';

type Entry = LoggedSubject['entries'][number];
const log = (...entries: Partial<Entry>[]): Entry[] =>
  entries.map((entry, index) => ({
    ...{ index, kind: 'STAGE', verdict: 'PASS', stage: null, reason_codes: [], outputs: [], detail: {} },
    ...entry,
  }));
const [made, record] = [digestOf('made'), digestOf('record')];
const pack = 'a'.repeat(64);

describe('a build', () => {
  const end = (outcome: string): Partial<Entry> => ({
    kind: 'RECORD',
    outputs: [record],
    detail: { outcome, kristal_id: null, pack_id: pack },
  });
  const entries = log({ kind: 'ADMISSION' }, { stage: 'pin', outputs: [made] }, end('COMPLETED'));
  const pin = { stage: 'pin', status: 'PASS', log_index: 1, outputs: [{ ref: made }] };
  const row = (more: object): BuildStatus =>
    ({
      ...{ status: 'COMPLETED', stages: [pin], record_ref: record, kristal_id: null, pack_id: pack, reason_codes: [] },
      ...more,
    }) as unknown as BuildStatus;

  it('that the log bears out, ended or under way, differs in nothing', () => {
    expect(buildDifferences(row({}), entries)).toEqual([]);
    expect(buildDifferences(row({ status: 'RUNNING' }), entries.slice(0, 2))).toEqual([]);
    expect(buildDifferences(row({ status: 'CREATED', stages: [] }), [])).toEqual([]);
    const silent = { stage: 'ingest', status: 'ERROR', log_index: null, outputs: [] };
    expect(buildDifferences(row({ status: 'BLOCKED', stages: [pin, silent] }), entries.slice(0, 2))).toEqual([]);
    const refused = [...entries.slice(0, 2), ...log({ index: 2, kind: 'REFUSAL', verdict: 'NOTED' })];
    expect(buildDifferences(row({ status: 'BLOCKED', stages: [pin, { ...silent, log_index: 2 }] }), refused)).toEqual(
      [],
    );
  });
  it.each<[string, object, Entry[]]>([
    ['that says COMPLETED where FAILED is sealed', {}, log({ kind: 'ADMISSION' }, entries[1] as Entry, end('FAILED'))],
    ['that has ended where no record is sealed', {}, entries.slice(0, 2)],
    ['that runs and was never admitted', { status: 'RUNNING', stages: [] }, []],
    ['with another record', { record_ref: made }, entries],
    ['with another pack', { pack_id: 'b'.repeat(64) }, entries],
    ['with other codes', { reason_codes: ['HASH_MISMATCH'] }, entries],
    ['with a stage that was never decided', { stages: [pin, { ...pin, stage: 'ingest', log_index: 7 }] }, entries],
    ['with a stage that has no place in the log', { stages: [{ ...pin, log_index: null }] }, entries],
    ['with a stage at the place of another', { stages: [{ ...pin, log_index: 0 }] }, entries],
    [
      'with a stage that passed and is sealed as failed',
      {},
      [entries[0], { ...entries[1], verdict: 'FAIL' }, entries[2]] as Entry[],
    ],
    ['with other outputs', { stages: [{ ...pin, outputs: [{ ref: record }] }] }, entries],
  ])('%s differs', (_, more, sealed) => {
    expect(buildDifferences(row(more), sealed)).toEqual([expect.objectContaining({ late: false })]);
  });
  it('that runs where its end is sealed may be late', () => {
    expect(buildDifferences(row({ status: 'RUNNING' }), entries)).toEqual([
      { row: 'RUNNING', log: 'COMPLETED, log/2', late: true },
    ]);
  });
});

describe('a release', () => {
  const given: Partial<Entry> = { kind: 'RELEASE', detail: { pack_id: pack, channel: 'stable' } };
  const opened: Partial<Entry> = { kind: 'RELEASE_STEP', detail: { step: 0 } };
  const ended = (status: string): Partial<Entry> => ({ kind: 'RELEASE_CLOSE', detail: { status } });
  const back: Partial<Entry> = { kind: 'ROLLBACK', detail: { drill: false, channel: 'stable' } };
  const row = (status: string, more: object = {}): ReleaseStatus =>
    ({
      ...{ status, channel: 'stable', pack_id: pack, steps: [{ step: 0, opened_at: 'once' }] },
      ...more,
    }) as unknown as ReleaseStatus;
  const neverOpened = { steps: [{ step: 0, opened_at: null }] };

  it.each<[string, ReleaseStatus, Entry[]]>([
    ['that is RELEASED', row('RELEASED'), log(given, opened, ended('RELEASED'))],
    ['that goes on', row('RELEASING'), log(given, opened)],
    ['that was asked for', row('QUEUED', { pack_id: null, steps: [] }), []],
    ['that failed before it was asked for', row('FAILED', neverOpened), []],
    ['that was taken back', row('ROLLED_BACK'), log(given, opened, back, ended('ROLLED_BACK'))],
    ['that was taken back after it was RELEASED', row('ROLLED_BACK'), log(given, opened, ended('RELEASED'), back)],
  ])('%s as the log says differs in nothing', (_, of, entries) => {
    expect(releaseDifferences(of, entries)).toEqual([]);
  });
  it.each<[string, ReleaseStatus, Entry[]]>([
    ['that is RELEASED and was never authorized', row('RELEASED'), []],
    ['that is RELEASED and was refused', row('RELEASED'), log({ ...given, verdict: 'FAIL' })],
    ['of another pack', row('RELEASING', { pack_id: 'b'.repeat(64) }), log(given, opened)],
    ['to another channel', row('RELEASING', { channel: 'beta' }), log(given, opened)],
    ['with a cohort that nobody opened', row('RELEASING'), log(given)],
    ['that is RELEASED without a sealed end', row('RELEASED'), log(given, opened)],
    ['that ended otherwise', row('RELEASED'), log(given, opened, ended('FAILED'))],
    ['that was never taken back', row('ROLLED_BACK'), log(given, opened, ended('RELEASED'))],
    [
      'whose way back was a drill',
      row('ROLLED_BACK'),
      log(given, opened, ended('RELEASED'), { ...back, detail: { drill: true } }),
    ],
  ])('%s differs', (_, of, entries) => {
    expect(releaseDifferences(of, entries)).toEqual([expect.objectContaining({ late: false })]);
  });
  it('that goes on where its end is sealed may be late', () => {
    expect(releaseDifferences(row('RELEASING'), log(given, opened, ended('RELEASED')))).toMatchObject([{ late: true }]);
  });
});

describe('a channel', () => {
  const change = (index: number, of: object): Entry =>
    log({ index, kind: 'CHANNEL_CHANGE', detail: { channel: 'stable', change: of as never } })[0] as Entry;
  const of = (...entries: Entry[]) => {
    const channels = createLoggedChannels();
    // Subjects are read newest first, those of releases after those of changes.
    for (const entry of entries.toReversed()) channels.add([entry]);
    return channels.of('stable');
  };
  const row = (more: object = {}): ChannelStatus =>
    ({
      ...{ frozen: null, pin: null, floor: { pack_seq: 0 }, revoked: [], quarantined: [] },
      ...more,
    }) as unknown as ChannelStatus;
  const back = log({ index: 9, kind: 'ROLLBACK', detail: { channel: 'stable', drill: false } });

  it('as the newest words of the log have it differs in nothing', () => {
    const entries = [
      change(1, { change: 'freeze' }),
      change(2, { change: 'unfreeze', override: false }),
      change(3, { change: 'pin', pack_id: pack, until: null }),
      change(4, { change: 'floor', pack_seq: 3 }),
      change(5, { change: 'revoke', pack_id: pack }),
      change(6, { change: 'floor', pack_seq: 2 }),
    ];
    const shown = row({ pin: { pack_id: pack }, floor: { pack_seq: 3 }, revoked: [{ pack_id: pack }] });
    expect(channelDifferences(shown, of(...entries))).toEqual([]);
    expect(channelDifferences({ ...shown, frozen: {} as never }, of(...entries, ...back))).toEqual([]);
    expect(channelDifferences(row(), of())).toEqual([]);
  });
  it.each<[string, object, Entry[], boolean]>([
    ['frozen by nobody', { frozen: {} }, [], false],
    ['thawed by nobody', {}, [change(1, { change: 'freeze' })], true],
    ['thawed by nobody after a way back', {}, back, true],
    ['pinned by nobody', { pin: { pack_id: pack } }, [], false],
    [
      'with a floor that nobody raised',
      { floor: { pack_seq: 2 } },
      [change(1, { change: 'floor', pack_seq: 1 })],
      false,
    ],
    ['with a floor that somebody lowered', {}, [change(1, { change: 'floor', pack_seq: 1 })], true],
    ['with a pack put aside by nobody', { quarantined: [{ pack_id: pack }] }, [], false],
    ['with a revoked pack let in again', {}, [change(1, { change: 'revoke', pack_id: pack })], true],
  ])('%s differs', (_, more, entries, late) => {
    expect(channelDifferences(row(more), of(...entries))).toEqual([expect.objectContaining({ late })]);
  });
});
