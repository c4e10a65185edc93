import {
  type ArtifactRef,
  type BuildRecord,
  type BuildRequest,
  type BuildStatus,
  isTerminalBuildPhase,
  type ReasonCode,
} from '@orgo/contracts';
import { canonicalBytes, digestOfBytes, utf8 } from '@orgo/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { build, input, stored } from './input-world.ts';

type Answer = { status: number; body: { code?: string } & Record<string, unknown> };
type Asked = { body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> };

async function call(method: string, path: string, { body, headers = {} }: Asked = {}): Promise<Answer> {
  const { api, token } = input.orgo.api();
  const response = await fetch(`${api}/v1/tenants/${input.tenant}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const put = async (kind: string, bytes: Uint8Array): Promise<ArtifactRef> => {
  const { body } = await call('POST', '/artifacts', {
    body: new Uint8Array(bytes),
    headers: { 'x-artifact-kind': kind },
  });
  return body as unknown as ArtifactRef;
};

/** Input of a program that talks to the API and not to the command line: nothing on its side keeps it from sending anything. */
export const describeHttp = (): void =>
  void describe('input by the API', () => {
    let request: BuildRequest;
    let mandate: ArtifactRef[];
    beforeAll(async () => {
      const { build_id } = await build(input.good);
      const record = (await input.cli('record', 'show', build_id, '--json')).json as BuildRecord;
      const admitted = (kind: string) => record.inputs.admitted.filter((each) => each.kind === kind);
      request = stored<BuildRequest>(admitted('build-request')[0]?.ref as string);
      mandate = [...admitted('mandate'), ...admitted('mandate-signature')];
    });

    /** Starts a build of a request and waits for its end. */
    async function ended(bytes: Uint8Array): Promise<BuildStatus> {
      const inputs = [await put('build-request', bytes), ...mandate];
      const trigger = { type: 'manual', actor: 'a program', reason: '' };
      const started = await call('POST', '/builds', {
        body: JSON.stringify({ pipeline: 'kristal', inputs, trigger, rerun_of: null }),
      });
      expect(started).toMatchObject({ status: 202 });
      const read = async () => (await call('GET', `/builds/${started.body.build_id}`)).body as unknown as BuildStatus;
      const isOver = async () => isTerminalBuildPhase((await read()).status);
      await expect.poll(isOver, { timeout: 90_000, interval: 100 }).toBe(true);
      return read();
    }
    const withDocument = (more: object): Uint8Array =>
      canonicalBytes({ ...request, documents: request.documents.map((document) => ({ ...document, ...more })) });
    const twin = (path: string): Uint8Array => {
      const [document] = request.documents;
      const source = { ...document?.source, source_id: 'twin' };
      return canonicalBytes({ ...request, documents: [...request.documents, { ...document, path, source }] });
    };

    it.concurrent.each<[string, ReasonCode, () => Uint8Array]>([
      ['a step up', 'INPUT_PATH_INVALID', () => withDocument({ path: '../../etc/passwd' })],
      ['an absolute path', 'INPUT_PATH_INVALID', () => withDocument({ path: '/etc/passwd' })],
      ['a NUL in a path', 'INPUT_PATH_INVALID', () => withDocument({ path: 'a.md\u0000.png' })],
      ['a path that is another in capitals', 'INPUT_PATH_INVALID', () => twin('A.md')],
      ['a size that is not that of the bytes', 'SIZE_MISMATCH', () => withDocument({ size: 1 })],
      [
        'nobody who could date it',
        'INGEST_PROVENANCE_INCOMPLETE',
        () => withDocument({ source: { ...request.documents[0]?.source, retrieved_at: null } }),
      ],
      ['a path over the contract', 'REQUEST_INVALID', () => withDocument({ path: 'a/'.repeat(600) })],
      [
        'a key twice',
        'REQUEST_INVALID',
        () => utf8(`{"v":1,${new TextDecoder().decode(canonicalBytes(request)).slice(1)}`),
      ],
      ['a hundred brackets', 'REQUEST_INVALID', () => utf8('['.repeat(100) + ']'.repeat(100))],
      ['half a character', 'REQUEST_INVALID', () => new Uint8Array([0x22, 0xe2, 0x82, 0x22])],
    ])('a request with %s: the build ends FAILED with %s', async (_, code, bytes) => {
      expect(await ended(bytes())).toMatchObject({ status: 'FAILED', reason_codes: [code] });
    });

    it.concurrent.each<[string, number, ReasonCode, string | Uint8Array<ArrayBuffer>]>([
      ['that is deep', 400, 'JSON_TOO_DEEP', '['.repeat(100_000)],
      ['with a key twice', 400, 'JSON_DUPLICATE_KEY', '{"actor":"a","\\u0061ctor":"b"}'],
      ['that reaches for a prototype', 400, 'JSON_FORBIDDEN_KEY', '{"constructor":{"prototype":{}}}'],
      ['with half a surrogate', 400, 'JSON_INVALID_UNICODE', '{"actor":"\\ud800"}'],
      ['with a number no double holds', 400, 'JSON_NUMBER_RANGE', '{"actor":9007199254740993}'],
      ['that is no UTF-8', 400, 'JSON_MALFORMED', new Uint8Array([0x22, 0xff, 0x22])],
      ['with a byte order mark', 400, 'JSON_MALFORMED', '\ufeff{}'],
      ['with something behind it', 400, 'JSON_MALFORMED', '{} {}'],
      ['that ends early', 400, 'JSON_MALFORMED', '{"actor":'],
    ])('a body %s is a %i, %s', async (_, status, code, body) => {
      expect(await call('POST', '/builds', { body })).toMatchObject({ status, body: { code } });
    });

    it('a body of two megabytes is refused before it is read as JSON', async () => {
      const body = JSON.stringify({ actor: 'a', reason: 'x'.repeat(2_000_000) });
      const ref = digestOfBytes(utf8('never stored'));
      const answer = await call('POST', `/deadletters/${ref}/drop`, { body });
      expect([answer.status, answer.body.code]).toEqual([400, 'JSON_TOO_LARGE']);
    });
  });
