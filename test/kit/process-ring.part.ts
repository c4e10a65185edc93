import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { host, runProcess, type Service } from '@orgo/runtime/host';
import { createLog } from '@orgo/runtime/log';
import { Keyring } from '@orgo/runtime/signer';
import { keysDir, TrustStore, trustDir } from '@orgo/runtime/trust';
import type { Pace, Platform } from '@orgo/store/platform';
import { armedBy, eachOf, faultOnSignal, plannedFault, planOfEnv } from './faults.ts';
import { falteringPoint, falterSignal, readyLine } from './process-ring.ts';
import { ackWaitMs, pace as standard } from './ring-client.ts';

// One part of the ring as a process of its own, as its own entry starts it, but with a fault planned in ORGO_TEST_FAULT, which may wait for a signal.
const planned = plannedFault(planOfEnv());
const armSignal = process.env.ORGO_TEST_ARM as NodeJS.Signals | undefined;
const faults = armSignal ? armedBy(armSignal, planned) : planned;
const part = process.env.ORGO_TEST_PART;
/** What is said of it in ORGO_TEST_PACE wins. */
const pace: Pace = { ...standard, ...JSON.parse(process.env.ORGO_TEST_PACE || '{}') };

/** Says on standard output when the part takes work. */
const telling = (service: Service): Service => ({
  ...service,
  async start() {
    await service.start();
    writeSync(1, `${readyLine}\n`);
  },
});

/** Who was killed answers nothing: nobody waits long for it here. */
const hasty = (bus: Bus): Bus => ({
  ...bus,
  request: (subject, bytes, options) =>
    bus.request(subject, bytes, { ...options, timeoutMs: Math.min(options?.timeoutMs ?? 2_000, 2_000) }),
});
const given = <P extends Platform>(platform: P): P => ({ ...platform, bus: hasty(platform.bus), faults, pace });

async function adapter(): Promise<void> {
  const [{ stage: echo }, { createAdapter }] = await Promise.all([
    import('@orgo/adapter-echo/stage'),
    import('@orgo/adapter-sdk'),
  ]);
  const home = process.env.ORGO_HOME ?? '';
  const log = createLog({ service: 'adapter', level: 'fatal' });
  const faltering = faultOnSignal(falteringPoint, falterSignal);
  await runProcess(async (opened) => {
    const bus = await connectBus({ url: process.env.NATS_URL ?? '', name: 'adapter', log, ackWaitMs });
    opened(() => bus.close());
    const artifacts = fileArtifacts(join(home, 'artifacts'));
    const keyring = Keyring.open(keysDir(home));
    const trust = TrustStore.open(trustDir(home));
    const platform = { bus: hasty(bus), log, artifacts, keyring, trust, faults: eachOf(faults, faltering) };
    const running = await host([telling(createAdapter(echo, platform))], { log });
    opened(() => running.stop());
  });
}

// Each process loads its own part alone, as its entry would: some tests start hundreds.
async function service(): Promise<void> {
  const { serviceProcess } = await import('@orgo/store/process');
  if (part === 'audit') {
    const { auditConfig, createAudit } = await import('@orgo/audit');
    await serviceProcess(part, auditConfig, (platform, config) => telling(createAudit(given(platform), config)));
  } else if (part === 'gatekeeper') {
    const { createGatekeeper, gatekeeperConfig } = await import('@orgo/gatekeeper');
    await serviceProcess(part, gatekeeperConfig, (platform, config) =>
      telling(createGatekeeper(given(platform), config)),
    );
  } else if (part === 'orchestrator') {
    const { createOrchestrator, orchestratorConfig } = await import('@orgo/orchestrator');
    await serviceProcess(part, orchestratorConfig, (platform, config) =>
      telling(createOrchestrator(given(platform), config)),
    );
  } else if (part === 'release') {
    const { createRelease, releaseConfig } = await import('@orgo/release');
    await serviceProcess(part, releaseConfig, (platform, config) =>
      telling(createRelease({ ...given(platform), home: platform.home }, config)),
    );
  }
}

await (part === 'adapter' ? adapter() : service());
