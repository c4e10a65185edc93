import * as contracts from '../src/index.ts';
import type { Json } from './json-text.ts';
import { Components, type JsonSchema } from './schema-documents.ts';

const parameters: Record<string, string> = {
  tenant: 'Tenant; must equal the tenant in the body',
  adapter: 'Adapter that answers the stage',
  service: 'Service that folds the receipt',
  phase: 'Phase in lowercase',
};

const parametersOf = (address: string): JsonSchema =>
  Object.fromEntries(
    [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => [
      name as string,
      { description: parameters[name as string] ?? '' },
    ]),
  );

/** AsyncAPI 3 of the channels table. Its own schemas are draft-07, so the payloads are too. */
export function asyncapi(): Json {
  const components = new Components('draft-07');
  const channels: Record<string, JsonSchema> = {};
  const operations: Record<string, JsonSchema> = {};
  for (const [name, channel] of Object.entries(contracts.channels as Record<string, contracts.Channel>)) {
    const ref = { $ref: `#/channels/${name}` };
    channels[name] = {
      address: channel.subject,
      title: channel.title,
      description: `${channel.from} → ${channel.to}, ${channel.transport}`,
      parameters: parametersOf(channel.subject),
      messages: {
        [name]: {
          name: channel.type,
          title: channel.title,
          contentType: 'application/json',
          payload: components.use(channel.schema),
        },
      },
    };
    operations[`send_${name}`] = { action: 'send', channel: ref, summary: `By ${channel.from}` };
    operations[`receive_${name}`] = { action: 'receive', channel: ref, summary: `By ${channel.to}` };
    if (channel.transport === 'request') {
      channels[`${name}_answer`] = {
        address: null,
        title: `Answer to: ${channel.title}`,
        messages: {
          ack: { name: 'ack', contentType: 'application/json', payload: components.use(contracts.ackSchema) },
        },
      };
      const reply = { channel: { $ref: `#/channels/${name}_answer` } };
      for (const verb of ['send', 'receive'])
        operations[`${verb}_${name}`] = { ...operations[`${verb}_${name}`], reply };
    }
  }
  for (const [noun, event] of Object.entries(contracts.publicEvents)) {
    const name = `${noun}_event`;
    channels[name] = {
      address: event.subject,
      title: event.title,
      description: 'Public, CloudEvents 1.0; losing one loses no state',
      parameters: parametersOf(event.subject),
      messages: { [name]: { contentType: 'application/cloudevents+json', payload: components.use(event.schema) } },
    };
    operations[`send_${name}`] = { action: 'send', channel: { $ref: `#/channels/${name}` } };
  }
  for (const [name, heard] of Object.entries(contracts.heardEvents)) {
    operations[`receive_${name}`] = {
      action: 'receive',
      channel: { $ref: `#/channels/${heard.noun}_event` },
      summary: `By ${heard.to}, where the phase is ${heard.event}`,
    };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Orgo on NATS',
      version: '1',
      description: 'The arcs of the ring. A message is an envelope of many items of one type for one tenant.',
    },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: { schemas: components.schemas },
  };
}
