import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { JsonValue } from '@orgo/core';

/** One server-sent event. `id` is what a client sends back as Last-Event-ID to go on from here. */
export type ServerEvent = { id?: string; event?: string; data: JsonValue };

/** An idle stream says something this often, so that proxies keep it and a dead client is noticed. */
const commentMs = 15_000;

const oneLine = (text: string): string => text.replace(/[\r\n]/g, ' ');

const render = ({ id, event, data }: ServerEvent): string =>
  `${id === undefined ? '' : `id: ${oneLine(id)}\n`}${event === undefined ? '' : `event: ${oneLine(event)}\n`}data: ${JSON.stringify(data)}\n\n`;

/**
 * Writes events as they come until the source ends or the signal is given (client gone, server stopping); waits while the client does not
 * read. The source is told to end.
 */
export async function sendEvents(
  response: ServerResponse,
  events: AsyncIterable<ServerEvent>,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write(': open\n\n');
  const comments = setInterval(() => response.write(':\n\n'), commentMs);
  const source = events[Symbol.asyncIterator]();
  const aborted = new Promise<{ done: true }>((resolve) => {
    if (signal.aborted) resolve({ done: true });
    signal.addEventListener('abort', () => resolve({ done: true }), { once: true });
  });
  try {
    for (;;) {
      const next = await Promise.race([source.next(), aborted]);
      if (next.done) break;
      if (!response.write(render(next.value))) await Promise.race([once(response, 'drain'), aborted]);
    }
  } finally {
    clearInterval(comments);
    // A source that waits for its next event hears of the end by the signal; nobody waits for it here.
    void source.return?.()?.catch(() => undefined);
    response.end();
  }
}
