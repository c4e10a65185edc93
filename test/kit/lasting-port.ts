import { randomInt } from 'node:crypto';
import net from 'node:net';

/** A port that nobody is given by chance while its process is away: below those of outgoing connections. */
export const lastingPort = (): Promise<number> =>
  new Promise((resolve) => {
    const port = 20_000 + randomInt(12_000);
    const server = net.createServer();
    server.once('error', () => resolve(lastingPort()));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
