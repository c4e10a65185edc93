import { systemClock } from '@orgo/runtime/clock';
import { codeOf, Refused } from '@orgo/runtime/errors';
import type { Service } from '@orgo/runtime/host';
import { createNoise } from '@orgo/runtime/noise';
import { openings } from '@orgo/runtime/openings';
import { settledWithin } from '@orgo/runtime/settled';
import { statementCache } from '@orgo/runtime/statement-cache';
import { openDb } from '@orgo/store/db';
import type { Platform } from '@orgo/store/platform';
import { type Relay, startRelay } from '@orgo/store/relay';
import { createSnapshots } from '@orgo/store/snapshots';
import type { GatekeeperConfig } from './config.ts';
import { createDoor } from './door.ts';
import { encodeDecisions } from './encode.ts';
import { createJudge } from './facts/judge.ts';
import { fillDecisions } from './fill.ts';
import { claimSubject, replySubject, takeClaims, takeReplies } from './handlers.ts';
import { createReads } from './reads.ts';
import { readSchemaFolder, type SchemaFolder } from './schemas/folder.ts';
import { createTurns } from './turns.ts';

export { type GatekeeperConfig, gatekeeperConfig } from './config.ts';

const schema = 'gatekeeper';

/** The official schemas that the settings name, or null. @throws Refused CONFIG_INVALID, SCHEMA_SET_INVALID, SCHEMA_SET_MISMATCH */
function schemasOf({ KRISTAL_SCHEMA_DIR: dir, KRISTAL_SCHEMA_DIGEST: pin }: GatekeeperConfig): SchemaFolder | null {
  if (dir === undefined && pin === undefined) return null;
  if (dir === undefined || pin === undefined)
    throw new Refused('CONFIG_INVALID', 'KRISTAL_SCHEMA_DIR and KRISTAL_SCHEMA_DIGEST are set together');
  return readSchemaFolder(dir, pin);
}

/**
 * The gatekeeper: owns every gate. A decision is a function of evidence that it verified itself and of pinned policy; it runs no stage and changes
 * no artifact. It answers no HTTP: what it decided is read from the log.
 * @throws Refused CONFIG_INVALID, SCHEMA_SET_INVALID, SCHEMA_SET_MISMATCH where official schemas are set that cannot be used
 */
export function createGatekeeper(platform: Platform, config: GatekeeperConfig): Service {
  const { bus, log, faults, keyring, trust, artifacts } = platform;
  const judge = createJudge(schemasOf(config));
  const db = openDb({ url: platform.databaseUrl, schema });
  const snapshots = createSnapshots();
  const reads = createReads({ databaseUrl: platform.databaseUrl, schema });
  let relay: Relay | undefined;
  let ready = false;

  const turns = createTurns({
    db,
    log,
    snapshots,
    max: config.ORGO_GATE_BATCH,
    options: {
      encode: encodeDecisions({ artifacts, keyring, faults }),
      nudge: (rows) => relay?.nudge(rows),
      faults,
      report: (error, message_ids) => log.error({ err: error, code: codeOf(error), message_ids }, 'work stands still'),
    },
  });
  const noise = createNoise(log);
  const deps = {
    db,
    bus,
    artifacts,
    judge,
    keyring,
    trust,
    cache: statementCache(),
    snapshots,
    reads,
    turns,
    rollbacks: { days: config.ORGO_ROLLBACK_DAYS, most: config.ORGO_ROLLBACKS_PER_HOUR },
    noise,
    door: createDoor(),
    clock: systemClock,
    faults,
    log,
  };
  const { opened, close } = openings((err) => log.error({ err, code: codeOf(err) }, 'not stopped'));

  return {
    name: 'gatekeeper',
    ready: () => ready && bus.isConnected(),
    async start() {
      opened((leftMs) => settledWithin([turns.idle()], leftMs));
      relay = startRelay({ ...platform.pace, db, bus, log, faults, fill: fillDecisions });
      opened((leftMs) => relay?.stop(leftMs));
      for (const [subject, handler] of [
        [replySubject, takeReplies(deps)],
        [claimSubject, takeClaims(deps)],
      ] as const) {
        const serving = await bus.serve(subject, 'gatekeeper', handler);
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
      await Promise.all([judge.close(), reads.close(), db.close()]);
    },
  };
}
