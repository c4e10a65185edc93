import fs from 'node:fs';
import path from 'node:path';
import { publicCase } from '@orgo/orchestrator/domain';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect, test } from 'vitest';
import { repo } from '../kit/instance.ts';
import { soon, startOrchestrator } from './orchestrator-instance.ts';

const shared = process.env.ORGO_SHARED ?? path.join(repo, '../shared');
const schemaFile = path.join(shared, 'schemas/koa/orgo-case.schema.json');

test('a Case in its public form is valid by the public schema as it stands', async (context) => {
  if (!fs.existsSync(schemaFile)) context.skip(`no ${schemaFile}; set ORGO_SHARED`);
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  const validate = ajv.compile(JSON.parse(fs.readFileSync(schemaFile, 'utf8')));

  const orc = await startOrchestrator();
  try {
    orc.peers.answering = () => 'failed';
    const failed = await orc.started();
    await orc.ended(failed.build_id);
    orc.peers.answering = () => 'untrusted';
    const blocked = await orc.started();
    await orc.until(blocked.build_id, ({ status }) => status === 'BLOCKED');
    await expect.poll(async () => (await orc.rows('SELECT state FROM "case"')).length, soon).toBe(2);
    for (const { state } of await orc.rows('SELECT state FROM "case"')) {
      const shown = publicCase(state);
      expect(validate(shown), JSON.stringify(validate.errors)).toBe(true);
      expect(shown).toMatchObject({
        organization_id: 'acme',
        status: 'OPEN',
        type: 'build',
        audit: [{ event_type: 'CASE_OPENED' }],
      });
      expect(validate({ ...shown, embedded: {} }), 'the schema does refuse').toBe(false);
    }
    const { body } = await orc.call('GET', '/cases?limit=1');
    const next = await orc.call('GET', `/cases?limit=1&cursor=${body.next_cursor}`);
    expect([...body.items, ...next.body.items].map(({ type }) => type)).toEqual(['build-blocked', 'build-failed']);
  } finally {
    await orc.stop();
  }
});
