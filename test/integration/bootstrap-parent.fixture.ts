// Stands in for `orgo up`: starts servers in the home it is given and says so. A program of its own, to be killed.
import { type ServerName, startServers } from '@orgo/infra/servers';

const [home = '', ...need] = process.argv.slice(2);
const servers = await startServers({ home, need: need as ServerName[] });
process.on('SIGTERM', async () => {
  await servers.stop();
  process.exit(0);
});
process.stdout.write(`${JSON.stringify({ pid: process.pid, pids: servers.pids, urls: servers.urls })}\n`);
setInterval(() => {}, 1 << 30);
