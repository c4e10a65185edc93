import path from 'node:path';
import { type CheckedCommand, checkCommand } from '@orgo/adapter-sdk';
import {
  type ArtifactRef,
  type CommandItem,
  commandSchema,
  payloadTypes,
  roleOfAdapter,
  type StageReply,
  subjectOf,
  tenantOfSubject,
} from '@orgo/contracts';
import { canonical, digestOfBytes, type Result, type SignedItem, signBatch, utf8 } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { connectBus } from '@orgo/runtime/bus';
import { decodeAck, decodeEnvelope, encodeEnvelope } from '@orgo/runtime/envelope';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { untilSignal } from '@orgo/runtime/host';
import { createLog } from '@orgo/runtime/log';
import { Keyring, type Signer, verifySignature } from '@orgo/runtime/signer';
import { keysDir, type Root, TrustStore, trustDir } from '@orgo/runtime/trust';

type Outputs = { kind: string; media_type: string; bytes: Uint8Array }[];
/** Everything that can be done wrong, each as it is done right. */
export type Parts = {
  now(): Date;
  /** What is checked; the wrong ones look at something else than came. */
  check(item: CommandItem, root: Root, now: Date): Result<CheckedCommand>;
  readInput(artifacts: ArtifactStore, tenant: string, input: ArtifactRef): Promise<Uint8Array>;
  work(text: string, asOf: string): Outputs;
  store(artifacts: ArtifactStore, tenant: string, outputs: Outputs): Promise<ArtifactRef[]>;
  reply(reply: StageReply): StageReply;
  role: string;
  sign(payload: string, signer: Signer): SignedItem;
  /** The bytes that are sent for a reply; called again for every delivery. */
  again(first: SignedItem, make: () => SignedItem, deliveries: number): SignedItem;
  onMalformed(): void;
};

/** Its name; several run at a time, each with a queue of its own. */
export const adapter = process.argv[2] ?? 'shout';

const right: Parts = {
  now: () => new Date(),
  check: (item, root, now) => checkCommand(item, { root, adapter, now, verify: verifySignature }),
  readInput: (artifacts, tenant, { ref }) => artifacts.get(tenant, ref),
  work: (text) => [{ kind: 'shouted', media_type: 'text/plain', bytes: utf8(text.toUpperCase()) }],
  store: (artifacts, tenant, outputs) =>
    Promise.all(outputs.map(({ kind, media_type, bytes }) => artifacts.put(tenant, kind, media_type, bytes))),
  reply: (reply) => reply,
  role: roleOfAdapter(adapter),
  sign: (payload, signer) => signBatch([{ type: payloadTypes.reply, payload }], signer, signer.sign)[0] as SignedItem,
  again: (first) => first,
  onMalformed: () => undefined,
};

/** A reply, how to make it anew, and whether it may answer a repeated command: a refusal may not. */
type Made = { first: SignedItem; make: () => SignedItem; keep: boolean };
type Ended = Pick<StageReply, 'status' | 'reason_codes' | 'detail' | 'outputs'>;
const ended = (status: StageReply['status'], code?: string, detail = '', outputs: ArtifactRef[] = []): Ended => ({
  status,
  reason_codes: code === undefined ? [] : [code],
  detail: detail.slice(0, 500),
  outputs,
});

/**
 * Entry of a small adapter that is written against the wire alone, without the SDK's server. It does everything right but what `wrong` replaces, so that each
 * broken adapter breaks one thing.
 */
export async function runAdapterWith(wrong: Partial<Parts>): Promise<void> {
  const parts: Parts = { ...right, ...wrong };
  const { ORGO_HOME = '', NATS_URL = '' } = process.env;
  const bus = await connectBus({ url: NATS_URL, name: adapter, log: createLog({ service: adapter, level: 'silent' }) });
  const artifacts = fileArtifacts(path.join(ORGO_HOME, 'artifacts'));
  const keyring = Keyring.open(keysDir(ORGO_HOME));
  const trust = TrustStore.open(trustDir(ORGO_HOME));
  const done = new Map<string, Made>();

  const work = async ({ command }: CheckedCommand): Promise<Ended> => {
    const tenant = command.tenant_id;
    try {
      const texts: string[] = [];
      for (const input of command.inputs) {
        const bytes = await parts.readInput(artifacts, tenant, input);
        if (bytes.length !== input.size) return ended('failed', 'SIZE_MISMATCH', input.kind);
        texts.push(Buffer.from(bytes).toString());
      }
      const outputs = await parts.store(artifacts, tenant, parts.work(texts.join(''), command.as_of));
      return ended('ok', undefined, '', outputs);
    } catch (error) {
      const code = codeOf(error);
      return ended(code === 'HASH_MISMATCH' ? 'failed' : 'error', code, detailOf(error));
    }
  };
  const answer = async (item: CommandItem, root: Root): Promise<Made | undefined> => {
    const checked = parts.check(item, root, parts.now());
    const quoted = commandSchema.strip().safeParse(JSON.parse(item.command.payload));
    if (!quoted.success) return undefined;
    const { build_id, stage, attempt, epoch, idem_key } = quoted.data;
    const reply: StageReply = {
      v: 1,
      tenant_id: root.tenant_id,
      build_id,
      stage,
      attempt,
      epoch,
      idem_key,
      command_digest: digestOfBytes(utf8(item.command.payload)),
      authorization_digest: checked.ok ? checked.value.authorization_digest : null,
      ...(checked.ok ? await work(checked.value) : ended('refused', checked.code, checked.detail)),
      adapter: { name: adapter, version: '1' },
      diagnostics: [],
      metrics: {},
      duration_ms: 0,
    };
    const signer = await keyring.signer(root.tenant_id, parts.role);
    const make = () => parts.sign(canonical(parts.reply(reply)), signer);
    return { first: make(), make, keep: checked.ok };
  };

  await bus.consume(adapter, async (message) => {
    const envelope = decodeEnvelope<CommandItem>('command', message.bytes, message.subject);
    const tenant = tenantOfSubject(message.subject);
    const root = envelope.ok ? await trust.root(tenant).catch(() => undefined) : undefined;
    if (!envelope.ok || root === undefined) {
      if (!envelope.ok) parts.onMalformed();
      return message.ack();
    }
    let held = true;
    for (const item of envelope.value.items) {
      const known = done.get(item.command.payload);
      const made = known ?? (await answer(item, root));
      if (made === undefined) continue;
      if (made.keep) done.set(item.command.payload, made);
      const reply = parts.again(made.first, made.make, message.deliveries);
      const bytes = encodeEnvelope('reply', tenant, [{ reply, command: item.command, traceparent: null }]);
      const ack = decodeAck(await bus.request(subjectOf('reply', { tenant }), bytes, { timeoutMs: 10_000 }), 1);
      held &&= ack.ok && ack.value[0]?.outcome !== 'later';
    }
    if (held) message.ack();
    else message.nak(50);
  });
  await untilSignal();
  await bus.close();
}
