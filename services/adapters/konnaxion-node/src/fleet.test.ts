import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EventEmitter } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { durableDisk } from './disk.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { createKey, placesIn } from './folder.ts';

type Line = { event: string; [field: string]: unknown };

let root: string;
let fleet: Fleet | undefined;
let lines: Line[];
let said: EventEmitter;

beforeEach(() => {
  root = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-fleet-')), 'nodes');
  lines = [];
  said = new EventEmitter();
});
afterEach(async () => {
  await fleet?.stop();
  fleet = undefined;
  fs.rmSync(path.dirname(root), { recursive: true, force: true });
});

const start = (): void => {
  fleet = startFleet(root, {
    pollMs: 5,
    log: (event, fields) => {
      lines.push({ event, ...fields });
      said.emit('line');
    },
  });
};
/** Resolves with the lines that match, once there are so many. */
async function until(matches: (line: Line) => boolean, count = 1): Promise<Line[]> {
  for (;;) {
    const found = lines.filter(matches);
    if (found.length >= count) return found;
    await once(said, 'line');
  }
}
/** Nobody listens where these nodes look: a node that runs says that it holds, once. */
const runs = (node: string) => (line: Line) => line.event === 'node.hold' && line.node === node;
const fails = (line: Line): boolean => line.event === 'node.start_failed';

const folder = (node: string, tenant = 'acme'): string => path.join(root, tenant, node);
const configOf = (node: string, tenant = 'acme'): string =>
  JSON.stringify({
    v: 2,
    api: 'http://127.0.0.1:1',
    tenant_id: tenant,
    instance_id: node,
    channel: 'stable',
    root_sha256: 'a'.repeat(64),
    trust_pin: `sha256:${'b'.repeat(64)}`,
    labels: {},
    enrollment: 1,
  });
/** A node's folder as joining makes it: its config appears last, by rename. */
async function join(node: string, tenant = 'acme'): Promise<void> {
  const dir = folder(node, tenant);
  fs.mkdirSync(placesIn(dir).packs, { recursive: true });
  await createKey(dir, durableDisk);
  fs.mkdirSync(path.join(placesIn(dir).tuf, 'metadata'), { recursive: true });
  fs.writeFileSync(path.join(dir, 'node.json.new'), configOf(node, tenant));
  fs.renameSync(path.join(dir, 'node.json.new'), placesIn(dir).config);
}

describe('startFleet', () => {
  it('runs what is there, and what joins later in a tenant that is new', async () => {
    await join('edge-1');
    start();
    await until(runs('edge-1'));
    await join('edge-2');
    await join('edge-3', 'museum');
    await until(runs('edge-2'));
    expect((await until(runs('edge-3')))[0]).toMatchObject({ tenant_id: 'museum' });
    expect(lines.filter(fails)).toEqual([]);
  });

  it('misses none and starts none twice, however joining and looking meet', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `edge-${n}`);
    const joining = Promise.all(
      names.map(async (name, n) => {
        // Some before the fleet looks, some while it does, some after: each by as many turns of the event loop.
        for (let turn = 0; turn < n; turn++) await new Promise(setImmediate);
        await join(name, n % 2 ? 'acme' : 'museum');
      }),
    );
    await new Promise(setImmediate);
    start();
    await joining;
    for (const name of names) await until(runs(name));
    // Each has looked at its channel by now, and says the same thing only once.
    await Promise.all(names.map(() => new Promise(setImmediate)));
    for (const name of names) expect(lines.filter(runs(name))).toHaveLength(1);
    expect(lines.filter(fails)).toEqual([]);
  });

  it.each([
    ['a config that is none', 'node.json', '{"v":1'],
    ['a config with an identity that cannot be', 'node.json', configOf('../../etc')],
    ['no key', 'key.json', null],
    ['a key that is none', 'key.json', '{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}'],
    ['floors that cannot be read', 'state.json', '{"v":1,"channel":"stable"}'],
  ])('a folder with %s hinders nobody, and is tried again when it is mended', async (_what, name, text) => {
    await join('broken');
    const file = path.join(folder('broken'), name);
    const good = fs.existsSync(file) ? fs.readFileSync(file) : undefined;
    if (text === null) fs.rmSync(file);
    else fs.writeFileSync(file, text);
    start();
    await join('edge-1');
    await until(runs('edge-1'));
    const [failed] = await until(fails);
    expect(failed).toMatchObject({ dir: folder('broken'), error_code: 'HOME_UNREADABLE' });
    // It is left alone: others that come and go are no reason to try it again.
    await join('edge-2');
    await until(runs('edge-2'));
    expect(lines.filter(fails)).toHaveLength(1);
    expect(lines.filter(runs('broken'))).toEqual([]);

    if (good) fs.writeFileSync(file, good);
    else fs.rmSync(file);
    await until(runs('broken'));
  });

  it('goes on where folders are taken away, and runs who comes back', async () => {
    await join('edge-1');
    await join('edge-2', 'museum');
    start();
    await until(runs('edge-1'));
    await until(runs('edge-2'));
    fs.rmSync(path.join(root, 'museum'), { recursive: true });
    await join('edge-3');
    await until(runs('edge-3'));
    await join('edge-2', 'museum');
    expect(await until(runs('edge-2'), 2)).toHaveLength(2);
  });

  it('leaves files and folders alone that are no nodes', async () => {
    fs.mkdirSync(path.join(root, 'acme', 'empty'), { recursive: true });
    fs.writeFileSync(path.join(root, 'README'), 'x');
    fs.writeFileSync(path.join(root, 'acme', 'notes.txt'), 'x');
    fs.symlinkSync('/nowhere', path.join(root, 'acme', 'link'));
    start();
    await join('edge-1');
    await until(runs('edge-1'));
    expect(lines.every((line) => line.node === 'edge-1')).toBe(true);
  });

  it('stops what it started, at once', async () => {
    await join('edge-1');
    start();
    await until(runs('edge-1'));
    await fleet?.stop();
    const before = lines.length;
    await join('edge-2');
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(lines).toHaveLength(before);
  });

  it.each([0, -1, Number.NaN])('does not look every %d ms', (pollMs) => {
    expect(() => startFleet(root, { pollMs, log: () => undefined })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});
