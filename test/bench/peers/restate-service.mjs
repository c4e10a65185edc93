// @ts-nocheck: its libraries are installed by the benchmark alone
// Restate: a handler of eight `ctx.run` steps behind the server's HTTP ingress. argv: port.
import * as restate from '@restatedev/restate-sdk';

const bench = restate.service({
  name: 'bench',
  handlers: {
    build: async (ctx, text) => {
      let out = text;
      for (let step = 1; step <= 8; step++) {
        const before = out;
        out = await ctx.run(`step-${step}`, async () => `${before}.${step}`);
      }
      return out;
    },
  },
});
await restate.serve({ services: [bench], port: Number(process.argv[2]) });
console.log('ready');
