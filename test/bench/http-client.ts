import net from 'node:net';

/** A minimal HTTP/1.1 answer. */
export type Answer = { status: number; body: string };

export type HttpClient = {
  post(path: string, body: string, headers?: Record<string, string>): Promise<Answer>;
  close(): void;
};

type Wire = {
  socket: net.Socket;
  take: ((answer: Answer) => void) | null;
  fail: ((error: Error) => void) | null;
  /** When it was last used, `performance.now()`. */
  used: number;
};

/** A server may close a connection that idled (5 s in Node): older ones than this are not used again. */
const staleMs = 2_000;

/** The answer at the start of `bytes`, once whole. Bodies have a length or come in chunks; nothing else is spoken here. */
export function parseAnswer(bytes: Buffer): Answer | null {
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return null;
  const lines = bytes.toString('latin1', 0, head);
  const status = Number(lines.slice(9, 12));
  const rest = head + 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(lines)?.[1];
  if (length !== undefined) {
    const end = rest + Number(length);
    return bytes.length < end ? null : { status, body: bytes.toString('utf8', rest, end) };
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(lines)) return { status, body: '' };
  const parts: Buffer[] = [];
  for (let at = rest; ; ) {
    const eol = bytes.indexOf('\r\n', at);
    if (eol < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, eol), 16);
    const end = eol + 2 + size;
    if (bytes.length < end + 2) return null;
    if (size === 0) return { status, body: Buffer.concat(parts).toString('utf8') };
    parts.push(bytes.subarray(eol + 2, end));
    at = end + 2;
  }
}

/**
 * The load generator's client, the same for every system: connections are kept, one request at a time on each, and nothing is done that the
 * measurement does not need. It shares the processors with what it measures, so it must be small.
 */
export function createHttpClient(origin: string): HttpClient {
  const { hostname, port } = new URL(origin);
  const idle: Wire[] = [];
  const all = new Set<Wire>();

  const open = (): Wire => {
    const socket = net.connect(Number(port), hostname);
    socket.setNoDelay(true);
    const wire: Wire = { socket, take: null, fail: null, used: 0 };
    let held: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const answer = parseAnswer(held);
      if (answer === null) return;
      held = Buffer.alloc(0);
      const { take } = wire;
      wire.take = wire.fail = null;
      wire.used = performance.now();
      idle.push(wire);
      take?.(answer);
    });
    const lost = (error?: Error) => {
      all.delete(wire);
      const at = idle.indexOf(wire);
      if (at >= 0) idle.splice(at, 1);
      wire.fail?.(error ?? new Error(`connection to ${origin} was closed`));
    };
    socket.on('error', lost).on('close', () => lost());
    all.add(wire);
    return wire;
  };

  /** The connection that was used last. When that one is stale, so are all others. */
  const fresh = (): Wire | undefined => {
    const last = idle.pop();
    if (last === undefined || performance.now() - last.used < staleMs) return last;
    for (const wire of [last, ...idle.splice(0)]) wire.socket.destroy();
    return undefined;
  };

  return {
    post: (path, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const wire = fresh() ?? open();
        wire.take = resolve;
        wire.fail = reject;
        const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        wire.socket.write(
          `POST ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more.join('')}\r\n${body}`,
        );
      }),
    close: () => {
      for (const { socket } of all) socket.destroy();
    },
  };
}
