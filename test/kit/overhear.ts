import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Envelope, tenantOfSubject } from '@orgo/contracts';

/** Joins the bus beside everybody else, and again after every restart of the server. */
export function joinBus(url: string): Promise<NatsConnection> {
  const { username, password, host } = new URL(url);
  return connect({
    servers: host,
    user: decodeURIComponent(username),
    pass: decodeURIComponent(password),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
}

export type Overheard = { subject: string; bytes: Uint8Array; json: unknown };

/** The items of an envelope that was heard; of nothing heard, none. */
export const itemsOf = <Item>(message: Overheard | undefined): Item[] =>
  (message?.json as Envelope<Item> | undefined)?.items ?? [];

/** Listens on the bus beside everybody else. What it hears is kept; `until` resolves with the first message that fits, heard or to come. */
export class Overhearing {
  readonly heard: Overheard[] = [];
  readonly #nats: NatsConnection;
  readonly #waiting = new Set<(m: Overheard) => void>();

  private constructor(nats: NatsConnection) {
    this.#nats = nats;
  }

  static async open(url: string, ...subjects: string[]): Promise<Overhearing> {
    const nats = await joinBus(url);
    const self = new Overhearing(nats);
    for (const subject of subjects) {
      const subscription = nats.subscribe(subject);
      void (async () => {
        for await (const m of subscription) {
          let json: unknown = null;
          try {
            json = JSON.parse(m.string());
          } catch {}
          const message = { subject: m.subject, bytes: m.data.slice(), json };
          self.heard.push(message);
          for (const look of self.#waiting) look(message);
        }
      })();
    }
    await nats.flush();
    return self;
  }

  /** Messages of a tenant on a subject that ends so. */
  of(tenant: string, ending: string): Overheard[] {
    return this.heard.filter((m) => tenantOfSubject(m.subject) === tenant && m.subject.endsWith(ending));
  }

  /** Resolves when everything is in `heard` that the server passed on before this call. */
  async roundTrip(): Promise<void> {
    await this.#nats.flush();
    await new Promise(setImmediate);
  }

  until(fits: (m: Overheard) => boolean, timeoutMs = 30_000): Promise<Overheard> {
    const before = this.heard.find(fits);
    if (before) return Promise.resolve(before);
    return new Promise((resolve, reject) => {
      const look = (m: Overheard) => {
        if (!fits(m)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(m);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`nothing such was said; heard: ${[...new Set(this.heard.map((m) => m.subject))].join(', ')}`));
      }, timeoutMs);
      this.#waiting.add(look);
    });
  }

  /** Ask before the server goes: resolves when this ear hears again. */
  async reconnection(): Promise<void> {
    for await (const { type } of this.#nats.status())
      if (type === 'reconnect') {
        await this.#nats.flush();
        return;
      }
  }

  /** Says something on the bus as anybody could. */
  async say(subject: string, value: unknown): Promise<void> {
    this.#nats.publish(subject, JSON.stringify(value));
    await this.#nats.flush();
  }

  close(): Promise<void> {
    return this.#nats.close();
  }
}
