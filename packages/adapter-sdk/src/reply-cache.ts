import type { Digest, SignedItem } from '@orgo/core';

/**
 * Signed replies by the digest of the command they answer, so that a redelivered command is answered with the same bytes and not worked on twice.
 * Only results of commands that passed every check belong here: a refusal kept under a command's digest would answer the genuine command too.
 */
export type ReplyCache = {
  /** The reply given before, or being made right now. */
  known(command: Digest): Promise<SignedItem> | undefined;
  /** The known reply, else makes it. A failure to make it is not kept. */
  once(command: Digest, make: () => Promise<SignedItem>): Promise<SignedItem>;
};

/** Keeps the newest replies of this process. Losing one costs a recomputation, which gives the same outputs. */
export function replyCache(size = 512): ReplyCache {
  const replies = new Map<Digest, Promise<SignedItem>>();
  const known: ReplyCache['known'] = (command) => {
    const reply = replies.get(command);
    if (reply === undefined) return undefined;
    replies.delete(command);
    replies.set(command, reply);
    return reply;
  };
  return {
    known,
    once(command, make) {
      const before = known(command);
      if (before !== undefined) return before;
      const making = make();
      replies.set(command, making);
      making.catch(() => replies.delete(command));
      const [oldest] = replies.keys();
      if (replies.size > size && oldest !== undefined) replies.delete(oldest);
      return making;
    },
  };
}
