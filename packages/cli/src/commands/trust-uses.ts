import type { KeyUses } from '@orgo/contracts';
import { type KeyView, showTrust, type TrustView } from '@orgo/runtime/trust-view';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { findInstance, homeDir } from '../home.ts';
import { createOutput, table } from '../output.ts';

/** `orgo trust uses [key]`: what a key signed, as the log of a running instance and the roots of this home say. */
export function trustUses(area: Command): void {
  area
    .command('uses')
    .description('what each key signed: entries of the log, and trust roots; what to distrust after a theft')
    .argument('[key]', 'one key, as `orgo trust show` gives it')
    .option('--tenant <tenant>', 'by default ORGO_TENANT, else `main`')
    .addHelpText('after', '\nExamples:\n  orgo trust uses\n  orgo trust uses ed25519:6f0c…')
    .action(async (key: string | undefined, { tenant }: { tenant?: string }) => {
      const client = createClient({ ...findInstance(), ...(tenant && { tenant }) });
      const told = await client.call<KeyUses>('getKeyUses', key === undefined ? {} : { query: { key } });
      // Whoever asks from elsewhere has the log alone.
      const view = await showTrust(homeDir(), client.tenant).catch(() => null);
      const roots = rootsSignedBy(view).filter(({ key_id }) => key === undefined || key === key_id);
      if (
        key !== undefined &&
        told.uses.length + roots.length === 0 &&
        !view?.keys.some(({ key_id }) => key_id === key)
      )
        throw new CliError('KEY_UNKNOWN', `${key} signed no entry of ${client.tenant}, and no root here lists it`);
      createOutput().result({ ...told, roots }, () => linesOf(told, roots, view?.keys ?? []));
    });
}

type RootsOf = { key_id: string; versions: number[] };

function rootsSignedBy(view: TrustView | null): RootsOf[] {
  const found = new Map<string, number[]>();
  for (const { version, signed_by } of view?.versions ?? [])
    for (const key_id of signed_by) found.set(key_id, [...(found.get(key_id) ?? []), version]);
  return [...found].map(([key_id, versions]) => ({ key_id, versions }));
}

const linesOf = ({ uses, tree_size }: KeyUses, roots: readonly RootsOf[], keys: readonly KeyView[]): string[] => {
  const nameOf = (key_id: string): string[] => {
    const key = keys.find((one) => one.key_id === key_id);
    return [key?.role ?? '-', key?.state ?? '-'];
  };
  return [
    ...table(
      ['ROLE', 'STATE', 'SIGNED', 'ENTRIES', 'FIRST', 'LAST', 'UNTIL', 'KEY'],
      uses.map((use) => [
        ...nameOf(use.key_id),
        use.signed === 'decision' ? `${use.kind} decisions` : `what ${use.kind} is about`,
        `${use.entries}`,
        `${use.first}`,
        `${use.last}`,
        use.last_at,
        use.key_id,
      ]),
    ),
    ...(roots.length > 0 ? [''] : []),
    ...table(
      ['ROLE', 'STATE', 'ROOTS SIGNED', 'KEY'],
      roots.map(({ key_id, versions }) => [...nameOf(key_id), versions.join(' '), key_id]),
    ),
    '',
    `of ${tree_size} entries; checkpoints and channel metadata name their own keys`,
  ];
};
