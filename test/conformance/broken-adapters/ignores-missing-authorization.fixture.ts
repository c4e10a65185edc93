import type { CheckedCommand } from '@orgo/adapter-sdk';
import { checkCommand } from '@orgo/adapter-sdk';
import { commandSchema } from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';
import { adapter, runAdapterWith } from './adapter.ts';

// Runs a command that has no authorization.
await runAdapterWith({
  check(item, root, now) {
    const checked = checkCommand(item, { root, adapter, now, verify: verifySignature });
    if (checked.ok || checked.code !== 'COMMAND_AUTHORIZATION_MISSING') return checked;
    const command = commandSchema.parse(JSON.parse(item.command.payload)) as CheckedCommand['command'];
    const command_digest = digestOfBytes(utf8(item.command.payload));
    const { authorization_digest } = command;
    return { ok: true, value: { command, command_digest, authorization_digest } as CheckedCommand };
  },
});
