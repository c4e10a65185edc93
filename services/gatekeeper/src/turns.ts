import { reasons } from '@orgo/contracts';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { Db } from '@orgo/store/db';
import { createLane, type Lane } from '@orgo/store/lane';
import type { Incoming, ItemResult, Machine, SaveRow } from '@orgo/store/machine';
import type { Snapshots } from '@orgo/store/snapshots';
import { type TransactOptions, transact } from '@orgo/store/transact';
import type {
  ChannelGate,
  ChannelGateEvent,
  DecisionSend,
  GateEvent,
  GateState,
  NodeEvent,
  NodeGate,
  ReleaseEvent,
  ReleaseGate,
  TrustRootEvent,
  TrustRootGate,
} from './domain/index.ts';
import { projectReleases } from './held-channels.ts';
import {
  type ChannelIncoming,
  channelMachine,
  type GateIncoming,
  gateMachine,
  type NodeIncoming,
  nodeMachine,
  projectGates,
  projectNodes,
  type ReleaseIncoming,
  releaseMachine,
  type TrustRootIncoming,
  trustRootMachine,
} from './repo.ts';

/** The one way to each machine. What comes while a transaction runs shares the next one. */
export type Turns = {
  gate: Lane<Incoming<GateIncoming>, ItemResult>;
  release: Lane<Incoming<ReleaseIncoming>, ItemResult>;
  node: Lane<Incoming<NodeIncoming>, ItemResult>;
  channel: Lane<Incoming<ChannelIncoming>, ItemResult>;
  trustRoot: Lane<Incoming<TrustRootIncoming>, ItemResult>;
  idle(): Promise<void>;
};

export type TurnsDeps = {
  db: Db;
  log: Log;
  snapshots: Snapshots;
  options: Omit<TransactOptions<unknown, unknown, DecisionSend>, 'project'>;
  max: number;
};

/** Says aloud what became of a message: a refusal by a rule is ordinary, a violated integrity pages. */
export function tell(log: Log, result: ItemResult, about: Record<string, unknown>): void {
  if (result.code === null) return;
  const breach = Object.hasOwn(reasons, result.code) && reasons[result.code].class === 'breach';
  if (breach) log.error({ code: result.code, outcome: result.outcome, ...about }, 'integrity violated');
  else log.info({ code: result.code, outcome: result.outcome, ...about }, result.outcome);
}

/** `later` for whatever was thrown while facts were gathered: nothing was decided, the sender keeps the message. */
export function laterFor(log: Log, error: unknown, about: Record<string, unknown>): ItemResult {
  const code = codeOf(error);
  log[code === 'INTERNAL_ERROR' ? 'error' : 'warn'](
    { err: error, code, detail: detailOf(error), ...about },
    'cannot decide now',
  );
  return { outcome: 'later', code };
}

export function createTurns({ db, snapshots, options, max }: TurnsDeps): Turns {
  const lane = <S, I, E>(
    machine: Machine<S, I, E, DecisionSend, never>,
    project?: (
      tx: Parameters<NonNullable<TransactOptions<S, E, DecisionSend>['project']>>[0],
      rows: readonly SaveRow<S, E>[],
    ) => Promise<void>,
  ): Lane<Incoming<I>, ItemResult> =>
    createLane<Incoming<I>, ItemResult>(
      (items) => transact(db, machine, items, { ...options, ...(project && { project }) }),
      { max },
    );
  const gate = lane<GateState, GateIncoming, GateEvent>(gateMachine(snapshots), projectGates(snapshots));
  const release = lane<ReleaseGate, ReleaseIncoming, ReleaseEvent>(releaseMachine, projectReleases);
  const node = lane<NodeGate, NodeIncoming, NodeEvent>(nodeMachine, projectNodes);
  const channel = lane<ChannelGate, ChannelIncoming, ChannelGateEvent>(channelMachine);
  const trustRoot = lane<TrustRootGate, TrustRootIncoming, TrustRootEvent>(trustRootMachine);
  return {
    gate,
    release,
    node,
    channel,
    trustRoot,
    idle: async () => {
      await Promise.all([gate.idle(), release.idle(), node.idle(), channel.idle(), trustRoot.idle()]);
    },
  };
}
