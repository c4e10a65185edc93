// @ts-nocheck: its libraries are installed by the benchmark alone
// DBOS: a workflow of eight `runStep` steps, in the application's process, as its documentation shows. One HTTP route starts a workflow and
// answers its result. argv: port, system database URL, pool size or 0 for the library's own.
import http from 'node:http';
import { DBOS } from '@dbos-inc/dbos-sdk';

const [port, url, pool] = process.argv.slice(2);
DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: url,
  logLevel: 'error',
  ...(pool === '0' ? {} : { systemDatabasePoolSize: Number(pool) }),
});
const build = DBOS.registerWorkflow(
  async (text) => {
    let out = text;
    for (let step = 1; step <= 8; step++) {
      const before = out;
      out = await DBOS.runStep(async () => `${before}.${step}`, { name: `step-${step}` });
    }
    return out;
  },
  { name: 'build' },
);
await DBOS.launch();
http
  .createServer(async (request, response) => {
    try {
      let text = '';
      for await (const chunk of request) text += chunk;
      const handle = await DBOS.startWorkflow(build)(text);
      response.end(await handle.getResult());
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
  })
  .listen(Number(port), '127.0.0.1', () => console.log('ready'));
