import type { z } from 'zod';

/** An HTTP operation. `'bytes'` takes or gives raw bytes; `stream` is server-sent events with resume by Last-Event-ID. */
export type Route = {
  service: 'orchestrator' | 'gatekeeper' | 'audit' | 'release';
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  summary: string;
  request?: z.ZodType | 'bytes';
  response: z.ZodType | 'bytes' | 'stream' | 'empty';
  status: number;
  /** Without a token: only what a node fetches and what proves liveness. */
  open?: true;
};

/** What every path of a tenant begins with. */
export const tenantPath = '/v1/tenants/:tenant';
