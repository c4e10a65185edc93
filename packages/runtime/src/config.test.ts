import { expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfig, settingsOf } from './config.ts';

const schema = z.object({
  ORGO_PORT: z.coerce.number().int().min(1).default(7777).meta({ description: 'Port', example: 7777 }),
  ORGO_TOKEN: z.string().min(8).meta({ description: 'Token', example: 'change-me-please', secret: true }),
  ORGO_URL: z.url().meta({ description: 'Address', example: 'http://localhost' }),
});
const good = { ORGO_TOKEN: 'long enough', ORGO_URL: 'http://localhost' };

test('reads, defaults, ignores foreign variables and freezes', () => {
  const config = loadConfig(schema, { ...good, ORGO_PORT: '', HOME: '/root' });
  expect(config).toEqual({ ...good, ORGO_PORT: 7777 });
  expect(Object.isFrozen(config)).toBe(true);
});

test('names every problem at once, and no value', () => {
  expect(() => loadConfig(schema, { ORGO_PORT: '0', ORGO_TOKEN: 'hunter2', ORGO_URL: 'nowhere' })).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      detail: expect.stringMatching(/ORGO_PORT: .*ORGO_TOKEN: .*ORGO_URL: /s),
    }),
  );
  expect(() => loadConfig(schema, { ORGO_TOKEN: 'hunter2', ORGO_URL: 'http://a' })).toThrow(
    expect.objectContaining({ detail: expect.not.stringContaining('hunter2') }),
  );
});

test('lists its settings', () => {
  expect(settingsOf(schema)).toEqual([
    { name: 'ORGO_PORT', description: 'Port', example: '7777', secret: false, required: false },
    { name: 'ORGO_TOKEN', description: 'Token', example: 'change-me-please', secret: true, required: true },
    { name: 'ORGO_URL', description: 'Address', example: 'http://localhost', secret: false, required: true },
  ]);
});
