import { type ArtifactRef, type CommandItem, isReasonCode, type StageReply } from '@orgo/contracts';
import { digestOfBytes, fromUtf8, parseStrict, utf8 } from '@orgo/core';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { type Check, must, NotApplicable } from '../check.ts';
import type { Stand } from '../stand.ts';

/** The reply every other one is compared with. */
export const firstOf = (stand: Stand): StageReply => {
  if (stand.first === null) throw new NotApplicable('needs the valid command to be answered');
  return stand.first;
};

/** Bytes of an output, as they are stored. */
export const bytesOf = async (stand: Stand, { kind, ref, size }: ArtifactRef): Promise<Uint8Array> => {
  const bytes = await stand.artifacts.get(stand.tenant, ref as `sha256:${string}`).catch((error) => {
    const code = codeOf(error);
    must(false, code === 'HASH_MISMATCH' ? code : 'ARTIFACT_NOT_FOUND', `output ${kind} ${ref}: ${detailOf(error)}`);
  });
  must(bytes.length === size, 'SIZE_MISMATCH', `output ${kind} has ${bytes.length} bytes and is said to have ${size}`);
  return bytes;
};

/** Members of a reply that must repeat those of its command. */
export function mustAnswer(reply: StageReply, { command }: CommandItem): void {
  const said = JSON.parse(command.payload) as StageReply;
  const digest = digestOfBytes(utf8(command.payload));
  for (const name of ['tenant_id', 'build_id', 'stage', 'attempt', 'epoch', 'idem_key'] as const)
    must(
      reply[name] === said[name],
      'REPLY_CORRELATION_MISMATCH',
      `the reply says ${name} ${reply[name]}, its command ${said[name]}`,
    );
  must(
    reply.command_digest === digest,
    'REPLY_CORRELATION_MISMATCH',
    `the reply answers ${reply.command_digest}; the command is ${digest}`,
  );
}

const today = (): string => new Date().toISOString().slice(0, 10);
const textOf = (bytes: Uint8Array): string => {
  const text = fromUtf8(bytes);
  return text.ok ? text.value : '';
};

/** What a reply to a valid command must be. */
export const answerChecks: readonly Check[] = [
  {
    id: 'valid-command',
    title: 'accepts a valid command and answers ok',
    async run(stand) {
      const command = stand.command();
      await stand.send(command);
      const reply = await stand.replyTo(command);
      const code = reply.reason_codes[0] ?? '';
      must(
        reply.status === 'ok',
        isReasonCode(code) ? code : 'STAGE_INTERNAL_ERROR',
        `answered ${reply.status} ${reply.reason_codes.join(' ')}: ${reply.detail}`,
      );
      stand.first = reply;
      mustAnswer(reply, command);
    },
  },
  {
    id: 'reply-names-authorization',
    title: 'names the authorization it ran under, and itself',
    async run(stand) {
      const reply = await stand.ask();
      const { authorization_digest, adapter } = reply;
      must(authorization_digest !== null, 'REPLY_CORRELATION_MISMATCH', 'a reply with a result names no authorization');
      must(
        adapter.name === stand.candidate.adapter,
        'REPLY_CORRELATION_MISMATCH',
        `the reply is said to be of ${adapter.name}, and its key is of ${stand.candidate.adapter}`,
      );
    },
  },
  {
    id: 'outputs-stored',
    title: 'stores its outputs before it names them, by the digest of their bytes',
    async run(stand) {
      for (const output of firstOf(stand).outputs) await bytesOf(stand, output);
    },
  },
  {
    id: 'outputs-declared',
    title: 'gives what is declared and nothing else',
    async run(stand) {
      const { outputs } = firstOf(stand);
      for (const { kind, media_type } of outputs)
        must(
          stand.work.outputs.some((row) => row.kind === kind && row.media_type === media_type),
          'EXEC_OUTPUT_UNDECLARED',
          `${kind} as ${media_type} is not declared`,
        );
      for (const { kind, min, max } of stand.work.outputs) {
        const count = outputs.filter((output) => output.kind === kind).length;
        must(count >= min, 'EXEC_OUTPUT_MISSING', `${count} outputs of kind ${kind}; ${min} are declared`);
        must(count <= max, 'EXEC_OUTPUT_UNDECLARED', `${count} outputs of kind ${kind}; ${max} are declared`);
      }
    },
  },
  {
    id: 'outputs-json',
    title: 'writes JSON that a strict reader takes',
    async run(stand) {
      const outputs = firstOf(stand).outputs.filter((output) => output.media_type === 'application/json');
      if (outputs.length === 0) throw new NotApplicable('no JSON output');
      for (const output of outputs) {
        const bytes = await bytesOf(stand, output);
        const json = parseStrict(bytes, { maxBytes: 1e9, maxMembers: 1e8, maxString: 1e8, maxDepth: 256 });
        must(json.ok, 'EXEC_OUTPUT_INVALID', `${output.kind}: ${json.ok ? '' : `${json.code} ${json.detail}`}`);
      }
    },
  },
  {
    id: 'no-clock',
    title: 'writes no date of today into an output',
    async run(stand) {
      const { outputs } = firstOf(stand);
      const known = [...stand.work.inputs, ...stand.work.stored].map(({ bytes }) => textOf(bytes)).join('\n');
      if (known.includes(today())) throw new NotApplicable('the inputs hold the date of today');
      for (const output of outputs)
        must(
          !textOf(await bytesOf(stand, output)).includes(today()),
          'NONDETERMINISM_DETECTED',
          `${output.kind} holds ${today()}, and as_of is the only time an output may hold`,
        );
    },
  },
];
