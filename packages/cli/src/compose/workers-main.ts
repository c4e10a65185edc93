import { stage as compileExchange } from '@orgo/adapter-compile-exchange/stage';
import { stage as compilePack } from '@orgo/adapter-compile-pack/stage';
import { stage as echo } from '@orgo/adapter-echo/stage';
import { stage as execute } from '@orgo/adapter-execute/stage';
import { stage as extract } from '@orgo/adapter-extract/stage';
import { stage as ingest } from '@orgo/adapter-ingest/stage';
import { stage as pin } from '@orgo/adapter-pin/stage';
import { stage as pythonProfile } from '@orgo/adapter-python-profile/stage';
import { stage as render } from '@orgo/adapter-render/stage';
import { stage as resolve } from '@orgo/adapter-resolve/stage';
import { runAdapter } from '@orgo/adapter-sdk';
import { stage as checkRender } from '@orgo/gatekeeper/check-render';
import { stage as validate } from '@orgo/gatekeeper/validate';
import { fleetOptions, nodeSettings, nodesFolder, openDoor, startFleet } from '@orgo/konnaxion-node';
import { loadConfig } from '@orgo/runtime/config';
import { createLog } from '@orgo/runtime/log';

// All adapters, the validate worker and the nodes of a home in one process: what `orgo up` runs beside the services.
const log = createLog({ service: 'konnaxion-node' });
const settings = loadConfig(nodeSettings, process.env);
const nodeLog = (event: string, fields: Record<string, unknown>): void => log.info({ event, ...fields }, event);
const fleet = startFleet(nodesFolder(settings), { ...fleetOptions(settings), log: nodeLog });
const door = await openDoor(nodesFolder(settings), fleet, { log: nodeLog, keep: settings.ORGO_NODE_KEEP });
await runAdapter(
  [
    pin,
    ingest,
    extract,
    resolve,
    validate,
    compileExchange,
    compilePack,
    render,
    checkRender,
    execute,
    pythonProfile,
    echo,
  ],
  process.env,
);
await door.close();
await fleet.stop();
