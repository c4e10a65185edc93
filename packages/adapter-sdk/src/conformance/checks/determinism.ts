import type { StageReply } from '@orgo/contracts';
import { type Check, must, NotApplicable } from '../check.ts';
import type { Stand } from '../stand.ts';
import { firstOf } from './answers.ts';

const listed = ({ outputs }: StageReply, but: readonly string[] = []): string[] =>
  outputs
    .filter(({ kind }) => !but.includes(kind))
    .map(({ kind, ref }) => `${kind} ${ref}`)
    .sort();

/** Fails with the first output that differs. */
const mustEqual = (stand: Stand, reply: StageReply, what: string, but: readonly string[] = []): void => {
  must(
    reply.status === 'ok',
    'NONDETERMINISM_DETECTED',
    `${what} it answers ${reply.status} ${reply.reason_codes.join(' ')}: ${reply.detail}`,
  );
  const before = listed(firstOf(stand), but);
  const after = listed(reply, but);
  const other = after.find((line) => !before.includes(line)) ?? before.find((line) => !after.includes(line));
  must(other === undefined, 'NONDETERMINISM_DETECTED', `${what} the outputs differ: ${other}`);
};

/** A restart of the adapter under other settings of its process. */
const restarted = async (stand: Stand, settings: Readonly<Record<string, string>>, what: string): Promise<void> => {
  firstOf(stand);
  const before = stand.process();
  if (before === undefined) throw new NotApplicable('the adapter’s process is not ours to restart');
  await before.stop(15_000);
  stand.start(settings);
  mustEqual(stand, await stand.ask(), what);
};

/** Same inputs and configuration, same bytes: whatever else is different. */
export const determinismChecks: readonly Check[] = [
  {
    id: 'rerun',
    title: 'gives the same digests when it is asked again',
    async run(stand) {
      firstOf(stand);
      mustEqual(stand, await stand.ask({ attempt: 2, epoch: 3 }), 'in another build and attempt');
    },
  },
  {
    id: 'other-as-of',
    title: 'gives the same digests at another as_of',
    async run(stand) {
      firstOf(stand);
      const reply = await stand.ask({ as_of: '2033-11-12T13:14:15.016Z' });
      mustEqual(stand, reply, 'at another as_of', stand.work.as_of_kinds);
    },
  },
];

/** The same, in a new process. */
export const restartChecks: readonly Check[] = [
  {
    id: 'other-process',
    title: 'gives the same digests in a new process, in another time zone and locale',
    run: (stand) =>
      restarted(
        stand,
        { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
        'in a new process of another time zone and locale',
      ),
  },
];
