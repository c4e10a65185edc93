import fc from 'fast-check';
import { expect, it } from 'vitest';
import { releaseTable } from './table.ts';
import { alarm, barred, create, fail, found, pass, published, report, type Said, World } from './world.fixture.ts';

const nodes = ['n1', 'n2', 'n3'];
const inputs = [create, found, pass(), alarm, fail, barred];
const moves = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('input' as const),
        which: fc.constantFrom(0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 5),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('publish' as const), nodes: fc.subarray(nodes) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('report' as const),
        node: fc.constantFrom(...nodes),
        said: fc.constantFrom<Said>('active', 'active', 'active', 'failed', 'verified', 'elsewhere', 'older'),
      }),
    },
  ),
  { maxLength: 30 },
);

/** Everybody does their work from now on: the release has to end. */
function settle(world: World): void {
  world.step(create, found, pass(), published('n1', 'n2'));
  const known = world.state.nodes.map((node) => node.instance_id);
  for (const node of known.length === 0 ? ['n1'] : known) world.step(report(node, 'active'));
}

/** The rules, held against everything that happened. */
function holds(world: World): void {
  const { state, events, alarms } = world;
  const types = events.map((event) => event.type);
  // Nothing is published without a sealed PASS, and nothing is released that was not published and confirmed by all.
  if (world.jobs().includes('publish')) expect(types).toContain('ReleaseVerified');
  if (types.includes('ReleasePublished'))
    expect(types.indexOf('ReleaseVerified')).toBeLessThan(types.indexOf('ReleasePublished'));
  expect(types.filter((type) => type === 'ReleaseCompleted').length).toBeLessThanOrEqual(1);
  const frozen = events.find((event) => event.type === 'ReleasePublished')?.nodes ?? [];
  const end = types.indexOf('ReleaseCompleted');
  if (end >= 0) {
    const reported = events
      .slice(0, end)
      .flatMap((event) => (event.type === 'NodeReported' ? [[event.node.instance_id, event.node.state] as const] : []));
    const last = new Map(reported);
    expect(last.size).toBeGreaterThan(0);
    for (const node of [...frozen, ...last.keys()]) expect(last.get(node)).toBe('ACTIVE');
  }
  // The deadline runs exactly while nodes that were there at publication are waited for.
  expect(alarms.has('activation')).toBe(state.phase === 'RELEASING' && frozen.length > 0);
  expect(state.changes).toBe(types.filter((type) => type !== 'NodeReported').length);
}

function move(world: World, one: (typeof inputs)[number] | ReturnType<typeof report>): void {
  const before = world.events.length;
  let { phase } = world.state;
  world.step(one);
  for (const event of world.events.slice(before)) {
    const to = releaseTable[phase][event.type];
    expect(to, `${event.type} in ${phase}`).toBeDefined();
    phase = to ?? phase;
  }
  expect(world.state.phase).toBe(phase);
}

it('a release keeps its rules whatever arrives, twice or out of order, and ends once everybody works', () => {
  const ends = new Set<string>();
  fc.assert(
    fc.property(moves, (walk) => {
      const world = new World();
      for (const one of walk) {
        if (one.do === 'input') move(world, inputs[one.which] ?? create);
        else if (one.do === 'publish') move(world, published(...one.nodes));
        else move(world, report(one.node, one.said));
        holds(world);
      }
      settle(world);
      holds(world);
      ends.add(world.state.phase);
    }),
    { numRuns: 2000 },
  );
  expect([...ends].sort(), 'the walks reach every end').toEqual(['FAILED', 'RELEASED']);
});
