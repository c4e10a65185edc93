import { join } from 'node:path';
import { type ArtifactRef, type CommandItem, type StageReply, subjectOf } from '@orgo/contracts';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { encodeEnvelope } from '@orgo/runtime/envelope';
import type { Log } from '@orgo/runtime/log';
import { Keyring } from '@orgo/runtime/signer';
import { createTenant, keysDir, type Root, TrustStore, trustDir } from '@orgo/runtime/trust';
import type { Candidate, CandidateProcess } from './candidate.ts';
import type { ConformanceCase } from './case.ts';
import { Nonconformance, NotApplicable } from './check.ts';
import { type Gate, type Heard, openGate } from './gate.ts';
import { type CommandSigners, type CommandWish, sealedCommand } from './sealed-command.ts';

/** Where an adapter is looked at: the kit in the places of orchestrator, log and gatekeeper of a tenant made for this. */
export type Stand = {
  candidate: Candidate;
  work: ConformanceCase;
  inputs: ArtifactRef[];
  tenant: string;
  root: Root;
  signers: CommandSigners;
  /** The same roles of another tenant: genuine keys that have no say here. */
  strangers: CommandSigners;
  artifacts: ArtifactStore;
  /** Folder of the tenant's artifacts, to damage one. */
  artifactsDir: string;
  gate: Gate;
  /** A genuine command for the case, about a build of its own. */
  command(wish?: CommandWish, signers?: CommandSigners): CommandItem;
  send(...items: CommandItem[]): Promise<void>;
  /** Puts any bytes onto the adapter's queue. */
  say(bytes: Uint8Array, tenant?: string): Promise<void>;
  /** The first reply to a command that can be believed. @throws Nonconformance when it cannot be, or does not come. */
  replyTo(command: CommandItem): Promise<StageReply>;
  /** Resolves with `count` replies to a command, believed or not. */
  arrivals(command: CommandItem, count: number): Promise<Heard[]>;
  /** Sends a genuine command and answers its reply. */
  ask(wish?: CommandWish): Promise<StageReply>;
  /** The answer that others are compared with. */
  first: StageReply | null;
  /** (Re)starts the adapter's process; settings beside the usual ones. Nothing for one that somebody else runs. */
  start(settings?: Readonly<Record<string, string>>): void;
  process(): CandidateProcess | undefined;
  close(): Promise<void>;
};

export type StandOptions = {
  /** Home in which a tenant is made: keys, trust roots, artifacts. */
  home: string;
  natsUrl: string;
  candidate: Candidate;
  work: ConformanceCase;
  log: Log;
  /** How long an answer may take. */
  answerMs: number;
  /** Its end stops the kit: no check waits any longer. */
  signal?: AbortSignal;
};

/** `as_of` of genuine commands: far from today, so that a clock in an output shows. */
export const asOf = '2031-05-06T07:08:09.010Z';

const signersOf = async (home: string, tenant: string): Promise<CommandSigners> => {
  const keyring = Keyring.open(keysDir(home));
  const [orchestrator, gatekeeper, log] = await Promise.all(
    (['orchestrator', 'gatekeeper', 'log'] as const).map((role) => keyring.signer(tenant, role)),
  );
  return { orchestrator, gatekeeper, log } as CommandSigners;
};

type Patience = { ms: number; process: CandidateProcess | undefined; signal: AbortSignal | undefined };

const until = (gate: Gate, { ms, process, signal }: Patience, holds: () => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      stopListening();
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    const onAbort = (): void => settle(() => reject(new NotApplicable('the kit was stopped')));
    const look = (): void => {
      if (holds()) settle(resolve);
      else if (gate.strays.length > strays)
        settle(() => {
          const { code, detail } = gate.strays.at(-1) as { code: string; detail: string };
          reject(new Nonconformance('REPLY_MALFORMED', `a message on the reply subject is none: ${code} ${detail}`));
        });
    };
    const strays = gate.strays.length;
    const stopListening = gate.onArrival(look);
    const timer = setTimeout(
      () => settle(() => reject(new Nonconformance('STAGE_TIMEOUT', `no reply within ${ms} ms`))),
      ms,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    void process?.ended.then(() =>
      settle(() => reject(new Nonconformance('SERVICE_UNAVAILABLE', `the process ${process.exit()}`))),
    );
    look();
  });

let stands = 0;

/** Makes the tenant, stores what the case brings, and takes its places on the bus. The adapter is not started yet. */
export async function openStand(options: StandOptions): Promise<Stand> {
  const { home, natsUrl, candidate, work, log, answerMs } = options;
  const { adapter } = candidate;
  const tenant = `conformance-${process.pid.toString(36)}-${(stands++).toString(36)}`;
  for (const name of [tenant, `${tenant}-x`]) await createTenant(home, name, { adapters: [adapter], instance: 'kit' });
  const root = await TrustStore.open(trustDir(home)).root(tenant);
  const [signers, strangers] = await Promise.all([signersOf(home, tenant), signersOf(home, `${tenant}-x`)]);
  const artifacts = fileArtifacts(join(home, 'artifacts'));
  const bus: Bus = await connectBus({ url: natsUrl, name: 'conformance', log });
  await bus.ensureStreams();
  const gate = await openGate(bus, root, adapter);
  const keep = ({ kind, media_type, bytes }: ConformanceCase['inputs'][number]) =>
    artifacts.put(tenant, kind, media_type, bytes);
  for (const artifact of work.stored) await keep(artifact);
  const inputs: ArtifactRef[] = [];
  for (const artifact of work.inputs) inputs.push(await keep(artifact));

  let builds = 0;
  let messages = 0;
  let running: CandidateProcess | undefined;
  const say: Stand['say'] = async (bytes, to = tenant) => {
    const msgId = `${tenant}-${messages++}`;
    await bus.publishCommand(subjectOf('command', { tenant: to, adapter }), bytes, { msgId });
  };
  const stand: Stand = {
    candidate,
    work,
    inputs,
    tenant,
    root,
    signers,
    strangers,
    artifacts,
    artifactsDir: join(home, 'artifacts', tenant),
    gate,
    first: null,
    command: (wish = {}, by = signers) =>
      sealedCommand(by, root.log.origin, {
        build_id: `bld_0190a1b2-c3d4-7e5f-8a6b-${(builds++).toString(16).padStart(12, '0')}`,
        stage: work.stage,
        adapter,
        inputs,
        config: work.config,
        as_of: asOf,
        ...wish,
      }),
    send: (...items) => say(encodeEnvelope('command', tenant, items)),
    say,
    async arrivals(command, count) {
      await until(
        gate,
        { ms: answerMs, process: running, signal: options.signal },
        () => gate.to(command).length >= count,
      );
      return gate.to(command);
    },
    async replyTo(command) {
      const [{ reply, problem } = { reply: null, problem: null }] = await stand.arrivals(command, 1);
      if (reply === null) throw new Nonconformance(problem?.code ?? 'REPLY_MALFORMED', problem?.detail ?? 'no reply');
      return reply;
    },
    async ask(wish) {
      const command = stand.command(wish);
      await stand.send(command);
      return stand.replyTo(command);
    },
    start(settings = {}) {
      running = candidate.start?.({ ORGO_LOG_LEVEL: 'warn', ...settings, NATS_URL: natsUrl, ORGO_HOME: home });
    },
    process: () => running,
    async close() {
      await running?.stop(15_000);
      await gate.stop();
      await bus.close();
    },
  };
  return stand;
}
