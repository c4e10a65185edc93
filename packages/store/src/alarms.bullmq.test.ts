import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createLog } from '@orgo/runtime/log';
import { expect, it } from 'vitest';
import { startWaker } from './alarms.bullmq.ts';

it.each(['at once', 'after it has said who it is'])('waits for no Redis that falls silent %s', async (when) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    // The first question is whether it has loaded its data; the next is for its settings.
    if (when !== 'at once') socket.once('data', () => socket.write('$11\r\nloading:0\r\n\r\n'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const told: string[] = [];
  const log = createLog({ service: 'test', destination: { write: (line) => void told.push(line) } });
  const redisUrl = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const waker = await startWaker({ redisUrl, queue: 'q', onWake: () => undefined, log, answerMs: 50 });
  expect(told.join()).toContain('"code":"REDIS_UNAVAILABLE"');
  waker.at(10);
  await waker.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});
