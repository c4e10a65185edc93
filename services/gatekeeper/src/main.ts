import { serviceProcess } from '@orgo/store/process';
import { createGatekeeper, gatekeeperConfig } from './service.ts';

await serviceProcess('gatekeeper', gatekeeperConfig, createGatekeeper);
