import { generateKeyPairSync, sign } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  consistencyPath,
  cosign,
  emptyRoot,
  formatCheckpoint,
  formatGrowth,
  formatVkey,
  leafHash,
  parseWitnessKey,
  rootOf,
  signNote,
  utf8,
  verifyCosignatures,
} from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startWitness, type Witness } from './witness.ts';

const keyOf = (name: string) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const x = publicKey.export({ format: 'jwk' }).x as string;
  return {
    name,
    public: new Uint8Array(Buffer.from(x, 'base64url')),
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
  };
};
const log = keyOf('log.example/a');
const stranger = keyOf('log.example/b');
/** Two logs of one origin that part after ten entries. */
const hashes = Array.from({ length: 40 }, (_, i) => leafHash(utf8(`${i}`)));
const other = hashes.map((hash, i) => (i < 10 ? hash : leafHash(utf8(`other ${i}`))));

const noteOf = (size: number, entries = hashes, key = log): string =>
  signNote(formatCheckpoint({ origin: key.name, size, root: rootOf(entries.slice(0, size)) }), key, key.sign);
const growth = (old: number, size: number, entries = hashes): string => {
  const path = old === 0 || old > size ? [] : consistencyPath(entries.slice(0, size), old);
  return formatGrowth({ old, path, checkpoint: noteOf(size, entries) });
};

let dir: string;
let witness: Witness;
const start = async (): Promise<void> => {
  witness = await startWitness({
    ORGO_WITNESS_DIR: dir,
    ORGO_WITNESS_NAME: 'witness.example/w',
    ORGO_WITNESS_LOGS: path.join(dir, 'logs'),
    ORGO_WITNESS_HOST: '127.0.0.1',
    ORGO_WITNESS_PORT: 0,
  });
};
beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-witness-'));
  fs.writeFileSync(path.join(dir, 'logs'), `# ours\n${formatVkey(log)}\n`);
  await start();
});
afterEach(async () => {
  await witness.close();
  fs.rmSync(dir, { recursive: true, force: true });
});

const ask = async (body: string, place = '/add-checkpoint', method = 'POST') => {
  const answer = await fetch(witness.url + place, { method, ...(method === 'POST' ? { body } : {}) });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
};
const seenFile = (): string => {
  const [name = ''] = fs.readdirSync(path.join(dir, 'seen')).filter((one) => !one.startsWith('.'));
  return path.join(dir, 'seen', name);
};

describe('a checkpoint that follows', () => {
  it('is cosigned, and what was seen is on disk before the answer', async () => {
    for (const [old, size] of [
      [0, 7],
      [7, 8],
      [8, 8],
      [8, 33],
    ] as const) {
      const { status, text } = await ask(growth(old, size));
      expect([old, size, status]).toEqual([old, size, 200]);
      const key = parseWitnessKey(witness.vkey);
      if (!key.ok) throw new Error(key.detail);
      const cosigned = verifyCosignatures(noteOf(size) + text, [key.value], verifySignature);
      expect(cosigned).toMatchObject({ ok: true, value: [{ name: 'witness.example/w' }] });
      expect(cosigned.ok && Math.abs((cosigned.value[0]?.timestamp ?? 0) - Date.now() / 1000)).toBeLessThan(60);
      expect(fs.readFileSync(seenFile(), 'utf8')).toBe(noteOf(size) + text);
    }
  });

  it('is one of them when two come at once', async () => {
    await ask(growth(0, 8));
    const answers = await Promise.all([9, 10, 11, 12, 13].map((size) => ask(growth(8, size))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    const won = 9 + answers.findIndex(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 409).map(({ text }) => text)).toEqual(Array(4).fill(`${won}\n`));
  });

  it('may be an empty log, once with the root of one', async () => {
    const empty = (root: Uint8Array) =>
      formatGrowth({
        old: 0,
        path: [],
        checkpoint: signNote(formatCheckpoint({ origin: log.name, size: 0, root }), log, log.sign),
      });
    expect(await ask(empty(new Uint8Array(32)))).toMatchObject({ status: 422 });
    expect(await ask(empty(emptyRoot()))).toMatchObject({ status: 200 });
    expect(await ask(growth(0, 3))).toMatchObject({ status: 200 });
  });
});

describe('what is refused', () => {
  beforeEach(async () => {
    expect((await ask(growth(0, 12))).status).toBe(200);
  });

  const path1 = (body: string): string => body.replace(/^(old \d+\n)[^\n]+\n/, '$1');
  it.each([
    [
      'a log that is not watched',
      404,
      () => formatGrowth({ old: 0, path: [], checkpoint: noteOf(3, hashes, stranger) }),
    ],
    [
      'no signature by the log',
      403,
      () => growth(12, 20).replace(/\u2014 log\.example\/a .*/u, `\u2014 log.example/a ${'A'.repeat(92)}`),
    ],
    ['a signature over another text', 403, () => growth(12, 20).replace('\n20\n', '\n21\n')],
    ['no request', 400, () => 'hello'],
    ['a size with leading zeros', 400, () => growth(12, 20).replace('old 12', 'old 012')],
    ['more than 63 hashes', 400, () => growth(12, 20).replace('\n', `\n${`${'A'.repeat(43)}=\n`.repeat(64)}`)],
    ['an old size above the checkpoint', 400, () => growth(13, 12)],
    ['an older old size', 409, () => growth(7, 20)],
    ['an old size of zero', 409, () => growth(0, 20)],
    ['a younger old size', 409, () => growth(13, 20)],
    ['a proof that is too short', 422, () => path1(growth(12, 20))],
    ['a log that parted earlier', 422, () => growth(12, 20, other)],
    ['another root for the size that was seen', 422, () => growth(12, 12, other)],
    ['a smaller log', 400, () => formatGrowth({ old: 12, path: [], checkpoint: noteOf(9) })],
    ['far too much', 413, () => `old 12\n\n${'x'.repeat(70_000)}`],
  ])('%s: %d', async (_, status, body) => {
    const before = fs.readFileSync(seenFile(), 'utf8');
    const answer = await ask(body());
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('\u2014');
    if (status === 409) expect(answer).toMatchObject({ type: 'text/x.tlog.size', text: '12\n' });
    expect(fs.readFileSync(seenFile(), 'utf8')).toBe(before);
  });

  it('another place or method', async () => {
    expect(await ask('', '/other')).toMatchObject({ status: 404 });
    expect(await ask('', '/add-checkpoint', 'GET')).toMatchObject({ status: 405 });
  });
});

describe('a witness that starts again', () => {
  it('has the same key, and remembers', async () => {
    const { vkey } = witness;
    await ask(growth(0, 12));
    await witness.close();
    await start();
    expect(witness.vkey).toBe(vkey);
    expect(await ask(growth(0, 20))).toMatchObject({ status: 409, text: '12\n' });
    expect(await ask(growth(12, 20, other))).toMatchObject({ status: 422 });
    expect(await ask(growth(12, 20))).toMatchObject({ status: 200 });
  });

  it('cosigns nothing of a log whose memory somebody else wrote', async () => {
    await ask(growth(0, 12));
    const forger = keyOf('witness.example/w');
    const body = noteOf(3).slice(0, noteOf(3).indexOf('\n\n') + 1);
    for (const forged of [noteOf(3), noteOf(3) + cosign(body, 1, forger, forger.sign), '']) {
      fs.writeFileSync(seenFile(), forged);
      expect(await ask(growth(3, 20))).toMatchObject({ status: 500, text: 'CHECKPOINT_SIGNATURE_INVALID\n' });
    }
  });

  it('watches a log that is added to its list, without being started again', async () => {
    const body = formatGrowth({ old: 0, path: [], checkpoint: noteOf(3, hashes, stranger) });
    expect(await ask(body)).toMatchObject({ status: 404 });
    fs.appendFileSync(path.join(dir, 'logs'), `${formatVkey(stranger)}\n`);
    expect(await ask(body)).toMatchObject({ status: 200 });
  });
});
