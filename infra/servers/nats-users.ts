// Who may say and hear what on the embedded NATS: one user per service and per adapter, with the subjects of its own arcs and no others. Messages are
// believed by their signatures, never by the user that brought them; this keeps a process that was taken over from filling the queue of another,
// from answering in another's place, and from hearing what is answered to others.

import {
  commandStream,
  consumerFilterOf,
  consumerOf,
  eventStream,
  eventSubject,
  foldSubject,
  heardSubject,
  sealedSubject,
  subjectOf,
} from '@orgo/contracts';

export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const any = { tenant: '*' };
const receiptOf = (service: string): string => subjectOf('receipt', { ...any, service });
/** Streams are made by who needs them first, and read back by all; nobody here may change, empty or delete one. */
const STREAMS = [commandStream.name, eventStream.name].flatMap((stream) => [
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.STREAM.CREATE.${stream}`,
]);

const services: Record<string, NatsPermissions> = {
  orchestrator: {
    publish: [subjectOf('command', any), subjectOf('claim', any), eventSubject('*', 'build', '*'), ...STREAMS],
    subscribe: [receiptOf('orchestrator')],
  },
  gatekeeper: {
    publish: [subjectOf('decision', any), foldSubject('*')],
    subscribe: [subjectOf('reply', any), subjectOf('claim', any)],
  },
  audit: {
    publish: [receiptOf('orchestrator'), receiptOf('release')],
    subscribe: [subjectOf('decision', any), foldSubject('*'), sealedSubject('*')],
  },
  release: {
    publish: [subjectOf('claim', any), sealedSubject('*'), eventSubject('*', 'release', '*')],
    subscribe: [receiptOf('release')],
  },
};

/** Takes the commands of its own consumer, acknowledges them, answers to the gatekeeper, and hears which builds were cancelled; `*` stands for all adapters in one process. */
const adapter = (name: string): NatsPermissions => {
  const stream = commandStream.name;
  const consumer = name === '*' ? '*' : consumerOf(name);
  return {
    publish: [
      subjectOf('reply', any),
      ...STREAMS,
      `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
      `$JS.API.CONSUMER.CREATE.${stream}.${consumer}.${consumerFilterOf(name)}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      `$JS.ACK.${stream}.${consumer}.>`,
      // As newer servers will write it: with domain and account.
      `$JS.ACK.*.*.${stream}.${consumer}.>`,
    ],
    subscribe: [`$JS.EVENT.ADVISORY.STREAM.DELETED.${stream}`, heardSubject('buildCancelled')],
  };
};

const together = (all: readonly NatsPermissions[]): NatsPermissions => ({
  publish: [...new Set(all.flatMap(({ publish }) => publish))],
  subscribe: [...new Set(all.flatMap(({ subscribe }) => subscribe))],
});

/** Where a user hears answers; nobody else may listen there. */
export const inboxOf = (user: string): string => `_INBOX_${user}`;

/**
 * Permissions by user: each service and `adapter-<name>`, and `services` and `adapters` for processes that hold all of a kind. Whoever serves may answer
 * each request once.
 */
export function natsUsers(adapters: readonly string[]): Readonly<Record<string, NatsPermissions>> {
  return {
    ...services,
    services: together(Object.values(services)),
    adapters: adapter('*'),
    ...Object.fromEntries(adapters.map((name) => [`adapter-${name}`, adapter(name)])),
  };
}
