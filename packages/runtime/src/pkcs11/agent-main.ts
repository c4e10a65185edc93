import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AgentAnswer, AgentRequest } from './agent.ts';
import type { Token } from './token.ts';

// Holds a session with a token on behalf of one process: one request a line, one answer a line, in order. A module that crashes takes only
// this process with it. It ends with its parent: its input closes.
const [module = '', token = '', pinFile = ''] = process.argv.slice(2);
const answer = (said: AgentAnswer): boolean => process.stdout.write(`${JSON.stringify(said)}\n`);

const open = async (): Promise<Token> => {
  // The library that calls the module is an optional dependency: it is looked for here alone.
  const { openToken } = await import('./token.ts');
  return openToken({ module, token, pin: readFileSync(pinFile, 'utf8').trim() });
};
const opened = await open().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});

const handle = ({ id, ask }: AgentRequest): AgentAnswer => {
  switch (ask.what) {
    case 'list':
      return { id, keys: opened.list(ask.label) };
    case 'create':
      return { id, keys: [opened.create(ask.label, ask.alg)] };
    case 'sign': {
      const signature = opened.sign(ask.label, ask.key, Buffer.from(ask.message, 'base64'));
      return { id, signature: Buffer.from(signature).toString('base64') };
    }
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as AgentRequest;
  try {
    answer(handle(request));
  } catch (error) {
    answer({ id: request.id, error: error instanceof Error ? error.message : String(error) });
    // A session that failed may fail for ever: whoever asks next gets another process.
    process.exitCode = 1;
    break;
  }
}
process.exit();
