// Who may import whom. A rule's name is the sentence that a violation breaks.
import type { Place, Target } from './rooms.ts';

export interface Rule {
  readonly name: string;
  /** Whether this import breaks the rule. */
  readonly breaks: (from: Place, to: Target) => boolean;
}

const SERVICES = ['orchestrator', 'gatekeeper', 'release', 'audit'];
const isService = (room: string): boolean => SERVICES.includes(room);
const isAdapter = (room: string): boolean => room.startsWith('adapters/');
const PURE = ['contracts', 'core', 'kristal'];
/** The libraries of the rooms that promise to be small. `#sha256` is core's own switch between Node and the browser. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  contracts: ['zod'],
  core: ['@noble/hashes', '#sha256'],
  kristal: ['zod', 'hyparquet', 'hyparquet-writer'],
};
/** Clients of the servers. What goes over them is the affair of runtime (the bus) and store. */
const SERVER_CLIENTS = /^(pg|ioredis|bullmq|@prisma\/.*|@nats-io\/.*)$/;
/** Tests of any room may use these besides. */
const TEST_ROOMS = ['infra', 'corpora', 'contracts', 'core'];

/** `room` sees `rooms` and nothing else of ours; its tests may use what tests need. */
const sees = (name: string, inRoom: (from: Place) => boolean, rooms: readonly string[]): Rule => ({
  name,
  breaks: (from, to) =>
    inRoom(from) && to.kind === 'room' && !rooms.includes(to.room) && !(from.test && TEST_ROOMS.includes(to.room)),
});

const room =
  (...names: string[]) =>
  (from: Place): boolean =>
    names.includes(from.room);

export const rules: readonly Rule[] = [
  sees('contracts-see-nothing-of-ours', room('contracts'), []),
  sees('core-sees-contracts-only', room('core'), ['contracts']),
  sees('kristal-corpora-and-runtime-see-contracts-and-core-only', room('kristal', 'corpora', 'runtime'), [
    'contracts',
    'core',
  ]),
  sees('store-sees-contracts-core-and-runtime-only', room('store'), ['contracts', 'core', 'runtime']),
  sees('the-adapter-sdk-sees-contracts-core-and-runtime-only', room('adapter-sdk'), ['contracts', 'core', 'runtime']),
  sees('adapters-see-contracts-core-kristal-and-the-sdk-only', (from) => isAdapter(from.room), [
    ...PURE,
    'adapter-sdk',
  ]),
  sees('services-never-import-services', (from) => isService(from.room), [...PURE, 'runtime', 'store', 'adapter-sdk']),
  {
    name: 'of-the-services-only-the-validate-worker-uses-the-adapter-sdk',
    breaks: (from, to) =>
      isService(from.room) &&
      to.kind === 'room' &&
      to.room === 'adapter-sdk' &&
      !from.file.startsWith('services/gatekeeper/src/validate/'),
  },
  sees('the-witness-sees-core-and-runtime-only', room('witness'), ['core', 'runtime']),
  sees('infra-sees-contracts-only', room('infra', 'bin'), ['contracts']),
  {
    name: 'a-domain-touches-nothing-but-contracts-core-and-kristal',
    breaks: (from, to) =>
      from.domain &&
      !from.test &&
      !(to.kind === 'own' && to.place.domain) &&
      !(to.kind === 'room' && PURE.includes(to.room)),
  },
  {
    name: 'pure-rooms-use-no-node-builtins-outside-files-named-node',
    breaks: (from, to) =>
      to.kind === 'builtin' &&
      PURE.includes(from.room) &&
      from.file.includes('/src/') &&
      !from.test &&
      !from.file.endsWith('.node.ts'),
  },
  {
    name: 'pure-rooms-use-few-libraries',
    breaks: (from, to) =>
      to.kind === 'external' &&
      from.file.includes('/src/') &&
      !from.test &&
      LIBRARIES[from.room]?.includes(to.name) === false,
  },
  {
    name: 'adapters-reach-no-server',
    breaks: (from, to) => isAdapter(from.room) && !from.test && to.kind === 'external' && SERVER_CLIENTS.test(to.name),
  },
  {
    name: 'only-the-composition-root-starts-services',
    breaks: (from, to) =>
      from.room === 'cli' &&
      to.kind === 'room' &&
      isService(to.room) &&
      to.entry === '' &&
      !/\/(compose\/|commands\/up\.ts$)/.test(from.file),
  },
  {
    name: 'packages-are-entered-by-name-not-by-path',
    breaks: (from, to) => to.kind === 'outside' && from.room !== 'bin' && from.room !== 'root',
  },
];
