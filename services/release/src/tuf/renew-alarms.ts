import type { DueAlarm } from '@orgo/store/alarms';
import type { ItemResult } from '@orgo/store/machine';
import { type ChannelRepository, repositoryMachine } from './repository.ts';

type OnAlarm = (rows: readonly DueAlarm[]) => Promise<readonly Pick<ItemResult, 'outcome'>[]>;

/** Renews the metadata of the tenants whose time has come, and hands all other alarms on. */
export const withRenewals =
  (files: Pick<ChannelRepository, 'renew'>, others: OnAlarm): OnAlarm =>
  async (rows) => {
    const handedOn = rows.filter(({ machine }) => machine !== repositoryMachine);
    const [results] = await Promise.all([
      handedOn.length > 0 ? others(handedOn) : [],
      // A renewal that cannot be done sets the next alarm by itself.
      ...rows.filter(({ machine }) => machine === repositoryMachine).map(({ tenant_id }) => files.renew(tenant_id)),
    ]);
    const resultOf = new Map(handedOn.map((row, at) => [row, results[at] ?? { outcome: 'later' as const }]));
    return rows.map((row) => resultOf.get(row) ?? { outcome: 'accepted' as const });
  };
