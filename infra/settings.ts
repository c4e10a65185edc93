/** What starting servers and preparing the checkout reads from the environment; printed in docs/reference/config.md. */
export const infraSettings: Readonly<Record<string, InfraSetting>> = {
  DATABASE_URL: {
    description: 'PostgreSQL to use instead of an own one, with a role that may create roles and schemas',
    example: 'postgresql://postgres:…@db/orgo',
    standard: 'an embedded server',
    secret: true,
  },
  NATS_URL: {
    description: 'NATS to use instead of an own one, with JetStream',
    example: 'nats://nats:4222',
    standard: 'an embedded server',
    secret: true,
  },
  REDIS_URL: {
    description: 'Redis to use instead of an own one, with `noeviction`',
    example: 'redis://redis:6379',
    standard: 'an embedded server',
    secret: true,
  },
  ORGO_DATABASE_SECRET: {
    description: 'What the passwords of the services’ database roles are derived from',
    example: '…',
    standard: 'the password in DATABASE_URL',
    secret: true,
  },
  ORGO_NATS_SERVER: {
    description: 'Program of the embedded NATS',
    example: '/usr/sbin/nats-server',
    standard: 'found on PATH, else fetched',
  },
  ORGO_REDIS_SERVER: {
    description: 'Program of the embedded Redis',
    example: '/usr/bin/redis-server',
    standard: 'found on PATH, else fetched',
  },
  ORGO_IGNORE_PATH_SERVERS: { description: '`1`: do not look on PATH for them', example: '1', standard: 'off' },
  PRISMA_SCHEMA_ENGINE_BINARY: {
    description: 'Prisma’s own migration engine',
    example: '/opt/prisma/schema-engine',
    standard: 'a stub that refuses loudly: Orgo brings its own migration runner',
  },
};

type InfraSetting = { description: string; example: string; standard: string; secret?: true };
