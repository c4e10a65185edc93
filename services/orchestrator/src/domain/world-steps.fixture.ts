import { admitted, World } from './world.fixture.ts';

/** Runs claims and the newest command through the gate until nothing is on the road. */
export function turn(world: World, answer?: Parameters<World['gate']['reply']>[1]): void {
  const command = world.commands.at(-1);
  if (answer !== undefined && command !== undefined) world.receipts.push(...world.gate.reply(command, answer));
  while (world.claims.length + world.receipts.length > 0) {
    for (const claim of world.claims.splice(0)) world.receipts.push(...world.gate.claim(claim));
    for (const receipt of world.receipts.splice(0)) world.step(receipt);
  }
}

/** Asked for, not admitted yet. */
export function built(): World {
  const world = new World();
  world.step({ type: 'start', admitted });
  return world;
}

/** Admitted, its first stage commanded. */
export function running(): World {
  const world = built();
  turn(world);
  return world;
}

/** Each stage answered so. */
export function ended(answers: ('ok' | 'failed')[]): World {
  const world = running();
  for (const answer of answers) turn(world, answer);
  return world;
}

/** Every attempt of the open stage ends in a transient error. */
export function useUp(world: World): void {
  for (let attempt = 1; attempt < 4; attempt++) {
    turn(world, 'error');
    for (const id of [...world.alarms.keys()]) world.fire(id);
  }
  turn(world, 'error');
}
