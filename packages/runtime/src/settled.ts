/** Waits until everything running has ended, however it ended, or the deadline has passed. True when all has ended. */
export async function settledWithin(running: Iterable<Promise<unknown>>, deadlineMs: number): Promise<boolean> {
  const all = [...running];
  if (all.length === 0) return true;
  if (deadlineMs <= 0) return false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  const ended = await Promise.race([Promise.allSettled(all).then(() => true), late]);
  clearTimeout(timer);
  return ended;
}
