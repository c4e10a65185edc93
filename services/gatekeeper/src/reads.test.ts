import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createReads } from './reads.ts';

it('waits for no database that takes connections and says nothing', async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const databaseUrl = `postgresql://gatekeeper:x@127.0.0.1:${(server.address() as AddressInfo).port}/orgo`;
  const reads = createReads({ databaseUrl, schema: 'gatekeeper' });
  await expect(reads.build('acme', 'bld_1')).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await reads.close();
  for (const socket of sockets) socket.destroy();
  server.close();
}, 60_000);
