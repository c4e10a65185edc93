import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Victim } from './blows.ts';
import { type Lives, openLives } from './live-all.ts';
import { nodeLife, onTheWayBack, onTheWayThere } from './node-moments.ts';
import { allRows } from './portrait.ts';
import { sentenceLines, sentences } from './sentences.ts';

// Lives that between them go through the tables of release, step, channel and node. At their transitions a server is killed with -9, while the transition is
// written and not committed. Everything ends as where nobody was killed. The long lane (`long-release.ts`) does it with each server by itself at each row.

let all: Lives;
const struck = new Set<string>();

beforeAll(async () => {
  all = await openLives();
}, 240_000);
afterAll(() => all?.close());

/** One row for each shape that a transaction of the release service has: who it is for, and what it leaves to be sent. */
const shapes = [
  // a person: a job, a claim, nothing
  'release NEW ReleaseCreated',
  'channel OPEN RollbackAsked',
  'channel OPEN ChangeAsked',
  'release PAUSED ReleaseResumed',
  // a job: a claim, a publication, nothing
  'release QUEUED VerifyRequested',
  'channel OPEN RollbackPreflighted',
  'channel OPEN PackOffered',
  'channel OPEN OfferConfirmed',
  // what was published
  'release VERIFIED ReleasePublished',
  // a receipt: an alarm, jobs, a publication
  'release VERIFYING ReleaseVerified',
  'release RELEASING ReleaseCompleted',
  'channel OPEN ChannelRolledBack',
  'channel OPEN ChannelFrozen',
  // a look: a claim, a wish to the channel, a change of the ledger
  'step PENDING StepAsked',
  'step DISPATCHING StepOpened',
  'step CONVERGING TargetsLeftOut',
  // a node: a claim, a receipt
  'node NEW NodeJoinAsked',
  'node ENROLLED NodeReported',
];

const plan: [Victim, (row: string) => boolean][] = [
  ['nats and redis', () => true],
  ['postgres', (row) => shapes.includes(row)],
];

it.each(plan)(
  'kill -9 of %s in mid-transition, again and again: all ends as undisturbed',
  {
    timeout: 280_000,
  },
  async (victim, takes) => {
    const rows = all.rows().filter((row) => !sentences.has(row) && takes(row));
    const { hit, never, differences } = await all.under(victim, rows);
    expect([victim, never, differences]).toEqual([victim, [], []]);
    expect([...hit].sort()).toEqual(rows);
    for (const row of hit) struck.add(row);
  },
);

it('every row of the tables is a moment at which a server died, or has a sentence why it is the path of another one', () => {
  expect(shapes.filter((row) => !struck.has(row))).toEqual([]);
  expect(allRows.filter((row) => !struck.has(row) && !sentences.has(row))).toEqual([]);
  expect([...sentences.keys()].filter((row) => !allRows.includes(row))).toEqual([]);
});

it('kill -9 of a node at every step of its own: the ring ends as undisturbed, and its pointer was the old pack or the new one', {
  timeout: 240_000,
}, async () => {
  const names = ['node-calm', ...onTheWayThere.map((_, at) => `node-${at}`)];
  const ended = await Promise.all(
    names.map((name, at) => all.play(name, (stage) => nodeLife(stage, onTheWayThere[at - 1], onTheWayBack[at - 1]))),
  );
  const [calm, ...killed] = await Promise.all(ended.map((portrait) => portrait()));
  for (const [at, portrait] of killed.entries()) expect([names[at + 1], portrait]).toEqual([names[at + 1], calm]);
});

it('the sentences are shown whole in the documentation', () => {
  const page = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8').split('\n');
  expect(sentenceLines.filter((line) => !page.includes(line))).toEqual([]);
});
