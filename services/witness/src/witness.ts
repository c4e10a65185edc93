import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { cosign, formatWitnessKey, fromUtf8, type NoteKey, parseVkey } from '@orgo/core';
import { type Clock, systemClock } from '@orgo/runtime/clock';
import { codeOf, detailOf, Refused } from '@orgo/runtime/errors';
import { createKey, verifySignature } from '@orgo/runtime/signer';
import type { WitnessConfig } from './config.ts';
import { readRequest, refuseGrowth } from './domain/decide.ts';
import { openState } from './state.ts';

export { type WitnessConfig, witnessConfig } from './config.ts';

/** A running witness. */
export type Witness = { url: string; vkey: string; close(): Promise<void> };

type Answer = { status: number; text: string; type?: string };

/** 63 hashes, and a checkpoint with many signatures. */
const maxBody = 65_536;

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBody) return null;
    parts.push(part);
  }
  const text = fromUtf8(Buffer.concat(parts));
  return text.ok ? text.value : '';
}

/** Logs that are watched: one verifier key a line. @throws Refused CONFIG_INVALID */
async function readLogs(file: string): Promise<NoteKey[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const key = parseVkey(line);
      if (!key.ok) throw new Refused('CONFIG_INVALID', `${file}: ${key.detail}`);
      return key.value;
    });
}

/**
 * Starts a witness: makes its key when it has none, and answers `POST /add-checkpoint` (C2SP tlog-witness). What it has seen is durable before a
 * cosignature leaves, and requests about one log are answered one after the other, so it never cosigns two logs of one origin that do not follow
 * from each other. One process per folder.
 * @throws Refused CONFIG_INVALID when the file of logs does not read
 */
export async function startWitness(config: WitnessConfig, clock: Clock = systemClock): Promise<Witness> {
  const { ORGO_WITNESS_DIR: dir, ORGO_WITNESS_NAME: name, ORGO_WITNESS_LOGS: logs } = config;
  await readLogs(logs);
  const signer = await createKey(join(dir, 'keys'), 'witness', 'witness');
  const key = { name, public: signer.publicKey };
  const state = openState(dir, key);
  const turns = new Map<string, Promise<unknown>>();

  /** Runs after everything about this log that came before. */
  const inTurn = async <T>(origin: string, work: () => Promise<T>): Promise<T> => {
    const mine = (turns.get(origin) ?? Promise.resolve()).then(work, work);
    turns.set(origin, mine);
    try {
      return await mine;
    } finally {
      if (turns.get(origin) === mine) turns.delete(origin);
    }
  };
  const answer = async (text: string): Promise<Answer> => {
    const asked = readRequest(text, await readLogs(logs), verifySignature);
    if ('status' in asked) return asked;
    const { origin } = asked.checkpoint;
    return inTurn(origin, async () => {
      const no = refuseGrowth(asked, await state.seen(origin));
      if (no !== null) return no.status === 409 ? { ...no, type: 'text/x.tlog.size' } : no;
      const line = cosign(asked.body, Math.floor(clock.now().getTime() / 1000), key, signer.sign);
      await state.remember(origin, asked.note + line);
      return { status: 200, text: line };
    });
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const send = ({ status, text, type = 'text/plain; charset=utf-8' }: Answer): void =>
      void response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(text);
    if (request.url !== '/add-checkpoint') return send({ status: 404, text: 'no such place\n' });
    if (request.method !== 'POST') return send({ status: 405, text: 'POST\n' });
    try {
      const body = await bodyOf(request);
      send(body === null ? { status: 413, text: 'too long\n' } : await answer(body));
    } catch (error) {
      process.stderr.write(`${JSON.stringify({ level: 'error', code: codeOf(error), detail: detailOf(error) })}\n`);
      send({ status: 500, text: `${codeOf(error)}\n` });
    }
  };

  const server = createServer({ requestTimeout: 10_000 }, (request, response) => void serve(request, response));
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(config.ORGO_WITNESS_PORT, config.ORGO_WITNESS_HOST, resolve),
  );
  const { address, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    vkey: formatWitnessKey(key),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeIdleConnections();
      }),
  };
}
