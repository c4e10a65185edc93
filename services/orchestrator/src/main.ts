import { serviceProcess } from '@orgo/store/process';
import { createOrchestrator, orchestratorConfig } from './service.ts';

await serviceProcess('orchestrator', orchestratorConfig, createOrchestrator);
