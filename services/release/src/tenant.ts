import { codeOf, Refused } from '@orgo/runtime/errors';
import type { TrustStore } from '@orgo/runtime/trust';

/** @throws Refused TENANT_NOT_FOUND for a tenant that nobody pinned here: the same answer as for one that is another's (TN-05). */
export async function checkTenant(trust: TrustStore, tenant: string): Promise<void> {
  await trust.root(tenant).catch((error) => {
    throw codeOf(error) === 'TRUST_ROOT_MISSING' ? new Refused('TENANT_NOT_FOUND', 'no such tenant is visible') : error;
  });
}
