import { connect } from '@nats-io/transport-node';
import {
  type ArtifactRef,
  type CommandItem,
  type Envelope,
  type GateDecision,
  isTerminalBuildPhase,
  type ReceiptItem,
  type StageCommand,
  tenantOfSubject,
} from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import type { Breakers } from '../kit/breakers.ts';
import type { FaultRing } from '../kit/fault-ring.ts';
import { type History, logProblemsOf, problemsOf } from '../kit/history.ts';
import type { RingClient } from '../kit/ring-client.ts';
import { type Schedule, scheduleOf, texts } from '../kit/schedule.ts';

/** How one schedule ended. `problems` is empty where nothing differs from the undisturbed run. */
export type Ended = { schedule: Schedule; problems: string[]; fired: string[]; notReached: string[]; ms: number };

/** How long a build may take before it is said to hang. */
const patienceMs = 240_000;

type Heard = { listening: boolean; of(tenant: string): History['heard'][number][]; close(): Promise<void> };

/** Hears receipts and commands on the bus, in the order in which the server had them. */
async function listen(url: string): Promise<Heard> {
  const { username, password, host } = new URL(url);
  const nats = await connect({
    servers: host,
    user: decodeURIComponent(username),
    pass: decodeURIComponent(password),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  const heard = new Map<string, History['heard'][number][]>();
  const state: Heard = {
    listening: true,
    of: (tenant) => heard.get(tenant) ?? [],
    close: () => nats.close(),
  };
  const digest = (payload: string) => digestOfBytes(utf8(payload));
  const take = (subject: string, text: string): void => {
    const tenant = tenantOfSubject(subject);
    const all = heard.get(tenant) ?? [];
    heard.set(tenant, all);
    if (subject.includes('.receipt.'))
      for (const { decision } of (JSON.parse(text) as Envelope<ReceiptItem>).items)
        all.push({ type: 'receipt', decision: digest(decision.payload) });
    else
      for (const { command, decision, seal } of (JSON.parse(text) as Envelope<CommandItem>).items) {
        const { stage, attempt, authorization_digest } = JSON.parse(command.payload) as StageCommand;
        all.push({
          type: 'command',
          stage,
          attempt,
          decision: digest(decision?.payload ?? ''),
          index: seal?.index ?? -1,
          authorization: authorization_digest,
        });
      }
  };
  // One subscription, so that the order among subjects is the server's.
  const subscription = nats.subscribe('orgo.v1.>', {
    callback: (_, m) => {
      if (m.subject.includes('.receipt.') || m.subject.includes('.cmd.')) take(m.subject, m.string());
    },
  });
  void subscription;
  void (async () => {
    for await (const { type } of nats.status()) if (type === 'disconnect') state.listening = false;
  })();
  await nats.flush();
  return state;
}

/** Runs schedules against a ring, many at once, each a build in a tenant of its own. */
export async function openSchedules(ring: RingClient & { breakers: Breakers }) {
  const { admin, breakers, instance } = ring;
  const ear = await listen(instance.urls.NATS_URL);
  const waiting = new Map<string, (phase: string) => void>();
  let blows = Promise.resolve();
  let lossy = 0;

  /** One question for all builds that are waited for. */
  const look = async (): Promise<void> => {
    if (waiting.size === 0) return;
    const { rows } = await admin
      .query<{ id: string; phase: string }>('SELECT id, phase FROM orchestrator.build WHERE id = ANY($1)', [
        [...waiting.keys()],
      ])
      .catch(() => ({ rows: [] }));
    for (const { id, phase } of rows)
      if (isTerminalBuildPhase(phase as never) || phase === 'BLOCKED') waiting.get(id)?.(phase);
  };
  let looking = true;
  const watching = (async () => {
    while (looking) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  })();
  const ended = (id: string): Promise<string> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => done('HANGS'), patienceMs);
      const done = (phase: string): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(phase);
      };
      waiting.set(id, done);
    });

  /** What a build that does not end still has before it. */
  const waitsOf = async (build: string): Promise<unknown> => {
    const rows = async (text: string) => (await admin.query(text, [build])).rows;
    return {
      build: await rows('SELECT phase, updated_at, now() FROM orchestrator.build WHERE id = $1'),
      alarms: await rows('SELECT kind, due_at, fired_at, data FROM orchestrator.alarm WHERE id = $1'),
      orchestrator: await rows('SELECT id, subject, message_id FROM orchestrator.outbox WHERE aggregate = $1'),
      gatekeeper: await rows('SELECT id, subject, message_id FROM gatekeeper.outbox WHERE aggregate = $1'),
      audit: await rows('SELECT id, subject, message_id FROM audit.outbox WHERE aggregate = $1'),
    };
  };
  const historyOf = async (tenant: string, build: string, phase: string) => {
    // One statement, so one moment: entries may still be sealed after the end, and head and entries go together.
    type Leaf = { idx: number; leaf: string; digest: string; build_id: string };
    const {
      rows: [log],
    } = await admin.query<{ size: string | null; leaves: Leaf[] }>(
      `SELECT (SELECT state #>> '{frontier,size}' FROM audit.log WHERE tenant_id = $1) AS size,
        (SELECT coalesce(json_agg(json_build_object('idx', idx, 'leaf', convert_from(leaf, 'UTF8'), 'digest', decision_digest, 'build_id', build_id)
          ORDER BY idx), '[]') FROM audit.log_leaf WHERE tenant_id = $1) AS leaves`,
      [tenant],
    );
    const { size = null, leaves = [] } = log ?? {};
    type Stages = Record<string, { stage?: string; outputs?: ArtifactRef[] }>;
    const { rows: builds } = await admin.query<{ stages: Stages }>(
      `SELECT state -> 'stages' AS stages FROM orchestrator.build WHERE id = $1`,
      [build],
    );
    const outputs: History['outputs'] = {};
    for (const [name, stage] of Object.entries(builds[0]?.stages ?? {}))
      outputs[stage.stage ?? name] = stage.outputs ?? [];
    const history: History = {
      phase,
      outputs,
      leaves: leaves
        .filter(({ build_id }) => build_id === build)
        .map(({ idx, leaf, digest }) => ({ index: idx, digest, decision: JSON.parse(leaf) as GateDecision })),
      heard: ear.of(tenant),
    };
    const waits = phase === 'HANGS' ? [`it waits: ${JSON.stringify(await waitsOf(build))}`] : [];
    const gaps = logProblemsOf(
      leaves.map(({ idx }) => idx),
      Number(size ?? 0),
    );
    return { history, log: [...waits, ...gaps] };
  };

  const strike = async (blow: NonNullable<Schedule['blow']>): Promise<void> => {
    if (blow === 'cut-postgres') await ring.cutDatabase();
    if (blow === 'flush-redis') await instance.servers.restart('redis', { signal: 'SIGKILL', wipe: true });
    if (blow === 'wipe-nats') {
      lossy = performance.now();
      await instance.servers.kill('nats');
      await instance.servers.restart('nats', { wipe: true });
    }
  };

  let made = 0;
  const play = async (text: string, schedule: Schedule | null) => {
    const tenant = `s-${process.pid.toString(36)}-${(made++).toString(36)}`;
    const from = performance.now();
    await ring.createTenant(tenant);
    const points = (schedule?.points ?? []).map((fault) => ({ fault, armed: breakers.armPoint(fault) }));
    const roads = (schedule?.roads ?? []).map((fault) => ({ fault, armed: breakers.armArc(tenant, fault) }));
    const build = await ring.startBuild(tenant, text);
    if (schedule?.blow) {
      const { blow } = schedule;
      blows = blows.then(() => strike(blow));
      await blows;
    }
    const phase = await ended(build);
    breakers.disarm(
      tenant,
      points.map(({ armed }) => armed),
    );
    const fired: string[] = schedule?.blow ? [schedule.blow] : [];
    const notReached: string[] = [];
    for (const { fault, armed } of points)
      (armed.fired ? fired : notReached).push(`${fault.service} ${fault.point} ${fault.mode}`);
    for (const { fault, armed } of roads) (armed.fired ? fired : notReached).push(`${fault.arc} ${fault.kind}`);
    const { history, log } = await historyOf(tenant, build, phase);
    return { history, log, fired, notReached, ms: performance.now() - from, listening: lossy < from };
  };

  const undisturbed = new Map<string, History>();
  for (const text of texts) {
    const { history, log } = await play(text, null);
    const stages = Object.values(history.outputs).filter((outputs) => outputs.length === 1).length;
    const commands = history.heard.filter(({ type }) => type === 'command').length;
    // What all others are compared with: eight stages commanded once, and ten decisions.
    const counts = [history.phase, stages, commands, history.leaves.length, ...log].join(' ');
    if (counts !== 'COMPLETED 8 8 10') throw new Error(`the undisturbed run is not what it should be: ${counts}`);
    undisturbed.set(text, history);
  }

  return {
    undisturbed,
    run(seed: number): Promise<Ended> {
      return this.runOne(scheduleOf(seed));
    },
    async runOne(schedule: Schedule): Promise<Ended> {
      const { history, log, fired, notReached, ms, listening } = await play(schedule.text, schedule);
      const calm = undisturbed.get(schedule.text) as History;
      return { schedule, problems: [...problemsOf(history, calm, { listening }), ...log], fired, notReached, ms };
    },
    async close() {
      looking = false;
      await watching;
      await ear.close();
    },
  };
}

/** Runs the schedules of `count` seeds, every `step`th from `first`, `atOnce` at a time in each ring, until `until`, a time in ms. */
export async function runSchedules(
  rings: readonly FaultRing[],
  options: { first: number; step?: number; count: number; atOnce: number; until?: number; said?(ended: Ended): void },
): Promise<Ended[]> {
  const { first, step = 1, count, atOnce, until = Number.POSITIVE_INFINITY, said } = options;
  const opened = await Promise.all(rings.map((ring) => openSchedules(ring)));
  const all: Ended[] = [];
  let next = 0;
  const lane = async (schedules: (typeof opened)[number]): Promise<void> => {
    while (next < count && Date.now() < until) {
      const ended = await schedules.run(first + step * next++);
      all.push(ended);
      said?.(ended);
    }
  };
  try {
    await Promise.all(opened.flatMap((schedules) => Array.from({ length: atOnce }, () => lane(schedules))));
  } finally {
    await Promise.all(opened.map((schedules) => schedules.close()));
  }
  return all;
}
