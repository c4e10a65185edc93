/** Exact counts so far; a name is absent where the system does not tell it. */
export type Counters = Partial<Record<'wal_bytes' | 'wal_fsyncs' | 'commits' | 'wal_records', number>>;

/** A system under test that runs. */
export type Running = {
  /** Processes that belong to it, by their topmost ones; their children are found. Servers included, the load generator not. */
  roots(): number[];
  /**
   * One build of eight stages: resolves with its latency in milliseconds when the result is known to the caller. Rejects when the result is not the one
   * that eight stages give.
   */
  build(): Promise<number>;
  counters(): Promise<Counters>;
  /** Looks into the system's own records: `builds` were done in its life, each with eight durable stages. @throws Error when one is missing. */
  verify(builds: number): Promise<void>;
  stop(): Promise<void>;
};

export type System = {
  name: string;
  /** What it is and which settings it has, for the printed result. */
  settings: Record<string, string | number>;
  start(): Promise<Running>;
};
