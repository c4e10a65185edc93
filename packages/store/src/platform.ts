import { join } from 'node:path';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { openKeyring } from '@orgo/runtime/keyring';
import { createLog, type Log } from '@orgo/runtime/log';
import type { Keyring } from '@orgo/runtime/signer';
import { keysDir, TrustStore, trustDir } from '@orgo/runtime/trust';
import type { AlarmsOptions } from './alarms.ts';
import { type FaultPoints, noFaults } from './fault-points.ts';
import type { RelayOptions } from './relay.ts';

/** How soon a service looks again and how long it waits for one that is gone. Left out in production, where the defaults of relay and alarms hold. */
export type Pace = Pick<RelayOptions, 'pollMs' | 'firstPauseMs' | 'maxPauseMs' | 'requestTimeoutMs'> &
  Pick<AlarmsOptions, 'sweepMs' | 'claimMs'>;

/** What a service is given; connections to PostgreSQL and Redis it opens itself, under its own role. */
export type Platform = {
  /** With the service's own database role. */
  databaseUrl: string;
  /** Null: alarms are fired by the sweep alone. */
  redisUrl: string | null;
  bus: Bus;
  artifacts: ArtifactStore;
  keyring: Keyring;
  trust: TrustStore;
  log: Log;
  faults: FaultPoints;
  /** Id of this installation: part of log origins, and of names in a shared Redis. */
  instance: string;
  pace?: Pace;
};

/** A platform whose kind of keyring is known. */
export type PlatformWith<K extends Keyring> = Omit<Platform, 'keyring'> & { keyring: K };

export type PlatformConfig = {
  /** Names the process in logs and at the servers. */
  name: string;
  home: string;
  databaseUrl: string;
  natsUrl: string;
  redisUrl: string | null;
  instance: string;
  /** Default `<home>/artifacts`; a shared volume where processes run on several hosts. */
  artifactsDir?: string;
  /** Default `<home>/keys`; holds the folders of the roles this process may sign for. */
  keysDir?: string;
  /** Default `<home>/trust`. */
  trustDir?: string;
  maxArtifactBytes?: number;
  /** See `connectBus`. */
  ackWaitMs?: number;
};

/**
 * Constructs bus, artifacts, keys and trust of a process, once. Hosts of several services share the result and give each
 * its own `databaseUrl`: `createAudit({ ...platform, databaseUrl: urls.audit })`.
 * @throws Fault BUS_UNAVAILABLE, Breach SERVER_CONFIG_MISMATCH when NATS cannot carry Orgo
 */
export async function connectPlatform<K extends Keyring = Keyring>(
  config: PlatformConfig,
  given: { log?: Log; faults?: FaultPoints; keyring?: K } = {},
): Promise<PlatformWith<K> & { close(): Promise<void> }> {
  const { name, home, databaseUrl, natsUrl, redisUrl, instance, maxArtifactBytes, ackWaitMs } = config;
  const log = given.log ?? createLog({ service: name });
  const trust = TrustStore.open(config.trustDir ?? trustDir(home));
  const bus = await connectBus({ url: natsUrl, name, log, ...(ackWaitMs !== undefined && { ackWaitMs }) });
  return {
    databaseUrl,
    redisUrl,
    bus,
    artifacts: fileArtifacts(
      config.artifactsDir ?? join(home, 'artifacts'),
      maxArtifactBytes === undefined ? {} : { maxBytes: maxArtifactBytes },
    ),
    keyring: given.keyring ?? (openKeyring(config.keysDir ?? keysDir(home), trust) as Keyring as K),
    trust,
    log,
    faults: given.faults ?? noFaults,
    instance,
    close: () => bus.close(),
  };
}
