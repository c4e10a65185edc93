import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it arrived: decoded from the protobuf bytes that a collector would get. */
export type ReceivedSpan = {
  service: string;
  instance: string;
  name: string;
  trace: string;
  span: string;
  parent: string | null;
  links: { trace: string; span: string }[];
  attributes: Record<string, unknown>;
  statusCode: number;
};

export type OtlpReceiver = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string;
  spans: ReceivedSpan[];
  /** Resolves as soon as what has arrived satisfies the condition. */
  until(condition: (spans: ReceivedSpan[]) => boolean): Promise<ReceivedSpan[]>;
  close(): Promise<void>;
};

type Field = { number: number; varint?: bigint; fixed?: bigint; bytes?: Buffer };

/** Reads the fields of one protobuf message (wire types 0, 1, 2 and 5). */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('protobuf message ends inside a number');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const number = key >> 3;
    const wireType = key & 7;
    if (wireType === 0) fields.push({ number, varint: varint() });
    else {
      const length = wireType === 1 ? 8 : wireType === 5 ? 4 : Number(varint());
      const bytes = message.subarray(at, at + length);
      at += length;
      if (wireType === 2) fields.push({ number, bytes });
      else if (wireType === 1) fields.push({ number, fixed: bytes.readBigUInt64LE() });
      else if (wireType === 5) fields.push({ number, fixed: BigInt(bytes.readUInt32LE()) });
      else throw new Error(`protobuf wire type ${wireType}`);
    }
  }
  return fields;
}

const all = (message: Buffer, number: number): Buffer[] =>
  fieldsOf(message).flatMap((field) => (field.number === number && field.bytes ? [field.bytes] : []));
const one = (message: Buffer, number: number): Buffer => all(message, number)[0] ?? Buffer.alloc(0);

/** opentelemetry.proto.common.v1.AnyValue: string 1, bool 2, int 3, double 4. */
function readValue(message: Buffer): unknown {
  const [field] = fieldsOf(message);
  if (field?.bytes) return field.bytes.toString();
  if (field?.varint !== undefined) return field.number === 2 ? field.varint === 1n : Number(field.varint);
  return field?.fixed;
}

const attributesOf = (message: Buffer, number: number): Record<string, unknown> =>
  Object.fromEntries(all(message, number).map((pair) => [one(pair, 1).toString(), readValue(one(pair, 2))]));

/** opentelemetry.proto.trace.v1: request 1 → resource spans (resource 1, scopes 2) → spans 2. */
function spansOf(request: Buffer): ReceivedSpan[] {
  return all(request, 1).flatMap((resourceSpans) => {
    const resource = attributesOf(one(resourceSpans, 1), 1);
    return all(resourceSpans, 2).flatMap((scopeSpans) =>
      all(scopeSpans, 2).map((span) => ({
        service: String(resource['service.name']),
        instance: String(resource['service.instance.id']),
        name: one(span, 5).toString(),
        trace: one(span, 1).toString('hex'),
        span: one(span, 2).toString('hex'),
        parent: one(span, 4).toString('hex') || null,
        attributes: attributesOf(span, 9),
        links: all(span, 13).map((link) => ({
          trace: one(link, 1).toString('hex'),
          span: one(link, 2).toString('hex'),
        })),
        statusCode: Number(fieldsOf(one(span, 15)).find((field) => field.number === 3)?.varint ?? 0n),
      })),
    );
  });
}

/** A collector on loopback that really decodes what it is sent. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const waiting = new Set<() => void>();
  const server = http.createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const isTraces = request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf';
      if (isTraces) spans.push(...spansOf(Buffer.concat(pieces)));
      response.writeHead(isTraces ? 200 : 404, { 'content-type': 'application/x-protobuf' }).end();
      for (const check of waiting) check();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    until(condition) {
      return new Promise((resolve) => {
        const check = (): void => {
          if (!condition(spans)) return;
          waiting.delete(check);
          resolve(spans);
        };
        waiting.add(check);
        check();
      });
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
