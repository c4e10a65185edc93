import { auditConfig, createAudit } from '@orgo/audit';
import type { BundleFiles } from '@orgo/audit/domain';
import type { Digest, EvidenceBundle, OperationId } from '@orgo/contracts';
import { canonicalBytes, type JsonValue } from '@orgo/core';
import { loadConfig } from '@orgo/runtime/config';
import type { HttpRequest } from '@orgo/runtime/http';
import { connectPlatform } from '@orgo/store/platform';
import type { AuditDeps, AuditPeer } from './gatekeeper-peers.ts';
import { SealedLeaves } from './sealed-leaves.ts';

export type RealAudit = AuditPeer & {
  /** Asks an operation of audit as HTTP would, without the wire. */
  ask<T>(operation: OperationId, params: Record<string, string>): Promise<T>;
};

/** The real audit service, seen through the receipts it sends to orchestrator and release. */
export async function startRealAudit(deps: AuditDeps): Promise<RealAudit> {
  const { instance, bus, tenant, log } = deps;
  const { home } = instance;
  const platform = await connectPlatform(
    {
      name: 'test-audit',
      home,
      databaseUrl: instance.serviceUrls.audit,
      natsUrl: instance.urls.NATS_URL,
      redisUrl: null,
      instance: 'test',
    },
    { log },
  );
  const service = createAudit({ ...platform, home }, loadConfig(auditConfig, {}));
  await service.start();
  const leaves = new SealedLeaves();
  const { sealed, of, until, evidence } = leaves;
  const servings = await leaves.hear(bus, tenant, ['orchestrator', 'release']);
  return {
    sealed,
    of,
    until,
    evidence,
    envelopes: [],
    hide: () => false,
    ask: async <T>(operation: OperationId, params: Record<string, string>) => {
      const request = {
        params: { tenant, ...params },
        query: {},
        signal: new AbortController().signal,
      } as unknown as HttpRequest;
      return (await service.routes?.[operation]?.(request)) as T;
    },
    async stop() {
      await Promise.all(servings.map((serving) => serving.stop()));
      await service.drain(5000);
      await service.stop();
      await platform.close();
    },
  };
}

/** A bundle as it lies in a folder, in memory: a test changes it as somebody else might. */
export class BundleCopy implements BundleFiles {
  readonly files: Map<string, Uint8Array>;
  constructor(files: Iterable<[string, Uint8Array]>) {
    this.files = new Map(files);
  }
  paths = (): string[] => [...this.files.keys()];
  read = (path: string): Uint8Array | undefined => this.files.get(path);
  copy = (): BundleCopy => new BundleCopy(this.files);
  with(path: string, bytes: Uint8Array | undefined): BundleCopy {
    const copy = this.copy();
    if (bytes === undefined) copy.files.delete(path);
    else copy.files.set(path, bytes);
    return copy;
  }
  flip(path: string): BundleCopy {
    const bytes = Uint8Array.from(this.files.get(path) as Uint8Array);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] as number) ^ 1;
    return this.with(path, bytes);
  }
}

/** Fetches a bundle as the command line does: what is carried, and artifacts by digest. */
export async function fetchBundle(
  audit: RealAudit,
  { artifacts, tenant }: AuditDeps,
  build: string,
): Promise<BundleCopy> {
  const bundle = await audit.ask<EvidenceBundle>('getBundle', { build });
  const files: [string, Uint8Array][] = [
    ['inventory.dsse.json', canonicalBytes(bundle.inventory as unknown as JsonValue)],
  ];
  for (const { path, digest, content } of bundle.files) {
    files.push([
      path,
      content === null ? await artifacts.get(tenant, digest as Digest) : Buffer.from(content, 'base64'),
    ]);
  }
  return new BundleCopy(files);
}
