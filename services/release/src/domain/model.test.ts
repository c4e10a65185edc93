import fc from 'fast-check';
import { expect, it } from 'vitest';
import { releaseTable } from './table.ts';
import { alarm, barred, create, fail, found, pass, published, report, type Said, World } from './world.fixture.ts';

const nodes = ['n1', 'n2', 'n3'];
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

it('a release keeps its rules whatever arrives, twice or out of order', () => {
  const ends = new Set<string>();
  fc.assert(
    fc.property(moves, (walk) => {
      const world = new World();
      const inputs = [create, found, pass(), alarm, fail, barred];
      for (const move of walk) {
        const before = world.events.length;
        const from = world.state.phase;
        if (move.do === 'input') world.step(inputs[move.which] ?? create);
        else if (move.do === 'publish') world.step(published(...move.nodes));
        else world.step(report(move.node, move.said));
        let phase = from;
        for (const event of world.events.slice(before)) {
          const to = releaseTable[phase][event.type];
          expect(to, `${event.type} in ${phase}`).toBeDefined();
          phase = to ?? phase;
        }
        expect(world.state.phase).toBe(phase);
      }
      const { state, events, alarms } = world;
      const types = events.map((event) => event.type);
      ends.add(state.phase);
      // Nothing is published without a sealed PASS, nothing is released that was not published and confirmed by all.
      if (world.jobs().includes('publish')) expect(types).toContain('ReleaseVerified');
      if (types.includes('ReleasePublished'))
        expect(types.indexOf('ReleaseVerified')).toBeLessThan(types.indexOf('ReleasePublished'));
      expect(types.filter((type) => type === 'ReleaseCompleted').length).toBeLessThanOrEqual(1);
      if (types.includes('ReleaseCompleted')) {
        const at = types.indexOf('ReleaseCompleted');
        const last = new Map(
          events
            .slice(0, at)
            .flatMap((event) => (event.type === 'NodeReported' ? [[event.node.instance_id, event.node.state]] : [])),
        );
        const frozen = events.find((event) => event.type === 'ReleasePublished')?.nodes ?? [];
        expect(last.size).toBeGreaterThan(0);
        for (const node of [...frozen, ...last.keys()]) expect(last.get(node)).toBe('ACTIVE');
      }
      // The deadline runs exactly while somebody is waited for.
      expect(alarms.has('activation')).toBe(state.phase === 'RELEASING' && deadlineRuns(world));
      expect(state.changes).toBe(types.filter((type) => type !== 'NodeReported').length);
    }),
    { numRuns: 3000 },
  );
  expect([...ends].sort()).toEqual([
    'FAILED',
    'NEW',
    'PAUSED',
    'QUEUED',
    'RELEASED',
    'RELEASING',
    'VERIFIED',
    'VERIFYING',
  ]);
});

const deadlineRuns = (world: World): boolean =>
  (world.events.find((event) => event.type === 'ReleasePublished')?.nodes.length ?? 0) > 0;
