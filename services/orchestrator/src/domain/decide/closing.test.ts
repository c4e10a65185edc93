import { digestOf } from '@orgo/core';
import { expect, it } from 'vitest';
import type { Receipt, Timed } from '../inputs.ts';
import { admitted, World } from '../world.fixture.ts';

it('a build ends as its sealed record says, also where that is worse than what was asked for', () => {
  const world = new World();
  world.step({ type: 'start', admitted });
  for (const receipt of world.gate.claim(world.claims.splice(0)[0] as never)) world.step(receipt);
  while (world.claims.length === 0)
    for (const receipt of world.gate.reply(world.commands.at(-1) as never, 'ok')) world.step(receipt);
  expect(world.state).toMatchObject({ phase: 'CLOSING', closing: { outcome: 'COMPLETED' } });

  const [sealed] = world.gate.claim(world.claims.splice(0)[0] as never) as [Timed<Receipt>];
  const detail = { outcome: 'FAILED', unreadable: [digestOf('bytes')], kristal_id: null, pack_id: null };
  world.step({ ...sealed, decision: { ...sealed.decision, reason_codes: ['HASH_MISMATCH'], detail } });
  expect(world.state).toMatchObject({ phase: 'FAILED', reason_codes: ['HASH_MISMATCH'], kristal_id: null });
  expect(world.cases).toMatchObject([{ type: 'build-failed', reason_codes: ['HASH_MISMATCH'] }]);
});
