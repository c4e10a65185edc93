import { publicCase } from '@orgo/orchestrator/domain';
import { expect, test } from 'vitest';
import { publicSchema } from '../kit/shared.ts';
import { soon, startOrchestrator } from './orchestrator-instance.ts';

test('a Case in its public form is valid by the public schema as it stands', async (context) => {
  const problemsOf = publicSchema(context, 'orgo-case');
  const orc = await startOrchestrator();
  try {
    orc.peers.answering = () => 'failed';
    const failed = await orc.started();
    await orc.ended(failed.build_id);
    orc.peers.answering = () => 'error';
    const blocked = await orc.started();
    await orc.until(blocked.build_id, ({ status }) => status === 'BLOCKED');
    await expect.poll(async () => (await orc.rows('SELECT state FROM "case"')).length, soon).toBe(2);
    for (const { state } of await orc.rows('SELECT state FROM "case"')) {
      const shown = publicCase(state);
      expect(problemsOf(shown)).toBeNull();
      expect(shown).toMatchObject({
        organization_id: 'acme',
        status: 'OPEN',
        type: 'build',
        audit: [{ event_type: 'CASE_OPENED' }],
      });
      expect(problemsOf({ ...shown, embedded: {} }), 'the schema does refuse').not.toBeNull();
    }
    const { body } = await orc.call('GET', '/cases?limit=1');
    const next = await orc.call('GET', `/cases?limit=1&cursor=${body.next_cursor}`);
    expect([...body.items, ...next.body.items].map(({ type }) => type)).toEqual(['build-blocked', 'build-failed']);
  } finally {
    await orc.stop();
  }
});
