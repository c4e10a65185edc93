import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type NodeReport, nodeReportSchema, payloadTypes, type ReasonCode } from '@orgo/contracts';
import { keyIdOf, toBase64, verifyDsse } from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';

/**
 * What the road does with one answer: other bytes, none (404), an endless body, half of the body and then nothing, a
 * byte now and then, no answer at all.
 */
export type Trick = Uint8Array | null | 'endless' | 'cut' | 'drop' | 'stall' | 'drip';

/**
 * Everything between nodes and Orgo: passes channel files on, unchanged unless a test says otherwise, and takes reports as the release service
 * does: under a nonce that it gave, once, and signed by the node.
 */
export async function openRoad(read: (path: string) => Uint8Array | null, publicKey: (node: string) => Uint8Array) {
  const nonces = new Set<string>();
  const road = {
    url: '',
    /** Paths below the tenant, in the order in which they were asked for. */
    asked: [] as string[],
    reports: [] as NodeReport[],
    /** Told of every report that was taken. */
    reported: (_report: NodeReport): void => undefined,
    /** True while nothing passes. */
    down: false,
    /** Called for every request; undefined lets it pass. */
    trick: (_path: string, _bytes: Buffer | null): Trick | undefined => undefined,
    /** The code with which reports are refused. */
    refusing: null as ReasonCode | null,
    clear(): void {
      road.trick = () => undefined;
      road.down = false;
      road.refusing = null;
      road.asked.length = 0;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };

  const takeReport = async (node: string, request: http.IncomingMessage): Promise<[status: number, body: string]> => {
    const body = await buffer(request);
    if (road.refusing) return [409, JSON.stringify({ code: road.refusing })];
    const key = publicKey(node);
    const keys = [{ keyid: keyIdOf(key), alg: 'ed25519' as const, public: toBase64(key) }];
    const signed = verifyDsse(JSON.parse(body.toString()), {
      payloadType: payloadTypes.nodeReport,
      keys,
      threshold: 1,
      verify: verifySignature,
    });
    if (!signed.ok) return [403, JSON.stringify({ code: signed.code })];
    const report = nodeReportSchema.parse(JSON.parse(Buffer.from(signed.value.payload).toString()));
    if (!nonces.delete(report.nonce)) return [409, JSON.stringify({ code: 'REPORT_REPLAYED' })];
    road.reports.push(report);
    road.reported(report);
    return [202, ''];
  };
  const giveNonce = (): string => {
    const nonce = randomBytes(32).toString('hex');
    nonces.add(nonce);
    return nonce;
  };
  const answer = async (path: string, request: http.IncomingMessage): Promise<[status: number, body: Buffer]> => {
    if (path.endsWith('/nonce')) return [200, Buffer.from(giveNonce())];
    if (path.endsWith('/reports')) {
      const [status, body] = await takeReport(path.split('/')[1] ?? '', request);
      return [status, Buffer.from(body)];
    }
    const bytes = read(path.replace(/^tuf\//, ''));
    return bytes === null ? [404, Buffer.alloc(0)] : [200, Buffer.from(bytes)];
  };

  const server = http.createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/^\/v1\/tenants\/[^/]+\//, '');
    road.asked.push(path);
    if (road.down) return response.destroy();
    if (road.trick(path, null) === 'drop') return response.destroy();
    const [status, body] = await answer(path, request);
    const trick = road.trick(path, status === 200 ? body : null);
    if (trick === undefined) return response.writeHead(status).end(body);
    if (trick === null) return response.writeHead(404).end();
    if (trick === 'stall') return response.writeHead(200).write(body.subarray(0, 1));
    if (trick === 'drip') {
      response.writeHead(200);
      const more = setInterval(() => void response.write('x'), 10);
      return response.on('close', () => clearInterval(more));
    }
    if (trick === 'cut') {
      response.writeHead(200, { 'content-length': body.length });
      return response.write(body.subarray(0, body.length >> 1), () => response.destroy());
    }
    if (trick === 'endless') {
      response.writeHead(200);
      const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536, 0x20), more));
      return more();
    }
    return response.writeHead(200).end(trick);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  road.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return road;
}
export type Road = Awaited<ReturnType<typeof openRoad>>;
