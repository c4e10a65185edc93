/** What the `orgo` command reads from its environment; printed in docs/reference/config.md. */
export const cliSettings = {
  ORGO_HOME: {
    description: 'Folder of the instance',
    example: '/var/lib/orgo',
    standard: '`.orgo/home` in the checkout',
  },
  ORGO_PORT: {
    description: 'Port of the API of `orgo up`',
    example: '8080',
    standard: 'the one it had before, else a free one',
  },
  ORGO_API: {
    description: 'API of an instance that runs elsewhere',
    example: 'http://orgo.internal:8080',
    standard: 'the instance of the home',
  },
  ORGO_TOKEN: { description: 'Bearer token for ORGO_API', example: '…', standard: 'none', secret: true },
  ORGO_TENANT: { description: 'Tenant that a command acts for', example: 'main', standard: '`main`' },
  ORGO_ACTOR: {
    description: 'Who acts, for the record',
    example: 'ada@example.org',
    standard: '`cli:` and the login name',
  },
  ORGO_DEBUG: { description: 'Any value prints the stack of an unexpected error', example: '1', standard: 'off' },
} as const satisfies Readonly<Record<string, CliSetting>>;

export type CliSetting = { description: string; example: string; standard: string; secret?: true };

/** A setting as it was given; set to the empty text counts as not given. */
export const setting = (name: keyof typeof cliSettings): string | undefined => process.env[name] || undefined;
