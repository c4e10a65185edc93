import { type No, no } from '../inputs.ts';

/**
 * Names that a channel cannot have: its TUF role would be taken for a top-level role (TUF 1.0 section 2.1), and clients that keep
 * roles in a plain object would find what every object has.
 */
const reserved: ReadonlySet<string> = new Set(['root', 'targets', 'snapshot', 'timestamp', 'mirrors', 'constructor']);

/** Why a channel cannot have that name; null for one that can. */
export const channelFault = (channel: string): No | null =>
  reserved.has(channel) ? no('REQUEST_INVALID', `a channel cannot be called ${channel}`) : null;
