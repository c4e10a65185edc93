/** How long metadata lives, in milliseconds, and how often the timestamp is made anew. */
export type Lifetimes = { root: number; targets: number; snapshot: number; timestamp: number; renewal: number };

const day = 86_400_000;
export const defaultLifetimes: Lifetimes = {
  root: 365 * day,
  targets: 30 * day,
  snapshot: 7 * day,
  timestamp: day,
  renewal: day / 24,
};

/** The lifetime of a role; a channel's own role lives as long as the list of channels. */
export const lifeOf = (role: string, lifetimes: Lifetimes): number =>
  role === 'root' || role === 'snapshot' || role === 'timestamp' ? lifetimes[role] : lifetimes.targets;

/** When metadata that is signed now is made anew: the timestamp at every renewal, everything else at half its life. */
export const renewalAfter = (role: string, lifetimes: Lifetimes): number =>
  role === 'timestamp' ? Math.min(lifetimes.renewal, lifetimes.timestamp / 2) : lifeOf(role, lifetimes) / 2;

/** Two renewals that did not happen: whoever holds the timestamp back, or cannot sign it, is found out by then. */
export const isFrozen = (timestamp: { renew_at: string }, nowMs: number, lifetimes: Lifetimes): boolean =>
  nowMs > Date.parse(timestamp.renew_at) + renewalAfter('timestamp', lifetimes);
