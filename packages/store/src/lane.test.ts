import { describe, expect, it } from 'vitest';
import { createLane, together } from './lane.ts';

const gate = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};

const recorder = (runs: number[][]) => async (items: number[]) => {
  runs.push(items);
  return items;
};

describe('createLane', () => {
  it('takes what queued while the last run ran, in order, and gives each its own results', async () => {
    const runs: number[][] = [];
    const first = gate();
    const lane = createLane<number, number>(
      async (items) => {
        runs.push(items);
        if (runs.length === 1) await first.opened;
        return items.map((item) => item * 10);
      },
      { max: 100 },
    );
    const one = lane.push([1]);
    await new Promise((resolve) => setImmediate(resolve));
    const rest = [lane.push([2, 3]), lane.push([4])];
    expect(lane.size()).toBe(4);
    first.open();
    expect(await Promise.all([one, ...rest])).toEqual([[10], [20, 30], [40]]);
    expect(runs).toEqual([[1], [2, 3, 4]]);
    await lane.idle();
    expect(lane.size()).toBe(0);
  });

  it('puts together what was pushed in one turn of the event loop', async () => {
    const runs: number[][] = [];
    const lane = createLane(recorder(runs), { max: 100 });
    await Promise.all([lane.push([1]), Promise.resolve().then(() => lane.push([2]))]);
    expect(runs).toEqual([[1, 2]]);
  });

  it('keeps to max, but never parts what was pushed together', async () => {
    const runs: number[][] = [];
    const lane = createLane(recorder(runs), { max: 3 });
    await Promise.all([lane.push([1, 2]), lane.push([3, 4]), lane.push([5]), lane.push([6, 7, 8, 9])]);
    expect(runs).toEqual([
      [1, 2],
      [3, 4, 5],
      [6, 7, 8, 9],
    ]);
  });

  it('rejects the pushes of a run that throws, and goes on', async () => {
    let calls = 0;
    const lane = createLane<number, number>(
      async (items) => {
        if (++calls === 1) throw new Error('once');
        return items;
      },
      { max: 1 },
    );
    const [bad, good] = await Promise.allSettled([lane.push([1]), lane.push([2])]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'once' } });
    expect(good).toEqual({ status: 'fulfilled', value: [2] });
  });

  it('rejects when a run forgets an item', async () => {
    const lane = createLane<number, number>(async () => [], { max: 9 });
    await expect(lane.push([1])).rejects.toThrow('0 results for 1 items');
  });

  it('answers nothing with nothing', async () => {
    const lane = createLane<number, number>(async () => Promise.reject(new Error('not called')), { max: 9 });
    expect(await lane.push([])).toEqual([]);
  });
});

describe('together', () => {
  it('takes what several callers push in one run, those that leave not awaited', async () => {
    const runs: number[][] = [];
    const lane = createLane<number, number>(
      async (items) => {
        runs.push(items);
        return items.map((item) => item * 10);
      },
      { max: 8 },
    );
    const [first, second, third] = together(lane, 3);
    const one = first?.push([1, 2]);
    await Promise.resolve();
    third?.leave();
    third?.leave();
    expect(await Promise.all([one, second?.push([3])])).toEqual([[10, 20], [30]]);
    first?.leave();
    expect(runs).toEqual([[1, 2, 3]]);
  });
  it('does not wait for long for one that neither pushes nor leaves', async () => {
    const lane = createLane<number, number>(async (items) => items, { max: 8 });
    const [first, second] = together(lane, 2);
    expect(await first?.push([1])).toEqual([1]);
    expect(await second?.push([2])).toEqual([2]);
    second?.leave();
  });
  it('tells all of them when the run fails', async () => {
    const lane = createLane<number, number>(() => Promise.reject(new Error('no')), { max: 8 });
    const seats = together(lane, 2);
    const said = await Promise.allSettled(seats.map((seat) => seat.push([1])));
    expect(said.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
