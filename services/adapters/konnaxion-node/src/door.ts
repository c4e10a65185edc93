import { randomBytes, timingSafeEqual } from 'node:crypto';
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import {
  dsseEnvelopeSchema,
  hex64Schema,
  isReasonCode,
  nameSchema,
  type ReasonCode,
  reasons,
  tenantIdSchema,
} from '@orgo/contracts';
import { type JsonValue, ok, parseStrict, type Result, refuse } from '@orgo/core';
import { z } from 'zod';
import { readNode } from './active.ts';
import { durableDisk } from './disk.ts';
import { defaultKeep } from './domain/retention.ts';
import type { Fleet } from './fleet.ts';
import { stateRecord } from './konnaxion-record.ts';
import { type NodeContext, openContext } from './node-context.ts';
import { codeOfError, messageOf, NodeError } from './node-error.ts';
import { createOpenPacks } from './open-packs.ts';
import { activatePack, nodeHealth, queryNode, rollBack } from './operate.ts';
import type { NodeLog } from './world.ts';

/** Where a running process of nodes says how to reach its door: address and secret, for who may read the folder. */
export const doorFile = 'door.json';
export const doorSchema = z.strictObject({ url: z.url(), token: z.string(), pid: z.int() });
export type Door = z.infer<typeof doorSchema>;

const maxBody = 65_536;

async function bodyOf(request: http.IncomingMessage): Promise<JsonValue> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxBody) throw new NodeError('REQUEST_INVALID', `a body has at most ${maxBody} bytes`);
    chunks.push(chunk as Buffer);
  }
  const json = parseStrict(new Uint8Array(Buffer.concat(chunks)));
  if (!json.ok) throw new NodeError(json.code, json.detail);
  return json.value;
}

const asked = <T>(schema: z.ZodType<T>, body: JsonValue): T => {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new NodeError('REQUEST_INVALID', z.prettifyError(parsed.error));
  return parsed.data;
};
const activateSchema = z.strictObject({ pack_id: hex64Schema });
const rollbackSchema = z.strictObject({ authorization: dsseEnvelopeSchema.nullable().default(null) });

type Operation = (ctx: NodeContext, body: JsonValue) => Promise<Result<unknown>>;

/**
 * The nodes' own door, on the loopback alone and for who has its secret: what serves, how it is, queries of the active pack, and an activation or a rollback within the
 * channel's rules. Nothing that it is asked changes what a node believes. A node does one thing at a time, whoever asks.
 * @returns its address, once it listens and `door.json` says so
 */
export async function openDoor(
  root: string,
  fleet: Fleet,
  options: { log: NodeLog; port?: number; keep?: number },
): Promise<Door & { close(): Promise<void> }> {
  const packs = createOpenPacks();
  const token = randomBytes(24).toString('hex');
  const operations: Record<string, Operation> = {
    'GET active': async ({ dir }) => ok(await readNode(dir)),
    'GET state': async (ctx) => ok(await stateRecord(ctx)),
    'GET health': async (ctx) => ok(await nodeHealth(ctx)),
    'POST query': async (ctx, body) => queryNode(ctx, packs, body),
    'POST activate': async (ctx, body) => activatePack(ctx, asked(activateSchema, body).pack_id),
    'POST rollback': async (ctx, body) => rollBack(ctx, asked(rollbackSchema, body).authorization),
  };

  const answer = async (request: http.IncomingMessage): Promise<Result<unknown>> => {
    const given = Buffer.from(request.headers.authorization ?? '');
    const right = Buffer.from(`Bearer ${token}`);
    if (given.length !== right.length || !timingSafeEqual(given, right))
      return refuse('REQUEST_UNAUTHENTICATED', 'the door opens to who can read its file');
    const [, , tenant, instance, name] = (request.url ?? '').split('/');
    const operation = operations[`${request.method} ${name}`];
    const isNode = tenantIdSchema.safeParse(tenant).success && nameSchema.safeParse(instance).success;
    const node = isNode ? await fleet.node(path.join(root, tenant as string, instance as string)) : null;
    if (operation === undefined || node === null) return refuse('NODE_NOT_FOUND', `no such node runs here`);
    // Before its turn: whoever never sends the rest holds up nobody else.
    const body = request.method === 'POST' ? await bodyOf(request) : null;
    const context = await openContext(node.dir, {
      world: node.world,
      log: options.log,
      signal: undefined,
      keep: options.keep ?? defaultKeep,
    });
    const run = () => operation(context, body);
    // Reading waits for nothing; what changes the node waits for its turn.
    return name === 'activate' || name === 'rollback' ? node.alone(run) : run();
  };

  const server = http.createServer((request, response) => {
    const say = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const no = (code: ReasonCode, detail: string): void => say(reasons[code].http, { code, detail });
    answer(request).then(
      (result) => (result.ok ? say(200, result.value) : no(result.code, result.detail)),
      (error) => {
        const code = codeOfError(error);
        no(isReasonCode(code) ? code : 'INTERNAL_ERROR', messageOf(error));
      },
    );
  });
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const door: Door = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    pid: process.pid,
  };
  const file = path.join(root, doorFile);
  await durableDisk.replace(file, JSON.stringify(door), 0o600);
  return {
    ...door,
    async close() {
      await fs.rm(file, { force: true });
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
