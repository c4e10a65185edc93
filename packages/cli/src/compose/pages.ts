import fs from 'node:fs';
import path from 'node:path';
import type { Page } from '@orgo/runtime/http';
import { checkout } from '../home.ts';

const generated = (name: string): Page => {
  let body: string | undefined;
  return () => {
    body ??= fs.readFileSync(path.join(checkout, 'packages/contracts/generated', name), 'utf8');
    return { media_type: 'application/json', body };
  };
};

/** Documents beside the API, printed from the contract tables. */
export const pages: Readonly<Record<string, Page>> = {
  '/openapi.json': generated('openapi.json'),
  '/asyncapi.json': generated('asyncapi.json'),
};
