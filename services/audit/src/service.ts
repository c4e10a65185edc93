import { join } from 'node:path';
import { codeOf } from '@orgo/runtime/errors';
import type { Service } from '@orgo/runtime/host';
import { createNoise } from '@orgo/runtime/noise';
import { openings } from '@orgo/runtime/openings';
import { settledWithin } from '@orgo/runtime/settled';
import { statementCache } from '@orgo/runtime/statement-cache';
import { openDb } from '@orgo/store/db';
import type { Platform } from '@orgo/store/platform';
import { type Relay, startRelay } from '@orgo/store/relay';
import type { AuditConfig } from './config.ts';
import { fillReceipts } from './fill.ts';
import { foldQuestion } from './fold-question.ts';
import { createGuard, type Guard } from './guard.ts';
import { decisionSubject, takeDecisions } from './handlers.ts';
import { readPolicy } from './policy.ts';
import { createPutOff } from './put-off.ts';
import { answering } from './questions.ts';
import { createReads } from './reads.ts';
import { auditRoutes } from './routes.ts';
import { sealedQuestion } from './sealed-question.ts';
import { createSealing } from './sealing.ts';
import { createWitnesses } from './witnesses.ts';

export { type AuditConfig, auditConfig } from './config.ts';

const schema = 'audit';

/**
 * Audit: owns the tenants' logs and what is folded from them. It judges no build: it seals what the gatekeeper decided, or refuses what is not the
 * gatekeeper's, and no service acts on a decision before its receipt.
 */
export function createAudit(platform: Platform & { home: string }, config: AuditConfig): Service {
  const { bus, log, faults, keyring, trust, artifacts, home } = platform;
  const db = openDb({ url: platform.databaseUrl, schema });
  const reads = createReads({ databaseUrl: platform.databaseUrl, schema });
  const dir = join(home, 'checkpoints');
  const policy = readPolicy(config.ORGO_WITNESS_POLICY);
  const found: Guard['turnOff'] = (tenant, refusal) => guard.turnOff(tenant, refusal);
  const witnesses = createWitnesses({ dir, db, reads, trust, log, policy, found });
  const guard = createGuard({ dir, db, trust, log, witnesses, faults });
  let relay: Relay | undefined;
  let ready = false;
  const putOff = createPutOff(log);
  const sealing = createSealing({
    db,
    log,
    putOff,
    keyring,
    trust,
    guard,
    max: config.ORGO_SEAL_BATCH,
    options: {
      nudge: (rows) => relay?.nudge(rows),
      faults,
      report: (error, message_ids) => log.error({ err: error, code: codeOf(error), message_ids }, 'work stands still'),
    },
  });
  const decisions = takeDecisions({
    sealing,
    trust,
    artifacts,
    cache: statementCache(),
    noise: createNoise(log),
    putOff,
    faults,
    log,
  });
  const questions = [foldQuestion({ db, artifacts, trust, faults }), sealedQuestion(db)];
  const answers = [
    { subject: decisionSubject, handler: decisions },
    ...questions.map((question) => ({ subject: question.subject, handler: answering(question, log) })),
  ];
  const { opened, close } = openings((err) => log.error({ err, code: codeOf(err) }, 'not stopped'));

  return {
    name: 'audit',
    routes: auditRoutes({ reads, artifacts, trust, keyring, home, witnesses }),
    ready: () => ready && bus.isConnected(),
    async start() {
      await guard.checkAll();
      opened((leftMs) => settledWithin([sealing.idle().then(() => guard.idle())], leftMs));
      relay = startRelay({ ...platform.pace, db, bus, log, faults, fill: fillReceipts });
      opened((leftMs) => relay?.stop(leftMs));
      for (const { subject, handler } of answers) {
        const serving = await bus.serve(subject, 'audit', handler);
        opened((leftMs) => serving.stop(leftMs));
      }
      ready = true;
    },
    async drain(deadlineMs) {
      ready = false;
      await close(deadlineMs);
    },
    async stop() {
      await close();
      await guard.idle();
      await witnesses.stop();
      await Promise.all([reads.close(), db.close()]);
    },
  };
}
