import { connect } from '@nats-io/transport-node';
import type { OrgoRunning } from './system-orgo.ts';

/**
 * Messages that the NATS server passed on for each build, acknowledgements and answers included: counted by a listener to everything, in a run
 * of its own that is not timed.
 */
export async function messagesPerBuild(
  orgo: OrgoRunning,
  options: { builds: number; inFlight: number },
): Promise<number> {
  const url = new URL(orgo.instance.servers().NATS_URL);
  const nats = await connect({ servers: url.host, user: url.username, pass: url.password });
  let heard = 0;
  nats.subscribe('>', { callback: () => void heard++ });
  await nats.flush();
  let left = options.builds;
  await Promise.all(
    Array.from({ length: options.inFlight }, async () => {
      while (left-- > 0) await orgo.build();
    }),
  );
  await nats.flush();
  await nats.close();
  return heard / options.builds;
}
