import { join } from 'node:path';
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
import { transact } from '@orgo/store/transact';
import { createTurns } from '@orgo/store/turns';
import { channelMachine } from './channel/machine.ts';
import { publishChannels } from './channel/publish-job.ts';
import { preflightRollbacks, refuseRollbacks } from './channel/rollback-jobs.ts';
import { bringStraysBack } from './channel/strays.ts';
import { validateRollback } from './channel/validation.ts';
import { lifetimesOf, type ReleaseConfig } from './config.ts';
import {
  type ChannelInput,
  channelKeyOf,
  keyOf,
  type NodeInput,
  nodeKeyOf,
  type ReleaseInput,
} from './domain/index.ts';
import type { RootSeen } from './domain/trust-root.ts';
import {
  channelJobSubjects,
  encodeChannelSends,
  encodeNodeSends,
  encodeSends,
  encodeTrustRootSends,
  jobSubjects,
} from './encode.ts';
import { receiptSubject, takeReceipts } from './handlers.ts';
import { channelJob, verifyJob } from './jobs.ts';
import { projectNodes } from './ledger/node-reports.ts';
import { projectReleases } from './ledger/release-steps.ts';
import { takeAlarms } from './look.ts';
import { createNonces } from './nonces.ts';
import { createReads } from './reads.ts';
import { nodeMachine, releaseMachine } from './repo.ts';
import { rollbackJob } from './rollback-job.ts';
import { releaseRoutes } from './routes.ts';
import { trustRootKeyOf, trustRootMachine } from './trust/machine.ts';
import { watchRoots } from './trust/watch-roots.ts';
import { createChannelReader } from './tuf/reader.ts';
import { withRenewals } from './tuf/renew-alarms.ts';
import { openChannels } from './tuf/repository.ts';
import { hearRefusals } from './turned-away.ts';
import { createWaits } from './waits.ts';

export { type ReleaseConfig, releaseConfig } from './config.ts';

const schema = 'release';
const maxBatch = 256;

/** SQLSTATE of a unique key that another writer was faster with: who lost is answered by what is stored. */
const uniqueViolation = '23505';

/**
 * The release service: owns releases, channels and the picture of the nodes. It releases nothing that has no sealed, COMPLETED Build Record, and
 * judges no byte and no report itself: the gatekeeper does.
 */
export function createRelease(platform: Platform & { home: string }, config: ReleaseConfig): Service {
  const { bus, log, faults, keyring, trust, artifacts } = platform;
  const db = openDb({ url: platform.databaseUrl, schema });
  const reads = createReads({ databaseUrl: platform.databaseUrl, schema, db });
  const files = openChannels({
    dir: config.ORGO_CHANNELS_DIR ?? join(platform.home, 'channels'),
    db,
    keyring,
    trust,
    artifacts,
    log,
    lifetimes: lifetimesOf(config),
    faults,
    armed: (due) => alarms?.armed(due),
  });
  const reader = createChannelReader({ channels: files, db, artifacts, trust });
  const nonces = createNonces(db, config.ORGO_NONCE_TTL_MS, faults);
  const waits = createWaits();
  const cache = statementCache();
  let relay: Relay | undefined;
  let alarms: Alarms | undefined;
  let ready = false;

  const shell = {
    nudge: (rows: readonly OutboxRow[]) => relay?.nudge(rows),
    alarms: { armed: (due: readonly number[]) => alarms?.armed(due) },
    faults,
    report(error: unknown, message_ids: readonly string[]) {
      if ((error as { code?: unknown }).code === uniqueViolation)
        log.info({ message_ids }, 'another writer was faster');
      else log.error({ err: error, code: codeOf(error), message_ids }, 'work stands still');
    },
  };
  const releases = createTurns<ReleaseInput>({
    span: 'release.advance',
    keyOf,
    attributesOf: (input) => ({ tenant_id: keyOf(input).tenant_id, release_id: keyOf(input).id, input: input.type }),
    run: (incoming) =>
      transact(db, releaseMachine, incoming, { ...shell, encode: encodeSends(keyring), project: projectReleases }),
    changed: waits.changed,
    max: maxBatch,
  });
  const nodes = createTurns<NodeInput>({
    span: 'release.node',
    keyOf: nodeKeyOf,
    attributesOf: (input) => ({
      tenant_id: nodeKeyOf(input).tenant_id,
      instance_id: nodeKeyOf(input).id,
      input: input.type,
    }),
    run: (incoming) =>
      transact(db, nodeMachine, incoming, { ...shell, encode: encodeNodeSends(keyring), project: projectNodes }),
    changed(keys) {
      waits.changed(keys);
      // What nodes reported has rung for their releases.
      alarms?.nudge();
    },
    max: maxBatch,
  });
  const channels = createTurns<ChannelInput>({
    span: 'release.channel',
    keyOf: channelKeyOf,
    attributesOf: (input) => ({ tenant_id: input.tenant_id, channel: input.channel, input: input.type }),
    run: (incoming) => transact(db, channelMachine, incoming, { ...shell, encode: encodeChannelSends(keyring) }),
    changed: waits.changed,
    max: maxBatch,
  });
  const trustRoots = createTurns<RootSeen>({
    span: 'release.trust-root',
    keyOf: trustRootKeyOf,
    attributesOf: ({ tenant_id, version }) => ({ tenant_id, version }),
    run: (incoming) => transact(db, trustRootMachine, incoming, { ...shell, encode: encodeTrustRootSends(keyring) }),
    changed: () => undefined,
    max: maxBatch,
  });
  const jobs = { bus, trust, cache, artifacts, turns: releases, channels, reads, log };
  const rollbacks = { ...jobs, db, releases };
  const publishing = {
    releases,
    files,
    reader,
    artifacts,
    faults,
    log,
  };
  const { opened, close } = openings((err) => log.error({ err, code: codeOf(err) }, 'not stopped'));

  return {
    name: 'release',
    routes: releaseRoutes({
      releases,
      nodes,
      reads,
      waits,
      trust,
      nonces,
      reader,
      channels,
      joinTimeoutMs: config.ORGO_JOIN_TIMEOUT_MS,
      stepMs: config.ORGO_ACTIVATION_DEADLINE_MS,
    }),
    ready: () => ready && bus.isConnected(),
    async start() {
      opened((leftMs) => settledWithin([releases.idle(), nodes.idle(), channels.idle(), trustRoots.idle()], leftMs));
      const local = {
        [jobSubjects.verify]: verifyJob(jobs),
        [jobSubjects.channel]: channelJob(jobs),
        [jobSubjects.rollback]: rollbackJob(jobs),
        [channelJobSubjects.publish]: publishChannels(publishing),
        [channelJobSubjects.preflight]: preflightRollbacks(rollbacks),
        [channelJobSubjects.refused]: refuseRollbacks(rollbacks),
      };
      const nudge = (rows: readonly OutboxRow[]) => relay?.nudge(rows);
      const refused = hearRefusals({ db, keyring, trust, channels, nudge, faults });
      relay = startRelay({ ...platform.pace, db, bus, log, faults, local, refused });
      opened((leftMs) => relay?.stop(leftMs));
      alarms = await startAlarms({
        ...platform.pace,
        db,
        log,
        faults,
        redisUrl: platform.redisUrl,
        instance: platform.instance,
        onAlarm: withRenewals(files, takeAlarms({ db, reads, releases, log })),
      });
      opened((leftMs) => alarms?.stop(leftMs));
      const serving = await bus.serve(
        receiptSubject,
        'release',
        takeReceipts({
          releases,
          nodes,
          channels,
          afterReport: validateRollback({ db, channels }),
          bringStraysBack: bringStraysBack({ db, channels, reads }),
          artifacts,
          trust,
          cache,
          noise: createNoise(log),
          faults,
        }),
      );
      opened((leftMs) => serving.stop(leftMs));
      const roots = watchRoots({ trust, turns: trustRoots, log });
      opened((leftMs) => settledWithin([roots.stop()], leftMs));
      ready = true;
    },
    async drain(deadlineMs) {
      ready = false;
      await close(deadlineMs);
    },
    async stop() {
      await close();
      await Promise.all([reads.close(), db.close()]);
    },
  };
}
