// @ts-nocheck: its libraries are installed by the benchmark alone
// BullMQ: a flow of eight jobs, each the child of the next, so that they run one after the other; the last one's value is the result, and every
// job stays in Redis with its value. argv: role (`front` starts flows for HTTP callers, `worker` runs jobs), Redis URL, port.
import http from 'node:http';
import { FlowProducer, QueueEvents, Worker } from 'bullmq';
import IORedis from 'ioredis';

const [role, url, port] = process.argv.slice(2);
const connect = () => new IORedis(url, { maxRetriesPerRequest: null, enableAutoPipelining: true });
if (role === 'worker') {
  const worker = new Worker(
    'bench',
    async (job) => {
      const { text, step } = job.data;
      const before = step === 1 ? text : Object.values(await job.getChildrenValues())[0];
      return `${before}.${step}`;
    },
    { connection: connect(), concurrency: 64 },
  );
  await worker.waitUntilReady();
  console.log('ready');
} else {
  const flows = new FlowProducer({ connection: connect() });
  const events = new QueueEvents('bench', { connection: connect() });
  await events.waitUntilReady();
  const waiting = new Map();
  events.on('completed', ({ jobId, returnvalue }) => {
    waiting.get(jobId)?.end(returnvalue);
    waiting.delete(jobId);
  });
  events.on('failed', ({ jobId, failedReason }) => {
    const response = waiting.get(jobId);
    waiting.delete(jobId);
    if (response) response.writeHead(500).end(failedReason);
  });
  let next = 0;
  http
    .createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const id = `b${process.pid}-${next++}`;
      waiting.set(id, response);
      let flow;
      for (let step = 1; step <= 8; step++)
        flow = {
          name: `step-${step}`,
          queueName: 'bench',
          data: { text, step },
          opts: step === 8 ? { jobId: id } : {},
          ...(flow ? { children: [flow] } : {}),
        };
      await flows.add(flow);
    })
    .listen(Number(port), '127.0.0.1', () => console.log('ready'));
}
