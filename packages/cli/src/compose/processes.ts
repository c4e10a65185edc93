import { fileURLToPath } from 'node:url';
import type { ProcessSpec } from './supervisor.ts';

/** The four services, in the order in which they start. */
export const serviceNames = ['audit', 'gatekeeper', 'orchestrator', 'release'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Stage adapters that run as processes of their own, and the programs that answer beside them. */
export const workerNames = [
  'pin',
  'ingest',
  'extract',
  'resolve',
  'compile-exchange',
  'compile-pack',
  'render',
  'execute',
  'python-profile',
  'echo',
  'konnaxion-node',
] as const;

/** Adapters that NATS knows one by one: all workers but the nodes, which speak HTTP alone. */
export const busAdapters = [
  ...workerNames.filter((name) => name !== 'konnaxion-node'),
  'validate',
  'check-render',
] as const;

const script = (relative: string): string => fileURLToPath(new URL(`../../../../${relative}`, import.meta.url));

/** One process per service, as in production. */
export const serviceProcesses = (env: (name: ServiceName) => Record<string, string>): ProcessSpec[] =>
  serviceNames.map((name) => ({ name, script: script(`services/${name}/src/main.ts`), env: env(name) }));

/** One process per adapter, the workers of the gatekeeper's side and the nodes, as in production. */
export const workerProcesses = (env: (name: string) => Record<string, string>): ProcessSpec[] => [
  ...workerNames.map((name) => ({ name, script: script(`services/adapters/${name}/src/main.ts`), env: env(name) })),
  { name: 'validate', script: script('services/gatekeeper/src/validate/main.ts'), env: env('validate') },
  { name: 'check-render', script: script('services/gatekeeper/src/validate/render/main.ts'), env: env('check-render') },
];

/** All adapters, the validate worker and the nodes in one process. */
export const workersInOne = (env: Record<string, string>): ProcessSpec[] => [
  { name: 'adapters', script: script('packages/cli/src/compose/workers-main.ts'), env },
];
