import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { Problem } from '@orgo/contracts';
import { utf8 } from '@orgo/core';
import { afterEach, expect, test } from 'vitest';
import { Breach, Fault, Refused } from './errors.ts';
import { createFront } from './front.ts';
import { collect, createHttp, type HttpServer, type ServerEvent } from './http.ts';
import { createLog } from './log.ts';

const log = createLog({ service: 'test', level: 'silent' });
const build = 'bld_0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b';
const digest = `sha256:${'ab'.repeat(32)}`;
const auth = { authorization: 'Bearer s3cret' };
const open: HttpServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0).toReversed()) await server.close();
});

const uploads: string[] = [];
let aborted: Promise<void>;
async function* events(from: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  yield { id: `${Number(from || 0) + 1}`, event: 'state', data: { a: 1 } };
  aborted = new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  await aborted;
}

async function start() {
  const api = createHttp({
    service: 'orchestrator',
    token: 's3cret',
    log,
    maxUploadBytes: 1000,
    pages: { '/openapi.json': () => ({ media_type: 'application/json', body: '{"openapi":"3.1.1"}' }) },
    handlers: {
      putArtifact: async ({ params, headers, stream }) => {
        const bytes = await collect(stream, 10_000);
        uploads.push(new TextDecoder().decode(bytes));
        return {
          kind: headers['x-artifact-kind'],
          ref: digest,
          media_type: headers['content-type'],
          size: bytes.length,
          tenant: params.tenant,
        };
      },
      getArtifact: async () => ({
        bytes: (async function* () {
          yield utf8('ab');
          yield utf8('cd');
        })(),
        media_type: 'text/plain',
        size: 4,
      }),
      listBuilds: async ({ query }) => ({ items: [], next_cursor: query.cursor ?? null }),
      cancelBuild: async ({ body, principal }) => ({ body, principal }),
      getBuild: async () => Promise.reject(new Refused('BUILD_NOT_FOUND', 'no such build')),
      pauseBuild: async () => Promise.reject(new Fault('DATABASE_UNAVAILABLE')),
      resumeBuild: async () => Promise.reject(new Breach('HASH_MISMATCH')),
      listCases: async () => Promise.reject(new Error('a secret of our own')),
      watchBuild: async ({ headers, signal }) => events(String(headers['last-event-id'] ?? ''), signal),
    },
  });
  const release = createHttp({
    service: 'release',
    token: 's3cret',
    log,
    handlers: {
      getChannelFile: async ({ params, principal }) => ({
        bytes: utf8(`${params['*']} ${principal}`),
        media_type: 'text/plain',
      }),
      reportNode: async ({ stream }) => void uploads.push(new TextDecoder().decode(await collect(stream))),
    },
  });
  open.push(api, release);
  const services = {
    orchestrator: await api.listen(0),
    release: await release.listen(0),
    audit: 'http://127.0.0.1:1',
    gatekeeper: 'http://127.0.0.1:1',
  };
  const front = createFront({ services, log });
  open.push(front);
  return { direct: services.orchestrator, front: await front.listen(0), api };
}

const action = JSON.stringify({ actor: 'ann', reason: 'why' });
const post = (url: string, body: string | Uint8Array<ArrayBuffer>, headers = {}) =>
  fetch(url, { method: 'POST', body, headers: { ...auth, 'content-type': 'application/json', ...headers } });

test.each(['direct', 'front'] as const)('the API answers %s', async (way) => {
  const servers = await start();
  const v1 = `${servers[way]}/v1/tenants/acme`;
  const json = async (path: string, init: RequestInit = { headers: auth }) =>
    (await fetch(`${v1}${path}`, init)).json();

  expect(await json('/builds?cursor=x&cursor=y')).toEqual({ items: [], next_cursor: 'x' });
  const cancelled = await post(`${v1}/builds/${build}/cancel`, action);
  expect([cancelled.status, await cancelled.json()]).toEqual([
    202,
    { body: JSON.parse(action), principal: 'operator' },
  ]);

  const stored = await post(`${v1}/artifacts`, 'x'.repeat(1000), {
    'content-type': 'text/markdown',
    'x-artifact-kind': 'document',
  });
  expect([stored.status, await stored.json()]).toEqual([
    201,
    { kind: 'document', ref: digest, media_type: 'text/markdown', size: 1000, tenant: 'acme' },
  ]);
  const bytes = await fetch(`${v1}/artifacts/${digest}`, { headers: auth });
  expect([bytes.headers.get('content-type'), bytes.headers.get('content-length'), await bytes.text()]).toEqual([
    'text/plain',
    '4',
    'abcd',
  ]);
});

test('open routes need no token, all others do', async () => {
  const { front } = await start();
  const file = await fetch(`${front}/v1/tenants/acme/tuf/targets/a.json`);
  expect(await file.text()).toBe('targets/a.json anonymous');
  expect((await fetch(`${front}/v1/tenants/acme/nodes/n1/reports`, { method: 'POST', body: '{}' })).status).toBe(202);
  for (const authorization of ['', 'Bearer wrong', 's3cret', 'Bearer s3cret ']) {
    const refused = await fetch(
      `${front}/v1/tenants/acme/builds`,
      authorization ? { headers: { authorization: `${authorization}x` } } : {},
    );
    expect([refused.status, refused.headers.get('www-authenticate'), ((await refused.json()) as Problem).code]).toEqual(
      [401, 'Bearer', 'REQUEST_UNAUTHENTICATED'],
    );
  }
});

test.each([
  ['an unknown path', '/v1/nowhere', {}, 404, 'ROUTE_NOT_FOUND'],
  ['a tenant that cannot be', '/v1/tenants/A/builds', {}, 404, 'TENANT_NOT_FOUND'],
  ['a build that cannot be', '/v1/tenants/acme/builds/1', {}, 404, 'BUILD_NOT_FOUND'],
  ['a refusal', `/v1/tenants/acme/builds/${build}`, {}, 404, 'BUILD_NOT_FOUND'],
  ['a fault', `/v1/tenants/acme/builds/${build}/pause`, { method: 'POST', body: action }, 503, 'DATABASE_UNAVAILABLE'],
  ['a breach', `/v1/tenants/acme/builds/${build}/resume`, { method: 'POST', body: action }, 500, 'HASH_MISMATCH'],
  ['something unforeseen', '/v1/tenants/acme/cases', {}, 503, 'INTERNAL_ERROR'],
  ['no body', `/v1/tenants/acme/builds/${build}/cancel`, { method: 'POST' }, 400, 'REQUEST_INVALID'],
  [
    'another body',
    `/v1/tenants/acme/builds/${build}/cancel`,
    { method: 'POST', body: '{"actor":1,"reason":""}' },
    400,
    'REQUEST_INVALID',
  ],
  [
    'a key twice',
    `/v1/tenants/acme/builds/${build}/cancel`,
    { method: 'POST', body: '{"actor":"a","actor":"b","reason":""}' },
    400,
    'JSON_DUPLICATE_KEY',
  ],
  [
    'a key that reaches for a prototype',
    `/v1/tenants/acme/builds/${build}/cancel`,
    { method: 'POST', body: '{"actor":"a","__proto__":{"reason":""}}' },
    400,
    'JSON_FORBIDDEN_KEY',
  ],
  [
    'a body that is no JSON',
    `/v1/tenants/acme/builds/${build}/cancel`,
    { method: 'POST', body: action, headers: { 'content-type': 'text/plain' } },
    400,
    'REQUEST_INVALID',
  ],
  ['a service that is down', '/v1/tenants/acme/log/checkpoint', {}, 503, 'SERVICE_UNAVAILABLE'],
  [
    'too much',
    '/v1/tenants/acme/artifacts',
    { method: 'POST', body: 'x'.repeat(1001), headers: { 'content-type': 'text/plain' } },
    422,
    'ARTIFACT_TOO_LARGE',
  ],
])('%s is a problem document', async (_, path, init: RequestInit, status, code) => {
  const { front } = await start();
  const response = await fetch(`${front}${path}`, {
    ...init,
    headers: { 'content-type': 'application/json', ...auth, ...init.headers },
  });
  const problem = (await response.json()) as Problem;
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
  expect(problem).toMatchObject({ status, code, type: `urn:orgo:reason:${code}`, retryable: status === 503 });
  expect(problem.detail).not.toContain('secret of our own');
});

test('a body that says no length is refused as soon as it is too much', async () => {
  const { direct } = await start();
  const before = uploads.length;
  const request = httpRequest(`${direct}/v1/tenants/acme/artifacts`, {
    method: 'POST',
    headers: { ...auth, 'content-type': 'text/plain' },
  });
  request.on('error', () => undefined);
  for (let i = 0; i < 20; i++) request.write('x'.repeat(100));
  const [response] = await once(request, 'response');
  expect(response.statusCode).toBe(422);
  expect(uploads.length).toBe(before);
  request.destroy();
});

test('events come as they happen, go on from Last-Event-ID, and end when the client goes or the server stops', async () => {
  const { front, api } = await start();
  const leave = new AbortController();
  const watch = await fetch(`${front}/v1/tenants/acme/builds/${build}/events`, {
    headers: { ...auth, 'last-event-id': '6' },
    signal: leave.signal,
  });
  expect(watch.headers.get('content-type')).toBe('text/event-stream');
  const reader = (watch.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let said = '';
  while (!said.includes('data:')) said += (await reader.read()).value ?? '';
  expect(said).toContain('id: 7\nevent: state\ndata: {"a":1}\n\n');
  leave.abort();
  await aborted;

  const again = await fetch(`${front}/v1/tenants/acme/builds/${build}/events`, { headers: auth });
  const text = again.text();
  await Promise.all([api.close(), text]);
  expect(await text).toContain('id: 1\n');
});

test('health, readiness and documents are pages', async () => {
  let ready = false;
  const server = createHttp({
    service: 'audit',
    handlers: {},
    token: 't',
    log,
    ready: () => ready,
    pages: { '/openapi.json': () => ({ media_type: 'application/json', body: '{}' }) },
  });
  open.push(server);
  const url = await server.listen(0);
  const statuses = async () => [(await fetch(`${url}/healthz`)).status, (await fetch(`${url}/readyz`)).status];
  expect(await statuses()).toEqual([200, 503]);
  ready = true;
  expect(await statuses()).toEqual([200, 200]);
  expect(await (await fetch(`${url}/openapi.json`)).json()).toEqual({});
  const taken = createHttp({ service: 'audit', handlers: {}, token: 't', log });
  await expect(taken.listen(Number(new URL(url).port))).rejects.toEqual(
    expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }),
  );
});

test('closing lets a running answer end and takes no new one', async () => {
  let release = (): void => undefined;
  let entered = (): void => undefined;
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const server = createHttp({
    service: 'audit',
    token: 't',
    log,
    handlers: {
      getRecord: async () => {
        entered();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return { done: true };
      },
    },
  });
  const url = await server.listen(0);
  const running = fetch(`${url}/v1/tenants/acme/records/${build}`, { headers: { authorization: 'Bearer t' } });
  await inside;
  const closed = server.close();
  release();
  expect(await (await running).json()).toEqual({ done: true });
  await closed;
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  expect((await once(socket, 'error'))[0]).toMatchObject({ code: 'ECONNREFUSED' });
});
