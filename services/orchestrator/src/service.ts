import { codeOf } from '@orgo/runtime/errors';
import type { Service } from '@orgo/runtime/host';
import { createNoise } from '@orgo/runtime/noise';
import { openings } from '@orgo/runtime/openings';
import { settledWithin } from '@orgo/runtime/settled';
import { statementCache } from '@orgo/runtime/statement-cache';
import { type Alarms, startAlarms } from '@orgo/store/alarms';
import { openDb } from '@orgo/store/db';
import type { OutboxRow } from '@orgo/store/outbox-row';
import type { Platform } from '@orgo/store/platform';
import { type Relay, startRelay } from '@orgo/store/relay';
import { createSnapshots } from '@orgo/store/snapshots';
import { transact } from '@orgo/store/transact';
import { createTurns } from '@orgo/store/turns';
import type { OrchestratorConfig } from './config.ts';
import { type CaseInput, caseKeyOf, keyOf } from './domain/index.ts';
import { caseSubject, encodeSends } from './encode.ts';
import { fillCommands } from './evidence.ts';
import { openCases, receiptSubject, takeAlarms, takeReceipts } from './handlers.ts';
import { createReads } from './reads.ts';
import { buildMachine, caseMachine } from './repo.ts';
import { resendIfLost } from './resend.ts';
import { orchestratorRoutes } from './routes.ts';
import { attributesOf, caseAttributesOf } from './span-attributes.ts';
import { createStarts } from './starts.ts';
import { createWatch } from './watch.ts';

export { type OrchestratorConfig, orchestratorConfig } from './config.ts';

const schema = 'orchestrator';

/** SQLSTATE of a unique key that another writer was faster with: the start that lost is answered by what is stored. */
const uniqueViolation = '23505';

/**
 * The orchestrator: owns builds, their commands and attempts, and Cases. It never judges an output (GT-03): a build moves by sealed
 * decisions, deadlines and what a person asks.
 */
export function createOrchestrator(platform: Platform, config: OrchestratorConfig): Service {
  const { bus, log, faults, keyring, trust, artifacts } = platform;
  const db = openDb({ url: platform.databaseUrl, schema });
  const snapshots = createSnapshots();
  const machine = buildMachine(snapshots);
  const reads = createReads({ db, databaseUrl: platform.databaseUrl, snapshots });
  const watch = createWatch(reads, log);
  let relay: Relay | undefined;
  let alarms: Alarms | undefined;
  let ready = false;

  const options = {
    encode: encodeSends(keyring),
    committed: watch.committed,
    nudge: (rows: readonly OutboxRow[]) => relay?.nudge(rows),
    alarms: { armed: (due: readonly number[]) => alarms?.armed(due) },
    faults,
    report(error: unknown, message_ids: readonly string[]) {
      if ((error as { code?: unknown }).code === uniqueViolation)
        log.info({ message_ids }, 'another writer was faster');
      else log.error({ err: error, code: codeOf(error), message_ids }, 'work stands still');
    },
  };
  const turns = createTurns({
    span: 'orchestrator.advance',
    keyOf,
    attributesOf,
    run: (incoming) => transact(db, machine, incoming, options),
    max: config.ORGO_COMMIT_BATCH,
  });
  // Cases say nothing: people read them.
  const cases = createTurns<CaseInput>({
    span: 'orchestrator.case',
    keyOf: caseKeyOf,
    attributesOf: caseAttributesOf,
    run: (incoming) => transact(db, caseMachine, incoming, { encode: async () => [], nudge: () => undefined }),
    max: config.ORGO_COMMIT_BATCH,
  });
  const starts = createStarts({ db, take: turns.take, maxActive: config.ORGO_MAX_ACTIVE_BUILDS, faults });
  const resend = (): Promise<void> =>
    resendIfLost({ db, bus, turns, log }).catch((error) =>
      log.warn({ err: error, code: codeOf(error) }, 'open commands were not said again; their leases will'),
    );
  const receipts = takeReceipts({
    turns,
    cases,
    trust,
    cache: statementCache(),
    noise: createNoise(log),
    faults,
  });
  const { opened, close } = openings((err) => log.error({ err, code: codeOf(err) }, 'not stopped'));

  return {
    name: 'orchestrator',
    routes: orchestratorRoutes({ db, artifacts, trust, reads, snapshots, turns, cases, watch, start: starts.start }),
    ready: () => ready && bus.isConnected(),
    async start() {
      opened((leftMs) => settledWithin([starts.idle(), turns.idle(), cases.idle()], leftMs));
      relay = startRelay({
        ...platform.pace,
        db,
        bus,
        log,
        faults,
        fill: fillCommands,
        local: { [caseSubject]: openCases(cases) },
      });
      opened((leftMs) => relay?.stop(leftMs));
      alarms = await startAlarms({
        ...platform.pace,
        db,
        log,
        faults,
        redisUrl: platform.redisUrl,
        instance: platform.instance,
        onAlarm: takeAlarms(turns),
      });
      opened((leftMs) => alarms?.stop(leftMs));
      await resendIfLost({ db, bus, turns, log });
      opened(bus.onReconnect(() => void resend()));
      const serving = await bus.serve(receiptSubject, 'orchestrator', receipts);
      opened((leftMs) => serving.stop(leftMs));
      ready = true;
    },
    async drain(deadlineMs) {
      ready = false;
      watch.close();
      await close(deadlineMs);
    },
    async stop() {
      await close();
      await Promise.all([reads.close(), db.close()]);
    },
  };
}
