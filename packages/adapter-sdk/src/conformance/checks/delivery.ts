import { maxMessageBytes } from '@orgo/contracts';
import { utf8 } from '@orgo/core';
import { encodeEnvelope } from '@orgo/runtime/envelope';
import { type Check, must, NotApplicable } from '../check.ts';
import type { Stand } from '../stand.ts';
import { firstOf, mustAnswer } from './answers.ts';

const endingIn = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** After noise a genuine command must still be answered. */
const mustStillAnswer = async (stand: Stand, after: string): Promise<void> => {
  const command = stand.command();
  await stand.send(command);
  const reply = await stand.replyTo(command);
  must(reply.status === 'ok', 'MESSAGE_MALFORMED', `after ${after} a valid command is answered ${reply.status}`);
};

/** The queue counts a message's headers with it. */
const headroom = 1024;

type Noise = { id: string; title: string; say(stand: Stand): Promise<void> };

const noises: readonly Noise[] = [
  { id: 'no-json', title: 'a message that is no JSON', say: (stand) => stand.say(utf8('{"v":1,')) },
  { id: 'empty', title: 'an empty message', say: (stand) => stand.say(new Uint8Array()) },
  {
    id: 'no-envelope',
    title: 'JSON that is no envelope',
    say: (stand) => stand.say(utf8('{"v":1,"type":"orgo.stage.command.v1","items":[null]}')),
  },
  {
    id: 'largest',
    title: 'a message as large as the queue takes',
    say: (stand) => stand.say(new Uint8Array(maxMessageBytes - headroom)),
  },
  {
    id: 'deep',
    title: 'deeply nested JSON',
    say: (stand) => stand.say(utf8(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)),
  },
  {
    id: 'no-command',
    title: 'an envelope whose command says nothing',
    say: (stand) => {
      const item = stand.command();
      return stand.send({ ...item, command: { ...item.command, payload: '{}' } });
    },
  },
  {
    id: 'other-tenant',
    title: 'a command in the subject of a tenant it does not know',
    say: (stand) => stand.say(encodeEnvelope('command', 'nobody', [stand.command()]), 'nobody'),
  },
];

/** Queues, repeated messages, leases, noise. */
export const deliveryChecks: readonly Check[] = [
  {
    id: 'redelivery',
    title: 'sends the same bytes again until the gatekeeper has them',
    async run(stand) {
      firstOf(stand);
      const command = stand.command();
      stand.gate.putOff(command, 2);
      await stand.send(command);
      const replies = await stand.arrivals(command, 3);
      const texts = new Set(replies.map(({ item }) => item.payload));
      must(texts.size === 1, 'REPLY_EQUIVOCATION', `one command was answered with ${texts.size} different replies`);
    },
  },
  {
    id: 'repeated-command',
    title: 'answers a repeated command as it did before',
    async run(stand) {
      const { outputs } = firstOf(stand);
      const command = stand.command();
      await stand.send(command);
      await stand.replyTo(command);
      await stand.send(command);
      for (const { reply, problem } of await stand.arrivals(command, 2)) {
        must(reply !== null, problem?.code ?? 'REPLY_MALFORMED', problem?.detail ?? '');
        must(
          JSON.stringify([reply.status, reply.outputs]) === JSON.stringify(['ok', outputs]),
          'REPLY_EQUIVOCATION',
          'a repeated command was answered with another result',
        );
      }
    },
  },
  {
    id: 'mixed-envelope',
    title: 'answers every command of an envelope, genuine and forged, each by itself',
    async run(stand) {
      firstOf(stand);
      const forged = stand.command({ forge: { item: (item) => ({ ...item, seal: null }) } });
      const genuine = [stand.command(), stand.command({ attempt: 2, epoch: 2 })];
      await stand.send(genuine[0] as typeof forged, forged, genuine[1] as typeof forged);
      const refused = await stand.replyTo(forged);
      must(
        refused.status === 'refused',
        'COMMAND_AUTHORIZATION_UNSEALED',
        `the forged one is answered ${refused.status}`,
      );
      for (const command of genuine) {
        const reply = await stand.replyTo(command);
        must(reply.status === 'ok', 'REPLY_CORRELATION_MISMATCH', `a genuine one is answered ${reply.status}`);
        mustAnswer(reply, command);
      }
    },
  },
  {
    id: 'stripped-copy',
    title: 'does not let a stripped copy answer for the genuine command',
    async run(stand) {
      firstOf(stand);
      const command = stand.command();
      await stand.send({ ...command, seal: null });
      await stand.arrivals(command, 1);
      await stand.send(command);
      const reply = (await stand.arrivals(command, 2))[1]?.reply;
      must(reply?.status === 'ok', 'COMMAND_AUTHORIZATION_UNSEALED', `the genuine one is answered ${reply?.status}`);
    },
  },
  {
    id: 'short-lease',
    title: 'answers within a short lease, or says that it is over',
    async run(stand) {
      firstOf(stand);
      const reply = await stand.ask({ not_after: endingIn(100) });
      const codes = ['STAGE_TIMEOUT', 'COMMAND_LEASE_EXPIRED'];
      must(
        reply.status === 'ok' || codes.includes(reply.reason_codes[0] ?? ''),
        'STAGE_TIMEOUT',
        `answered ${reply.status} ${reply.reason_codes.join(' ')}`,
      );
    },
  },
  {
    id: 'endless-work',
    title: 'ends work that does not end, with its lease',
    async run(stand) {
      const { slow_config: config } = stand.work;
      if (config === null) throw new NotApplicable('the case has no slow_config');
      // On a busy machine a short lease may be over before the work begins.
      for (const ms of [1_000, 5_000, 20_000]) {
        const { status, reason_codes } = await stand.ask({ config, not_after: endingIn(ms) });
        if (status === 'error' && reason_codes[0] === 'STAGE_TIMEOUT') return;
        must(
          reason_codes[0] === 'COMMAND_LEASE_EXPIRED',
          'STAGE_TIMEOUT',
          `answered ${status} ${reason_codes.join(' ')} in place of error STAGE_TIMEOUT`,
        );
      }
      must(false, 'STAGE_TIMEOUT', 'no lease was long enough for the work to begin');
    },
  },
  ...noises.map(({ id, title, say }) => ({
    id: `survives-${id}`,
    title: `goes on after ${title}`,
    async run(stand: Stand) {
      firstOf(stand);
      await say(stand);
      await mustStillAnswer(stand, title);
    },
  })),
  {
    id: 'one-answer',
    title: 'gave no command two different results',
    async run(stand) {
      // A copy of the queue's message may still be on its way: whoever answers this has answered what came before it.
      await stand.ask();
      const byCommand = Map.groupBy(stand.gate.heard, ({ command }) => command.payload);
      for (const [, replies] of byCommand) {
        const results = new Set(
          replies.flatMap(({ reply }) =>
            reply === null || reply.status === 'refused' ? [] : [JSON.stringify([reply.status, reply.outputs])],
          ),
        );
        must(results.size < 2, 'REPLY_EQUIVOCATION', `one command was answered with ${results.size} different results`);
      }
    },
  },
];

/** Asked last: the process is gone afterwards. */
export const stopChecks: readonly Check[] = [
  {
    id: 'stops',
    title: 'ends on SIGTERM',
    async run(stand) {
      const running = stand.process();
      if (running === undefined) throw new NotApplicable('the adapter’s process is not ours to stop');
      const { orderly, how } = await running.stop(15_000);
      must(orderly, 'SERVICE_UNAVAILABLE', how === '' ? 'it did not end within 15 s' : how);
    },
  },
];
