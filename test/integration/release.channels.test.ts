import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { digestHex } from '@orgo/core';
import { channelHeads } from '@orgo/release/channel/heads';
import { readBack } from '@orgo/release/channel/read-back';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startChannels, storePack, type TestChannels } from '../kit/channels.ts';

const tenant = 'acme';
let channels: TestChannels;

beforeEach(async () => {
  channels = await startChannels(tenant);
});
afterEach(() => channels.stop());

const get = (rest: string): Promise<Response> => fetch(`${channels.url}/${rest}`);

/** A path as it is written: `fetch` would resolve its dots before asking. */
const getRaw = (asked: string): Promise<{ status: number; body: Record<string, unknown> }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(channels.origin);
    http
      .get({ hostname, port, path: asked }, async (answer) => {
        const body = await text(answer);
        resolve({ status: answer.statusCode ?? 0, body: JSON.parse(body) });
      })
      .on('error', reject);
  });

/** Every file of the tenant's channels by its path, with its bytes. */
const everything = (): Record<string, string> =>
  Object.fromEntries(
    fs
      .readdirSync(channels.dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((name) => [path.relative(channels.dir, name), fs.readFileSync(name, 'base64')]),
  );

describe('publication', () => {
  test('asked for again gives the same numbers and the same bytes', async () => {
    const { wanted, publication } = await channels.publish('stable', 'a');
    const before = everything();
    expect(await channels.put(wanted, channels.reopen().channels)).toEqual(publication);
    expect(everything()).toEqual(before);
  });

  test('that died between its rows and its files is finished by the next one, or by the first reader', async () => {
    const { wanted } = await channels.publish('stable', 'a');
    const before = everything();
    // What a crash right after the rows leaves: nothing on disk.
    fs.rmSync(channels.dir, { recursive: true });
    channels.reopen();
    expect((await get('metadata/timestamp.json')).status).toBe(200);
    expect(everything()).toEqual(before);
    // Between the versioned files and timestamp.json.
    fs.rmSync(path.join(channels.dir, 'metadata/timestamp.json'));
    await channels.put(wanted, channels.reopen().channels);
    expect(everything()).toEqual(before);
  });

  test('by several processes at once gives no number twice and ends at the newest', async () => {
    const processes = Array.from({ length: 4 }, () => channels.reopen().channels);
    const asked = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => ({
        tenant_id: tenant,
        release_id: `rel_0198c0de-0000-7000-8000-0000000000${10 + n}`,
        channel: n % 3 === 0 ? 'beta' : 'stable',
        ...(await storePack(channels.artifacts, tenant, `p${n}`)),
      })),
    );
    await Promise.all(asked.map((wanted, n) => channels.put(wanted, processes[n % 4])));
    const heads = await channelHeads(channels.db, tenant);
    expect(heads.map(({ channel, index }) => [channel, index.current?.release_seq]).sort()).toEqual([
      ['beta', 4],
      ['stable', 8],
    ]);
    const timestamp = (await (await get('metadata/timestamp.json')).json()) as { signed: { version: number } };
    const snapshots = Object.keys(everything()).flatMap((name) => /^metadata\/(\d+)\.snapshot/.exec(name)?.[1] ?? []);
    const numbers = snapshots.map(Number).sort((a, b) => a - b);
    // What was overtaken before it was written is written by nobody.
    expect(numbers.at(-1)).toBe(timestamp.signed.version);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('changes no file that a client may have: other bytes are a breach', async () => {
    const { wanted } = await channels.publish('stable', 'a');
    const name = path.join(channels.dir, 'metadata/1.channel.stable.json');
    fs.writeFileSync(`${name}.new`, fs.readFileSync(name, 'utf8').replace('"version":1', '"version":9'));
    fs.renameSync(`${name}.new`, name);
    const { channels: other } = channels.reopen();
    await expect(channels.put(wanted, other)).rejects.toMatchObject({ name: 'Breach', code: 'HASH_MISMATCH' });
    const answer = await get('metadata/1.root.json');
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([500, 'HASH_MISMATCH']);
  });

  test('of a manifest whose bytes were changed in the store publishes nothing', async () => {
    const pack = await storePack(channels.artifacts, tenant, 'a');
    const hex = digestHex(pack.manifest.ref);
    const stored = path.join(channels.home, 'artifacts', tenant, 'sha256', hex.slice(0, 2), hex);
    fs.chmodSync(stored, 0o644);
    fs.appendFileSync(stored, ' ');
    const wanted = {
      tenant_id: tenant,
      release_id: 'rel_0198c0de-0000-7000-8000-000000000010',
      channel: 'stable',
      ...pack,
    };
    await expect(channels.put(wanted, channels.reopen().channels)).rejects.toMatchObject({
      name: 'Breach',
      code: 'HASH_MISMATCH',
    });
    expect(fs.existsSync(channels.dir)).toBe(false);
  });
});

describe('the door for nodes', () => {
  test('gives the files of a published pack, verified, and says how long they may be kept', async () => {
    const { pack } = await channels.publish('stable', 'a');
    for (const file of pack.files) {
      const answer = await get(`packs/${pack.pack_id}/${file.path}`);
      expect([answer.status, Number(answer.headers.get('content-length'))]).toEqual([200, file.size_bytes]);
      expect(answer.headers.get('cache-control')).toContain('immutable');
      expect((await answer.bytes()).length).toBe(file.size_bytes);
    }
    expect((await get('metadata/timestamp.json')).headers.get('cache-control')).toBe('no-cache');
  });

  test('a pack file whose stored bytes were changed never arrives whole', async () => {
    const { pack } = await channels.publish('stable', 'a');
    const hex = pack.files[0]?.sha256 ?? '';
    const stored = path.join(channels.home, 'artifacts', tenant, 'sha256', hex.slice(0, 2), hex);
    fs.chmodSync(stored, 0o644);
    fs.writeFileSync(stored, fs.readFileSync(stored, 'utf8').toUpperCase());
    const answer = await get(`packs/${pack.pack_id}/${pack.files[0]?.path}`);
    if (answer.ok) await expect(answer.bytes()).rejects.toThrow();
  });

  test('has one answer for everything else', async () => {
    const { pack } = await channels.publish('stable', 'a');
    const secret = await storePack(channels.artifacts, tenant, 'never published');
    const paths = [
      '',
      'metadata',
      'metadata/',
      'metadata/2.root.json',
      'metadata/root.json',
      'metadata/1.channel.nightly.json',
      'metadata/01.root.json',
      'metadata/..%2f..%2f..%2fkeys%2ftuf-root%2facme.json',
      'metadata/%2e%2e/%2e%2e/trust/pins.json',
      `targets/stable/${'0'.repeat(64)}.${pack.pack_id}.pack-manifest.json`,
      'targets/stable/pack-manifest.json',
      `targets/beta/${digestHex(pack.manifest.ref)}.${pack.pack_id}.pack-manifest.json`,
      `packs/${secret.pack_id}/two.json`,
      `packs/${pack.pack_id}/runtime-pack-manifest.json`,
      `packs/${pack.pack_id}/data`,
      `packs/${pack.pack_id}/../${pack.pack_id}/two.json%00`,
      `packs/${pack.pack_id}/..%2f..%2ftwo.json`,
      `packs/${pack.pack_id.toUpperCase()}/two.json`,
    ];
    const here = `/v1/tenants/${tenant}/tuf`;
    const nobody = '/v1/tenants/nobody/tuf';
    const raw = [
      ...paths.map((rest) => `${here}/${rest}`),
      `${nobody}/metadata/timestamp.json`,
      `${nobody}/packs/${pack.pack_id}/two.json`,
    ];
    const answers = new Set<string>();
    for (const asked of raw) {
      const { status, body } = await getRaw(asked);
      const { trace_id: _, ...problem } = body;
      answers.add(JSON.stringify(problem));
      expect(status, asked).toBe(404);
    }
    expect([...answers].map((one) => JSON.parse(one).code)).toEqual(['ARTIFACT_NOT_FOUND']);
    expect(fs.readdirSync(path.dirname(channels.dir))).toEqual([tenant]);
  });

  test('makes the root at the first question, before anything is published', async () => {
    const root = await get('metadata/1.root.json');
    expect(root.status).toBe(200);
    const bytes = Buffer.from(await root.arrayBuffer());
    expect((await get('metadata/timestamp.json')).status).toBe(404);
    fs.rmSync(channels.dir, { recursive: true });
    channels.reopen();
    expect(Buffer.from(await (await get('metadata/1.root.json')).arrayBuffer())).toEqual(bytes);
  });
});

describe('what was published is fetched again and compared', () => {
  test('a publication that somebody changed is found, whatever file of it they changed', async () => {
    const { pack } = await channels.publish('stable', 'a');
    const [head] = await channelHeads(channels.db, tenant);
    if (head === undefined) throw new Error('nothing was published');
    const { reader } = channels.reopen();
    const back = (whole = new Set<string>()) =>
      readBack({ reader, artifacts: channels.artifacts, whole }, tenant, head);
    const once = new Set<string>();
    await back(once);
    expect([...once]).toEqual([`${tenant}/stable/1`]);

    const stored = (sha256: string): string =>
      path.join(channels.home, 'artifacts', tenant, 'sha256', sha256.slice(0, 2), sha256);
    const published = Object.keys(everything())
      .filter((name) => !/root|targets\.json/.test(name))
      .map((name) => path.join(channels.dir, name));
    const files = [...published, ...pack.files.map(({ sha256 }) => stored(sha256))];
    expect(files.length).toBeGreaterThan(6);
    for (const name of files) {
      const bytes = fs.readFileSync(name);
      fs.chmodSync(name, 0o644);
      const changes: [string, () => void][] = [
        ['flipped', () => fs.writeFileSync(name, Buffer.from(bytes).fill((bytes[0] ?? 0) ^ 1, 0, 1))],
        ['longer', () => fs.appendFileSync(name, '}')],
        ['gone', () => fs.rmSync(name)],
      ];
      for (const [what, change] of changes) {
        change();
        await expect(back().then(() => `${path.basename(name)} ${what}`)).rejects.toMatchObject({
          code: expect.stringMatching(/^(HASH_MISMATCH|SIZE_MISMATCH|ARTIFACT_NOT_FOUND|JSON_MALFORMED)$/),
        });
        fs.writeFileSync(name, bytes);
      }
    }
    await back();
  });
});
