/** Work that queues while other work runs. */
export type Lane<Item, Result> = {
  /** Resolves to one result per item, in order, when the run that took them has ended; rejects when it has thrown. */
  push(items: readonly Item[]): Promise<Result[]>;
  /** Items that wait or run. */
  size(): number;
  /** When nothing waits or runs any more. */
  idle(): Promise<void>;
};

type Waiting<Item, Result> = { items: readonly Item[]; resolve(results: Result[]): void; reject(error: unknown): void };

/**
 * Adaptive batching without a timer: a run takes whatever queued while the last one ran, up to `max` items, one run at a
 * time and in order. Idle, an item waits for the end of the current event loop turn only, so that what arrived in one
 * network read goes together. What is pushed together stays together, also above `max`.
 * @example const lane = createLane((items) => transact(db, machine, items, options), { max: 256 })
 */
export function createLane<Item, Result>(
  run: (items: Item[]) => Promise<readonly Result[]>,
  { max }: { max: number },
): Lane<Item, Result> {
  let queue: Waiting<Item, Result>[] = [];
  let size = 0;
  let running = false;
  const idlers: (() => void)[] = [];

  const take = (): Waiting<Item, Result>[] => {
    let count = 0;
    let pushes = 0;
    for (const { items } of queue) {
      if (pushes > 0 && count + items.length > max) break;
      count += items.length;
      pushes++;
    }
    const taken = queue.slice(0, pushes);
    queue = queue.slice(pushes);
    return taken;
  };

  const work = async (): Promise<void> => {
    while (queue.length > 0) {
      const taken = take();
      const items = taken.flatMap((push) => push.items);
      try {
        const results = await run(items);
        if (results.length !== items.length)
          throw new RangeError(`${results.length} results for ${items.length} items`);
        let at = 0;
        for (const push of taken) {
          push.resolve(results.slice(at, at + push.items.length));
          at += push.items.length;
        }
      } catch (error) {
        for (const push of taken) push.reject(error);
      }
      size -= items.length;
    }
    running = false;
    for (const wake of idlers.splice(0)) wake();
  };

  return {
    push: (items) =>
      new Promise((resolve, reject) => {
        if (items.length === 0) return resolve([]);
        queue.push({ items, resolve, reject });
        size += items.length;
        if (running) return;
        running = true;
        setImmediate(() => void work());
      }),
    size: () => size,
    idle: () => (running ? new Promise((resolve) => idlers.push(resolve)) : Promise.resolve()),
  };
}

/** One of several callers that want to share a run. Calls `push` at most once, and `leave` at its end. */
export type Seat<Item, Result> = Pick<Lane<Item, Result>, 'push'> & { leave(): void };

/** How long those that are ready wait for the others. */
const patienceMs = 10;

/**
 * `count` callers that start together: what they push goes to the lane at once when the last of them has pushed or left, so that it shares a run.
 * One that takes long holds up no other: after some milliseconds those that are ready go without it.
 */
export function together<Item, Result>(lane: Lane<Item, Result>, count: number): Seat<Item, Result>[] {
  let awaited = count;
  let waiting: Waiting<Item, Result>[] = [];
  let timer: NodeJS.Timeout | undefined;

  const go = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const taken = waiting;
    waiting = [];
    lane.push(taken.flatMap(({ items }) => items)).then(
      (results) => {
        let at = 0;
        for (const { items, resolve } of taken) {
          resolve(results.slice(at, at + items.length));
          at += items.length;
        }
      },
      (error) => {
        for (const { reject } of taken) reject(error);
      },
    );
  };
  const arrive = (): void => {
    awaited--;
    if (waiting.length === 0) return;
    if (awaited === 0) go();
    else timer ??= setTimeout(go, patienceMs);
  };

  return Array.from({ length: count }, () => {
    let arrived = false;
    return {
      push: (items) =>
        new Promise((resolve, reject) => {
          waiting.push({ items, resolve, reject });
          arrived = true;
          arrive();
        }),
      leave() {
        if (!arrived) arrive();
        arrived = true;
      },
    };
  });
}
