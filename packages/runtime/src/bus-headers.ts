import { type Msg, type MsgHdrs, headers as newHeaders } from '@nats-io/transport-node';

export type Headers = Readonly<Record<string, string>>;

const none: Headers = Object.freeze({});

export const toNatsHeaders = (from: Headers): MsgHdrs => {
  const to = newHeaders();
  for (const [name, value] of Object.entries(from)) to.set(name, value);
  return to;
};

/** First value of each header. */
export const headersOf = (message: Msg): Headers => {
  const { headers } = message;
  return headers === undefined ? none : Object.fromEntries(headers.keys().map((name) => [name, headers.get(name)]));
};

/** Names a reason code in an answer that is a fault instead of a result. */
export const faultHeader = 'Orgo-Fault';

/** Status of a message that the server, not a peer, sent; undefined for a message with content. */
export const statusOf = (message: Msg): number | undefined => {
  if (message.data.length > 0) return undefined;
  const code = message.headers?.code;
  return code === undefined || code === 0 ? undefined : code;
};
