import {
  type ClaimItem,
  type CommandItem,
  type GateClaim,
  type Pipeline,
  payloadTypes,
  pipelines,
  type ReceiptItem,
  type SignedItemWire,
  type StageCommand,
  subjectOf,
} from '@orgo/contracts';
import {
  appendLeaves,
  canonical,
  emptyFrontier,
  type Frontier,
  formatCheckpoint,
  leafHash,
  signBatch,
  signNote,
  toHex,
  utf8,
  verifyItem,
} from '@orgo/core';
import type { Receipt } from '@orgo/orchestrator/domain';
import { type Answer, ModelGate } from '@orgo/orchestrator/model-gate';
import type { Bus } from '@orgo/runtime/bus';
import { ackOf, decodeAck, decodeEnvelope, encodeEnvelope } from '@orgo/runtime/envelope';
import { type FileKeyring, type Signer, verifySignature } from '@orgo/runtime/signer';
import type { TrustStore } from '@orgo/runtime/trust';

/** What an adapter does with a command; null leaves it without an answer. */
export type Answering = (command: StageCommand) => Answer | null;

export type Peers = {
  readonly claims: GateClaim[];
  /** Whether the door lets a claim in; what it turns away is dropped by its sender. */
  atDoor: (claim: GateClaim) => boolean;
  readonly turnedAway: GateClaim[];
  readonly commands: { command: StageCommand; item: CommandItem }[];
  /** Makes a receipt as audit would, or a bad one. */
  sealed(receipt: Receipt, by?: { decision?: Signer; log?: Signer }, traceparent?: string | null): Promise<ReceiptItem>;
  send(items: readonly ReceiptItem[]): Promise<{ outcome: string; code: string | null }[]>;
  readonly gates: Map<string, ModelGate>;
  readonly log: { frontier: Frontier };
  gateOf(build: string): ModelGate;
  answering: Answering;
  /** Changes what stages give: an adapter that is not deterministic. */
  outputSalt: string;
  stop(): Promise<void>;
};

/**
 * Gatekeeper, audit and an echo adapter of one tenant, reduced to what the orchestrator sees of them: real keys, real signatures, a real
 * Merkle log, over the real bus. What they decide is the model gate's.
 */
export async function startPeers(options: {
  bus: Bus;
  keyring: FileKeyring;
  trust: TrustStore;
  tenant: string;
  adapter?: boolean;
  /** Goes on with the gates and the log of earlier peers. */
  after?: Peers;
}): Promise<Peers> {
  const { bus, keyring, trust, tenant } = options;
  const root = await trust.root(tenant);
  const [gatekeeper, log] = await Promise.all([keyring.signer(tenant, 'gatekeeper'), keyring.signer(tenant, 'log')]);
  const { gates, log: tree } = options.after ?? {
    gates: new Map<string, ModelGate>(),
    log: { frontier: emptyFrontier() },
  };
  let sending: Promise<unknown> = Promise.resolve();

  const sign = (type: string, values: readonly unknown[], signer: Signer): SignedItemWire[] =>
    signBatch(
      values.map((value) => ({ type, payload: canonical(value) })),
      { role: signer.role, tenant_id: tenant, key_id: signer.key_id },
      (message) => signer.sign(message),
    ) as SignedItemWire[];

  const sealed: Peers['sealed'] = async (receipt, by = {}, traceparent = null) => {
    const [decision] = sign(payloadTypes.decision, [receipt.decision], by.decision ?? gatekeeper);
    const authorizations = receipt.authorizations.map(({ authorization }) => authorization);
    const appended = appendLeaves(tree.frontier, [leafHash(utf8(decision?.payload ?? ''))]);
    tree.frontier = appended.frontier;
    const logKey = { name: root.log.origin, public: root.log.public };
    const text = formatCheckpoint({ origin: root.log.origin, size: tree.frontier.size, root: appended.root });
    return {
      decision: decision as SignedItemWire,
      authorizations: sign(payloadTypes.authorization, authorizations, gatekeeper),
      seal: {
        index: tree.frontier.size - 1,
        size: tree.frontier.size,
        path: (appended.paths[0] ?? []).map(toHex),
        checkpoint: signNote(text, logKey, (message) => (by.log ?? log).sign(message)),
      },
      traceparent,
    };
  };
  const send: Peers['send'] = async (items) => {
    const subject = subjectOf('receipt', { tenant, service: 'orchestrator' });
    const ack = decodeAck(await bus.request(subject, encodeEnvelope('receipt', tenant, items)), items.length);
    if (!ack.ok) throw new Error(ack.detail);
    return ack.value;
  };
  /** As a relay would: in order, again and again until it is answered; in the trace of what was asked. */
  const deliver = (receipts: readonly Receipt[], traceparent: string | null): void => {
    sending = sending.then(async () => {
      for (const receipt of receipts) {
        const item = await sealed(receipt, {}, traceparent);
        for (;;) {
          const [answer] = await send([item]).catch(() => []);
          if (answer !== undefined && answer.outcome !== 'later') break;
          await new Promise((resume) => setTimeout(resume, 20));
        }
      }
    });
  };

  const peers: Peers = {
    claims: [],
    commands: [],
    gates,
    log: tree,
    sealed,
    send,
    answering: () => 'ok',
    outputSalt: '',
    atDoor: () => true,
    turnedAway: [],
    gateOf(build) {
      const gate = gates.get(build);
      if (gate === undefined) throw new Error(`no build ${build} was admitted`);
      return gate;
    },
    async stop() {
      await Promise.all(servings.map((serving) => serving.stop(0)));
      await sending;
    },
  };

  /** False where the gatekeeper's door would turn it away: nothing is kept of it. */
  const takeClaim = (item: ClaimItem): boolean => {
    const keys = root.keysOf('orchestrator');
    const expect = { type: payloadTypes.claim, role: 'orchestrator', tenant_id: tenant, keys, verify: verifySignature };
    const verified = verifyItem(item.claim, expect);
    if (!verified.ok) throw new Error(`a claim that is not signed: ${verified.detail}`);
    const claim = verified.value.payload as unknown as GateClaim;
    if (!peers.atDoor(claim)) {
      peers.turnedAway.push(claim);
      return false;
    }
    peers.claims.push(claim);
    if (claim.claim === 'ADMIT' && !gates.has(claim.build_id))
      gates.set(claim.build_id, new ModelGate(admittedBy(claim), claim.as_of));
    deliver(peers.gateOf(claim.build_id).claim(claim), item.traceparent);
    return true;
  };
  const servings = [
    await bus.serve(subjectOf('claim', { tenant }), 'gatekeeper', async (bytes, { subject }) => {
      const envelope = decodeEnvelope<ClaimItem>('claim', bytes, subject);
      if (!envelope.ok) throw new Error(envelope.detail);
      return ackOf(
        envelope.value.items.map((item) =>
          takeClaim(item)
            ? { outcome: 'accepted', code: null }
            : { outcome: 'refused', code: 'CLAIM_SIGNER_UNTRUSTED' },
        ),
      );
    }),
  ];
  if (options.adapter !== false) {
    servings.push(
      await bus.consume('echo', async (message) => {
        const envelope = decodeEnvelope<CommandItem>('command', message.bytes, message.subject);
        if (!envelope.ok) throw new Error(envelope.detail);
        for (const item of envelope.value.items) {
          const command = JSON.parse(item.command.payload) as StageCommand;
          peers.commands.push({ command, item });
          const answer = peers.answering(command);
          if (answer === null) continue;
          const { traceparent } = item;
          deliver(peers.gateOf(command.build_id).reply(command, answer, peers.outputSalt), traceparent);
        }
        message.ack();
      }),
    );
  }
  return peers;
}

const admittedBy = (claim: GateClaim) =>
  ({
    tenant_id: claim.tenant_id,
    build_id: claim.build_id,
    pipeline: pipelines.echo as Pipeline,
    pipeline_ref: claim.pipeline_ref,
    mandate_ref: claim.mandate_ref,
  }) as ConstructorParameters<typeof ModelGate>[0];
