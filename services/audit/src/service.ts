import { codeOf } from '@orgo/runtime/errors';
import type { Service } from '@orgo/runtime/host';
import { statementCache } from '@orgo/runtime/statement-cache';
import { openDb } from '@orgo/store/db';
import { createLane } from '@orgo/store/lane';
import type { Incoming, ItemResult } from '@orgo/store/machine';
import type { Platform } from '@orgo/store/platform';
import { type Relay, startRelay } from '@orgo/store/relay';
import { transact } from '@orgo/store/transact';
import type { AuditConfig } from './config.ts';
import { encodeSeals, type NewCheckpoint } from './encode.ts';
import { createGuard } from './guard.ts';
import { decisionSubject, takeDecisions } from './handlers.ts';
import { createOutside } from './outside.ts';
import { createReads } from './reads.ts';
import { answerFold, foldQuestions } from './records.ts';
import { logMachine } from './repo.ts';
import { auditRoutes } from './routes.ts';
import type { SealIncoming } from './seal-item.ts';

export { type AuditConfig, auditConfig } from './config.ts';

const schema = 'audit';

/**
 * Audit: owns the sealed log of each tenant and the records folded from it. It accepts nothing that is not in the log, and the log only grows.
 * Nothing leaves it before the commit of entry, head and signed checkpoint.
 */
export function createAudit(platform: Platform & { home: string }, config: AuditConfig): Service {
  const { bus, log, faults, keyring, trust, artifacts, home } = platform;
  const db = openDb({ url: platform.databaseUrl, schema });
  const reads = createReads({ databaseUrl: platform.databaseUrl, schema });
  const outside = createOutside(home, log);
  const guard = createGuard({ reads, trust, outside, log });
  let relay: Relay | undefined;
  let ready = false;

  const run = async (items: Incoming<SealIncoming>[]): Promise<ItemResult[]> => {
    const committed = new Map<string, NewCheckpoint>();
    const results = await transact(db, logMachine, items, {
      encode: encodeSeals({ keyring, trust }, committed),
      nudge: () => relay?.nudge(),
      faults,
      report: (error, message_ids) => log.error({ err: error, code: codeOf(error), message_ids }, 'work stands still'),
    });
    for (const [i, { message_id }] of items.entries()) {
      const checkpoint = results[i]?.outcome === 'accepted' ? committed.get(message_id) : undefined;
      if (checkpoint !== undefined) outside.keep(checkpoint);
    }
    return results;
  };
  const seals = createLane(run, { max: config.ORGO_SEAL_BATCH });
  const records = { reads, artifacts, trust, log };
  const stops: (() => Promise<unknown> | unknown)[] = [];
  const undo = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };

  return {
    name: 'audit',
    routes: auditRoutes({ ...records, keyring, home, outside }),
    ready: () => ready && bus.isConnected(),
    async start() {
      await guard.check();
      relay = startRelay({ db, bus, log, faults });
      stops.push(() => relay?.stop());
      const sealing = {
        db,
        reads,
        artifacts,
        trust,
        cache: statementCache(),
        guard,
        log,
        seals,
        nudge: () => relay?.nudge(),
      };
      const serving = await Promise.all([
        bus.serve(decisionSubject, 'audit', takeDecisions(sealing)),
        bus.serve(foldQuestions, 'audit', answerFold(records)),
      ]);
      stops.push(() => Promise.all(serving.map((one) => one.stop())));
      ready = true;
    },
    async drain() {
      ready = false;
      await undo();
      await seals.idle();
      await outside.settled();
    },
    async stop() {
      await undo();
      await outside.settled();
      await Promise.all([reads.close(), db.close()]);
    },
  };
}
