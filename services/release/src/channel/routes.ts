import { type changeChannelSchema, nameSchema, type rollbackRequestSchema } from '@orgo/contracts';
import type { Handlers, HttpRequest } from '@orgo/runtime/http';
import { pageOf, paramOf, requestKeyOf } from '@orgo/runtime/http-asked';
import { traceparentOf } from '@orgo/runtime/telemetry';
import type { z } from 'zod';
import { checkTenant } from '../tenant.ts';
import { type ChannelRequestDeps, changeChannel, rollbackChannel, showChannel } from './requests.ts';
import { listChannels } from './rows.ts';

const of = (request: HttpRequest) => ({
  tenant: paramOf(request, 'tenant'),
  channel: paramOf(request, 'channel'),
  traceparent: traceparentOf(request.span),
  key: requestKeyOf(request),
});

/** The operations on channels. */
export const channelRoutes = (deps: ChannelRequestDeps): Handlers => ({
  listChannels: async (request) => {
    const tenant = paramOf(request, 'tenant');
    const page = pageOf(request, nameSchema);
    await checkTenant(deps.trust, tenant);
    return listChannels(deps.reads.of(tenant), tenant, page);
  },
  getChannel: (request) => showChannel(deps, paramOf(request, 'tenant'), paramOf(request, 'channel')),
  changeChannel: (request) => changeChannel(deps, of(request), request.body as z.infer<typeof changeChannelSchema>),
  rollbackChannel: (request) =>
    rollbackChannel(deps, of(request), request.body as z.infer<typeof rollbackRequestSchema>),
});
