import { channels, foldSubject, sealedSubject, tenantOfSubject } from '@orgo/contracts';
import type { Bus } from '@orgo/runtime/bus';
import { Fault } from '@orgo/runtime/errors';
import type { FaultPoint, FaultPoints } from '@orgo/store/fault-points';

/** Every road between two parts of the ring. */
export const arcs = ['command', 'reply', 'claim', 'decision', 'receipt', 'question'] as const;
export type Arc = (typeof arcs)[number];

/**
 * What a road does to a message. `lost`: nobody hears it. `unanswered`: it is heard, and the answer is lost. `overtaken`: it is held until its sender, who has no
 * answer, has said it or another one again, and comes behind that. What is lost or held leaves its sender without an answer until it gives up waiting.
 */
export const roadFaults = ['delayed', 'doubled', 'lost', 'unanswered', 'overtaken'] as const;
export type RoadFault = (typeof roadFaults)[number];

export type PointFault = { service: string; point: FaultPoint; mode: 'throw' | 'crash'; pass: number };
export type ArcFault = { arc: Arc; kind: RoadFault; nth: number };

/** A fault that waits to happen. `fired` turns true when it has: its message was lost, heard twice, passed by a later one. */
export type Armed<F> = F & { seen: number; fired: boolean };

/** One life of a part: what was built with it does nothing any more once it is over. */
export type Life = { service: string; over: boolean /** Points it has passed. */; passed: number; end(): void };

const endings: [string, Arc][] = [
  ...(['reply', 'claim', 'decision'] as const).map((arc): [string, Arc] => [
    channels[arc].subject.replace('orgo.v1.{tenant}', ''),
    arc,
  ]),
  [foldSubject('').replace('orgo.v1.', ''), 'question'],
  [sealedSubject('').replace('orgo.v1.', ''), 'question'],
];

export function arcOf(subject: string): Arc | null {
  const rest = subject.slice(`orgo.v1.${tenantOfSubject(subject)}`.length);
  if (rest.startsWith('.cmd.')) return 'command';
  if (rest.startsWith('.receipt.')) return 'receipt';
  return endings.find(([ending]) => rest === ending)?.[1] ?? null;
}

/** Takes the first armed fault that is due now, counting this pass for all that `fits`. */
function due<F extends { pass?: number; nth?: number }>(armed: Set<Armed<F>>, fits: (f: F) => boolean) {
  let found: Armed<F> | undefined;
  for (const fault of armed) {
    if (!fits(fault)) continue;
    fault.seen++;
    if (found === undefined && fault.seen >= (fault.pass ?? fault.nth ?? 1)) found = fault;
  }
  if (found !== undefined) armed.delete(found);
  return found;
}

/** A sender waits so long at most for the answer to what was lost. */
const silenceMs = 1_000;

/** Holds the faults that wait to happen, and gives every part fault points and a bus on which they do. */
export function createBreakers() {
  const points = new Set<Armed<PointFault>>();
  const roads = new Map<string, Set<Armed<ArcFault>>>();
  /** What is held on the roads of a tenant, until a later message of its arc has passed. */
  const held = new Map<string, Map<Arc, (() => void)[]>>();

  const pausing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const silence = async (timeoutMs: number): Promise<never> => {
    await pausing(Math.min(timeoutMs, silenceMs));
    throw new Fault('BUS_UNAVAILABLE', 'planned on the road');
  };
  const hold = (tenant: string, arc: Arc, release: () => void): void => {
    const arcsOf = held.get(tenant) ?? new Map<Arc, (() => void)[]>();
    held.set(tenant, arcsOf.set(arc, [...(arcsOf.get(arc) ?? []), release]));
  };
  const passed = (tenant: string, arc: Arc): void => {
    const waiting = held.get(tenant)?.get(arc) ?? [];
    held.get(tenant)?.delete(arc);
    for (const release of waiting) release();
  };

  /** Sends by `send` as the road has it today. `send` is given how often it was called. */
  const carry = async <R>(subject: string, timeoutMs: number, send: (time: number) => Promise<R>): Promise<R> => {
    const arc = arcOf(subject);
    if (arc === null) return send(0);
    const tenant = tenantOfSubject(subject);
    const armed = roads.get(tenant);
    const fault = armed && due(armed, (f) => f.arc === arc);
    switch (fault?.kind) {
      case undefined: {
        const answer = await send(0);
        passed(tenant, arc);
        return answer;
      }
      case 'delayed':
        await pausing(20 * (fault?.nth ?? 1));
        fault.fired = true;
        return send(0);
      case 'lost':
        fault.fired = true;
        return silence(timeoutMs);
      case 'overtaken':
        hold(tenant, arc, () => {
          fault.fired = true;
          // Nobody listens to its answer any more.
          send(1).catch(() => undefined);
        });
        return silence(timeoutMs);
      case 'unanswered':
        await send(0);
        fault.fired = true;
        return silence(timeoutMs);
      case 'doubled': {
        const answer = await send(0);
        // Whoever gets it twice answers twice; the sender listens to the first.
        await send(1).then(
          () => {
            fault.fired = true;
          },
          () => undefined,
        );
        return answer;
      }
    }
  };

  return {
    armPoint(fault: PointFault): Armed<PointFault> {
      const armed = { ...fault, seen: 0, fired: false };
      points.add(armed);
      return armed;
    },
    armArc(tenant: string, fault: ArcFault): Armed<ArcFault> {
      const armed = { ...fault, seen: 0, fired: false };
      roads.set(tenant, (roads.get(tenant) ?? new Set()).add(armed));
      return armed;
    },
    disarm(tenant: string, faults: readonly Armed<PointFault>[]): void {
      roads.delete(tenant);
      held.delete(tenant);
      for (const fault of faults) points.delete(fault);
    },
    faultsOf: (life: Life): FaultPoints => ({
      at(point) {
        if (life.over) throw new Fault('INTERNAL_ERROR', `${life.service} has ended`);
        life.passed++;
        const fault = due(points, (f) => f.service === life.service && f.point === point);
        if (fault === undefined) return;
        fault.fired = true;
        if (fault.mode === 'crash') life.end();
        throw new Fault('INTERNAL_ERROR', `planned at ${point}`);
      },
    }),
    busOf: (life: Life, bus: Bus): Bus => {
      const alive = (): void => {
        if (life.over) throw new Fault('BUS_UNAVAILABLE', `${life.service} has ended`);
      };
      return {
        ...bus,
        async request(subject, bytes, options) {
          alive();
          const answer = await carry(subject, options?.timeoutMs ?? silenceMs, () =>
            bus.request(subject, bytes, options),
          );
          alive();
          return answer;
        },
        async publishCommand(subject, bytes, { msgId }) {
          alive();
          // Another id, or the server would drop the second.
          const answer = await carry(subject, silenceMs, (time) =>
            bus.publishCommand(subject, bytes, { msgId: time === 0 ? msgId : `${msgId}:${time}` }),
          );
          alive();
          return answer;
        },
        serve: (subject, queue, handler) =>
          bus.serve(subject, queue, async (bytes, request) => {
            alive();
            const answer = await handler(bytes, request);
            alive();
            return answer;
          }),
        consume: (adapter, handler, options) =>
          bus.consume(
            adapter,
            async (message) => {
              alive();
              await handler({
                bytes: message.bytes,
                subject: message.subject,
                deliveries: message.deliveries,
                ack: () => void (life.over || message.ack()),
                nak: (delayMs) => message.nak(delayMs),
                working: () => message.working(),
              });
            },
            options,
          ),
        publishEvent(subject, bytes) {
          if (!life.over) bus.publishEvent(subject, bytes);
        },
      };
    },
  };
}
export type Breakers = ReturnType<typeof createBreakers>;
