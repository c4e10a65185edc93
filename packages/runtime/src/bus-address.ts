import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { Refused } from './errors.ts';

const parse = (text: string): URL => {
  try {
    return new URL(text.includes('://') ? text : `nats://${text}`);
  } catch {
    throw new Refused('CONFIG_INVALID', 'the NATS URL is not a URL');
  }
};

/** Where a user that may not listen everywhere hears answers: the address names it, as in `nats://user:secret@host:4222?inbox=_INBOX_user`. */
const inboxOf = (url: URL | undefined): { inboxPrefix?: string } => {
  const inbox = url?.searchParams.get('inbox');
  return inbox ? { inboxPrefix: inbox } : {};
};

/** Options of a connection that never gives up: credentials come from the URL, since the client does not read them there. */
export function natsOptions(url: string, name: string): NodeConnectionOptions {
  const urls = url.split(',').map((text) => parse(text.trim()));
  const [first] = urls;
  const credentials = first?.username
    ? { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }
    : {};
  return {
    name,
    servers: urls.map(({ host }) => host),
    ...credentials,
    ...inboxOf(first),
    ...(first?.protocol === 'tls:' ? { tls: {} } : {}),
    timeout: 5000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 100,
    // A server that restarts may refuse us once or twice before it has read its accounts.
    ignoreAuthErrorAbort: true,
    pingInterval: 20_000,
    noAsyncTraces: true,
  };
}
