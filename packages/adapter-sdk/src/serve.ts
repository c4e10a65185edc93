import { type CommandItem, tenantOfSubject } from '@orgo/contracts';
import { refuse as asRefusal, digestOfBytes, type Refusal, type SignedItem, utf8 } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { Bus, Delivery, Serving } from '@orgo/runtime/bus';
import { type Clock, systemClock } from '@orgo/runtime/clock';
import { decodeEnvelope } from '@orgo/runtime/envelope';
import { codeOf, detailOf, Fault, Refused } from '@orgo/runtime/errors';
import { type FaultPoints, noFaults } from '@orgo/runtime/fault-points';
import type { Log } from '@orgo/runtime/log';
import { createNoise } from '@orgo/runtime/noise';
import { type Keyring, verifySignature } from '@orgo/runtime/signer';
import { statementCache } from '@orgo/runtime/statement-cache';
import { traceparentOf, withSpan } from '@orgo/runtime/telemetry';
import type { Root, TrustStore } from '@orgo/runtime/trust';
import { AttemptCancelled, cancelledBuilds } from './cancelled-builds.ts';
import { type CheckedCommand, checkCommand } from './check.ts';
import type { StageDefinition } from './define.ts';
import { refusalOf, replyTo } from './reply.ts';
import { type ReplyCache, replyCache } from './reply-cache.ts';
import { replySender } from './reply-sender.ts';
import { replySigner } from './reply-signer.ts';
import { runStage } from './run-stage.ts';
import { semaphore } from './semaphore.ts';
import { openRun } from './stage-thread.ts';

/** What an adapter needs from its process. No database is among it. */
export type AdapterPlatform = {
  bus: Bus;
  artifacts: ArtifactStore;
  keyring: Keyring;
  trust: TrustStore;
  log: Log;
  clock?: Clock;
  replies?: ReplyCache;
  faults?: FaultPoints;
  /** How long a reply waits for its answer, default 10 s. */
  answerWaitMs?: number;
};

const defaultConcurrency = 4;

/** A command that nobody can answer for is dropped; its count is all that remains of it. */
class Unanswerable extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

/**
 * Answers an adapter's commands: checks each (see `checkCommand`), runs it, stores its outputs, signs its reply and sends it to the gatekeeper. A command
 * leaves the queue only when the gatekeeper has said that it holds the reply; until then it comes again and is answered with the same bytes. One whose
 * build was cancelled stops, as soon as that is heard, and leaves the queue without a reply: the gate is shut and would only refuse it.
 * @throws what `bus.consume` throws.
 */
export async function serveStage(definition: StageDefinition, platform: AdapterPlatform): Promise<Serving> {
  const { bus, artifacts, keyring, trust, clock = systemClock, replies = replyCache() } = platform;
  const { faults = noFaults } = platform;
  const { adapter, limits = {} } = definition;
  const { concurrency = defaultConcurrency } = limits;
  const log = platform.log.child({ adapter });
  const noise = createNoise(log);
  const stopping = new AbortController();
  const cache = statementCache();
  const sign = replySigner(keyring, adapter);
  const send = replySender(bus, platform.answerWaitMs);
  const inTurn = semaphore(concurrency);
  const { run, close } = openRun(definition);
  // Listens before the first command is taken.
  const cancelled = cancelledBuilds(bus, noise);

  const rootOf = async (tenant: string): Promise<Root> => {
    try {
      return await trust.root(tenant);
    } catch (error) {
      if (error instanceof Refused) throw new Unanswerable(asRefusal(error.code, error.detail));
      throw error;
    }
  };
  const check = async (item: CommandItem, tenant: string) => {
    const root = await rootOf(tenant);
    const expect = { adapter, now: clock.now(), verify: verifySignature, cache };
    const checked = checkCommand(item, { ...expect, root });
    if (
      checked.ok ||
      (checked.code !== 'COMMAND_SIGNER_UNTRUSTED' && checked.code !== 'COMMAND_AUTHORIZATION_UNSEALED')
    )
      return checked;
    // The signer may be in a root that is newer than the one we hold.
    const newer = await trust
      .root(tenant, root.version + 1)
      .then(() => trust.root(tenant))
      .catch(() => undefined);
    return newer === undefined ? checked : checkCommand(item, { ...expect, root: newer });
  };

  const refuse = (item: CommandItem, tenant: string, refusal: Refusal): Promise<SignedItem> => {
    const reply = refusalOf(item, tenant, definition, refusal);
    if (reply === null) throw new Unanswerable(refusal);
    noise.hear(refusal.code, { tenant_id: tenant, detail: `${reply.build_id} ${reply.stage}: ${refusal.detail}` });
    return sign(reply);
  };
  const work = async (checked: CheckedCommand): Promise<SignedItem> => {
    const { tenant_id, build_id, stage, attempt } = checked.command;
    const outcome = await cancelled.during(tenant_id, build_id, (signal) => {
      const stop = AbortSignal.any([stopping.signal, signal]);
      return runStage(run, checked, { artifacts, clock, stopping: stop, definition, faults });
    });
    // The command goes back to the queue: whoever takes it next starts afresh, and no attempt is lost to our stopping.
    if (stopping.signal.aborted) throw new Fault('STAGE_INTERNAL_ERROR', 'the adapter stops');
    const { status, codes, detail, duration_ms } = outcome;
    const level = status === 'ok' ? 'info' : 'warn';
    log[level]({ tenant_id, build_id, stage, attempt, status, codes, detail, duration_ms }, 'stage ended');
    return sign(replyTo(checked, definition, outcome));
  };
  const answer = async (item: CommandItem, tenant: string): Promise<SignedItem> => {
    const checked = await check(item, tenant);
    if (checked.ok) {
      const { command, command_digest } = checked.value;
      if (replies.known(command_digest) !== undefined)
        log.info({ code: 'COMMAND_DUPLICATE', build_id: command.build_id, stage: command.stage }, 'answered as before');
      return replies.once(command_digest, () => inTurn(() => work(checked.value)));
    }
    // The lease is judged last: all else is right, and work that was done in time is still wanted.
    const done =
      checked.code === 'COMMAND_LEASE_EXPIRED' ? replies.known(digestOfBytes(utf8(item.command.payload))) : undefined;
    return done ?? refuse(item, tenant, checked);
  };

  const handleItem = (item: CommandItem, tenant: string): Promise<void> => {
    const { stage, ...labels } = labelsOf(item);
    const attributes = { tenant_id: tenant, ...labels, ...(stage && { stage }) };
    return withSpan(`adapter.${stage ?? 'unknown'}`, { traceparent: item.traceparent, attributes }, async (span) => {
      const reply = await answer(item, tenant);
      await faults.at('adapter.signed');
      await send(tenant, { reply, command: item.command, traceparent: traceparentOf(span) });
      await faults.at('adapter.replySent');
    });
  };
  const handleItemOrDrop = async (item: CommandItem, tenant: string): Promise<void> => {
    try {
      await handleItem(item, tenant);
    } catch (error) {
      if (error instanceof Unanswerable)
        noise.hear(error.refusal.code, { tenant_id: tenant, detail: error.refusal.detail });
      else if (error instanceof AttemptCancelled)
        log.info({ code: error.code, tenant_id: tenant, ...labelsOf(item) }, 'stage stopped');
      else throw error;
    }
  };

  const handle = async (message: Delivery): Promise<void> => {
    const envelope = decodeEnvelope<CommandItem>('command', message.bytes, message.subject);
    if (!envelope.ok) {
      noise.hear(envelope.code, { tenant_id: message.subject, detail: envelope.detail });
      message.ack();
      return;
    }
    const tenant = tenantOfSubject(message.subject);
    const ended = await Promise.allSettled(envelope.value.items.map((item) => handleItemOrDrop(item, tenant)));
    const failed = ended.find((result) => result.status === 'rejected');
    if (failed === undefined) {
      await faults.at('adapter.beforeAck');
      // crash: if we die before this is heard the command comes again, and its reply is a duplicate.
      message.ack();
      await faults.at('adapter.afterAck');
      return;
    }
    log.warn(
      { err: failed.reason, code: codeOf(failed.reason), detail: detailOf(failed.reason), subject: message.subject },
      'reply not delivered; trying again',
    );
    message.nak(Math.min(2000, 100 * 2 ** Math.min(message.deliveries, 10)));
  };

  const serving = await bus.consume(adapter, handle, { maxInFlight: concurrency }).catch(async (error) => {
    cancelled.stop();
    // Its threads would hold a process that serves nothing.
    await close();
    throw error;
  });
  return {
    async stop(deadlineMs) {
      await serving.stop(deadlineMs);
      stopping.abort();
      cancelled.stop();
      await close();
    },
  };
}

/** Names for a span; from a command that is not yet checked. */
const labelsOf = (item: CommandItem): { build_id?: string; stage?: string; attempt?: number } => {
  try {
    const { build_id, stage, attempt } = JSON.parse(item.command.payload) as Record<string, unknown>;
    return {
      ...(typeof build_id === 'string' && { build_id }),
      ...(typeof stage === 'string' && { stage: stage.slice(0, 63) }),
      ...(typeof attempt === 'number' && { attempt }),
    };
  } catch {
    return {};
  }
};
