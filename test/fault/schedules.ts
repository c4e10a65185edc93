import { type ArtifactRef, type GateDecision, isTerminalBuildPhase } from '@orgo/contracts';
import type { Frontier } from '@orgo/core';
import { TrustStore, trustDir } from '@orgo/runtime/trust';
import type { Breakers } from '../kit/breakers.ts';
import type { FaultRing } from '../kit/fault-ring.ts';
import { type CancelWord, cancelProblemsOf, essenceOf, type History, problemsOf } from '../kit/history.ts';
import { logProblemsOf } from '../kit/log-problems.ts';
import type { RingClient } from '../kit/ring-client.ts';
import { type Course, refusedAt, type Schedule, scheduleOf, stageCount, type Text, texts } from '../kit/schedule.ts';
import { listen } from './ear.ts';

/** How one schedule ended. `problems` is empty where nothing differs from the undisturbed run. */
export type Ended = {
  schedule: Schedule;
  phase: string;
  problems: string[];
  fired: string[];
  notReached: string[];
  ms: number;
};

/** How long a build may take before it is said to hang. */
const patienceMs = 240_000;

/** Runs schedules against a ring, many at once, each a build in a tenant that has no other build meanwhile. */
export async function openSchedules(ring: RingClient & { breakers: Breakers }) {
  const { admin, breakers, instance } = ring;
  const trust = TrustStore.open(trustDir(instance.home));
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
      await new Promise((resolve) => setTimeout(resolve, 100));
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
    } = await admin.query<{ frontier: Frontier | null; leaves: Leaf[]; notes: string[] }>(
      `SELECT (SELECT state -> 'frontier' FROM audit.log WHERE tenant_id = $1) AS frontier,
        (SELECT coalesce(json_agg(note ORDER BY size), '[]') FROM audit.log_checkpoint WHERE tenant_id = $1) AS notes,
        (SELECT coalesce(json_agg(json_build_object('idx', idx, 'leaf', convert_from(leaf, 'UTF8'), 'digest', decision_digest, 'build_id', build_id)
          ORDER BY idx), '[]') FROM audit.log_leaf WHERE tenant_id = $1) AS leaves`,
      [tenant],
    );
    const { frontier = null, leaves = [], notes = [] } = log ?? {};
    type Stages = Record<string, { stage?: string; outputs?: ArtifactRef[] }>;
    const { rows: builds } = await admin.query<{ stages: Stages }>(
      `SELECT state -> 'stages' AS stages FROM orchestrator.build WHERE id = $1`,
      [build],
    );
    const { rows: issued } = await admin.query<{ stage: string; attempt: number }>(
      `SELECT data ->> 'stage' AS stage, (data ->> 'attempt')::int AS attempt FROM orchestrator.event e
        WHERE tenant_id = $1 AND id = $2 AND type = 'StageCommanded' AND NOT EXISTS (SELECT FROM orchestrator.event c
          WHERE c.tenant_id = $1 AND c.id = $2 AND c.type = 'BuildClosing' AND c.seq < e.seq)`,
      [tenant, build],
    );
    const outputs: History['outputs'] = {};
    for (const [name, stage] of Object.entries(builds[0]?.stages ?? {}))
      outputs[stage.stage ?? name] = stage.outputs ?? [];
    const history: History = {
      phase,
      outputs,
      leaves: leaves
        .filter(({ build_id }) => build_id === build)
        .map(({ idx, leaf, digest }) => ({
          index: idx,
          digest,
          decision: JSON.parse(leaf) as GateDecision,
        })),
      heard: ear.of(build),
      issued,
    };
    const waits = phase === 'HANGS' ? [`it waits: ${JSON.stringify(await waitsOf(build))}`] : [];
    const entries = leaves.map(({ idx, leaf, digest }) => ({ index: idx, text: leaf, digest }));
    const wrong = logProblemsOf({ entries, frontier, notes }, (await trust.root(tenant)).log);
    return { history, log: [...waits, ...wrong] };
  };

  const strike = async (blow: NonNullable<Schedule['blow']>): Promise<void> => {
    if (blow === 'cut-postgres') await ring.cutDatabase();
    if (blow === 'flush-redis') await instance.servers.restart('redis', { signal: 'SIGKILL', wipe: true });
    if (blow === 'wipe-nats') {
      lossy = performance.now();
      await instance.servers.kill('nats');
      await instance.servers.restart('nats', { wipe: true });
      lossy = performance.now();
    }
  };

  /** Cancels a build when its course says so, or when it has ended before. Null where its course says nothing. */
  const cancelled = async (tenant: string, build: string, course: Course, over: Promise<unknown>) => {
    if (course.way !== 'cancelled') return null;
    if (course.commanded > 0) await Promise.race([ear.commanded(build, `echo-${course.commanded}`), over]);
    return ring.cancelBuild(tenant, build);
  };

  let made = 0;
  /** Tenants that nobody plays in now, each with what it has built: the same again would be answered without a build. */
  const free: { name: string; built: Set<string> }[] = [];
  /** A tenant that has not built this yet. Parts that start look at the log of every tenant, so there are no more than have to be. */
  const tenantFor = async (request: string) => {
    const at = free.findIndex(({ built }) => !built.has(request));
    const [found] = at < 0 ? [] : free.splice(at, 1);
    const tenant = found ?? {
      name: `s-${process.pid.toString(36)}-${(made++).toString(36)}`,
      built: new Set<string>(),
    };
    tenant.built.add(request);
    if (found === undefined) await ring.createTenant(tenant.name);
    return tenant;
  };
  const play = async ({ text, course, ...schedule }: Pick<Schedule, 'text' | 'course'> & Partial<Schedule>) => {
    const from = performance.now();
    const more = course.way === 'refused' ? { refuse_at: course.step } : {};
    const place = await tenantFor(JSON.stringify({ text, ...more }));
    const tenant = place.name;
    const points = (schedule.points ?? []).map((fault) => ({ fault, armed: breakers.armPoint(fault) }));
    const roads = (schedule.roads ?? []).map((fault) => ({ fault, armed: breakers.armArc(tenant, fault) }));
    const build = await ring.startBuild(tenant, text, more);
    const { blow = null } = schedule;
    const over = ended(build);
    let running = true;
    void over.then(() => {
      running = false;
    });
    let met = false;
    if (blow !== null)
      blows = blows.then(() => {
        met = running;
        return strike(blow);
      });
    const [phase, word] = await Promise.all([over, cancelled(tenant, build, course, over), blow === null || blows]);
    breakers.disarm(
      tenant,
      points.map(({ armed }) => armed),
    );
    const fired: string[] = [];
    const notReached: string[] = [];
    if (blow !== null) (met ? fired : notReached).push(blow);
    for (const { fault, armed } of points)
      (armed.fired ? fired : notReached).push(`${fault.service} ${fault.point} ${fault.mode}`);
    for (const { fault, armed } of roads) (armed.fired ? fired : notReached).push(`${fault.arc} ${fault.kind}`);
    const { history, log } = await historyOf(tenant, build, phase);
    if (isTerminalBuildPhase(phase as never)) free.push(place);
    return { history, word, log, fired, notReached, ms: performance.now() - from, listening: lossy < from };
  };

  /**
   * What all others are compared with: every stage to the end, or to the one that refuses; admission, a decision for each, and the record. On a busy machine an attempt
   * may outlive its lease here too, and nothing else depends on how many there were.
   */
  const calmly = async (text: Text, step: number | null): Promise<History> => {
    const { history, log } = await play({ text, course: step === null ? { way: 'passes' } : { way: 'refused', step } });
    const outputs = Object.values(history.outputs).filter((of) => of.length === 1).length;
    const commanded = new Set(history.heard.flatMap((one) => (one.type === 'command' ? [one.stage] : []))).size;
    const counts = [history.phase, outputs, commanded, essenceOf(history).decisions.length, ...log].join(' ');
    const last = step ?? stageCount;
    const expected = step === null ? `COMPLETED ${last} ${last} ${last + 2}` : `FAILED ${last - 1} ${last} ${last + 2}`;
    if (counts !== expected) throw new Error(`the undisturbed run is ${counts} instead of ${expected}`);
    return history;
  };
  const calm = new Map(
    await Promise.all(
      texts.map(
        async (text) =>
          [text, { passes: await calmly(text, null), refused: await calmly(text, refusedAt[text]) }] as const,
      ),
    ),
  );
  const problemsBeside = (
    { text, course }: Schedule,
    history: History,
    word: CancelWord | null,
    listening: boolean,
  ): string[] => {
    const { passes, refused } = calm.get(text) as { passes: History; refused: History };
    if (course.way === 'cancelled' && word !== null) return cancelProblemsOf(history, passes, { word, listening });
    return problemsOf(history, course.way === 'refused' ? refused : passes, { listening });
  };

  return {
    run(seed: number): Promise<Ended> {
      return this.runOne(scheduleOf(seed));
    },
    async runOne(schedule: Schedule): Promise<Ended> {
      const { history, word, log, fired, notReached, ms, listening } = await play(schedule);
      const problems = [...problemsBeside(schedule, history, word, listening), ...log];
      return { schedule, phase: history.phase, problems, fired, notReached, ms };
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
