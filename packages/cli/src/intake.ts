import { effectivePolicies } from '@orgo/adapter-pin';
import type { DeadLetterView, Digest } from '@orgo/contracts';
import { parseStrict } from '@orgo/core';
import { type Intake, intakeOf, kristalV3Profile, MandateBundleSchema } from '@orgo/kristal';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import type { LocalDocument } from './corpus-folder.ts';
import { shown } from './read-input.ts';

/** What the mandate says about documents: its limits, and whether one over them stops the build or is put aside. */
export type IntakeRules = Intake & { stops: boolean };

/**
 * The rules of a mandate now. A mandate that is not in force or no mandate at all has the ceilings of the contract profile here: the build refuses it in
 * its own words.
 */
export function intakeRules(mandate: Uint8Array, now: Date): IntakeRules {
  const none: IntakeRules = {
    ...intakeOf({ on_poison: 'stop', access_class: 'public' }, kristalV3Profile),
    stops: true,
  };
  const json = parseStrict(mandate);
  const bundle = json.ok ? MandateBundleSchema.safeParse(json.value) : null;
  if (!bundle?.success) return none;
  const policies = effectivePolicies(bundle.data, now.toISOString());
  if (!policies.ok) return none;
  const { ingest } = policies.value;
  return { ...intakeOf(ingest, kristalV3Profile), stops: ingest.on_poison === 'stop' };
}

/** Refuses what the build would refuse, before a byte of it is uploaded. @throws CliError INGEST_DOCUMENT_TOO_LARGE, INGEST_CORPUS_TOO_LARGE */
export function checkIntake(documents: readonly LocalDocument[], rules: IntakeRules): void {
  const { max_documents, max_document_bytes, max_corpus_bytes, stops } = rules;
  if (documents.length > max_documents)
    throw new CliError('INGEST_CORPUS_TOO_LARGE', `${documents.length} documents; max_documents is ${max_documents}`);
  const large = documents.filter(({ size }) => size > max_document_bytes);
  const [first] = large;
  if (first !== undefined && stops)
    throw new CliError(
      'INGEST_DOCUMENT_TOO_LARGE',
      `${shown(first.path)}: ${first.size} bytes; max_document_bytes is ${max_document_bytes}`,
    );
  const bytes = documents.reduce((sum, { size }) => sum + (size > max_document_bytes ? 0 : size), 0);
  if (bytes > max_corpus_bytes && stops)
    throw new CliError('INGEST_CORPUS_TOO_LARGE', `${bytes} bytes; max_corpus_bytes is ${max_corpus_bytes}`);
}

/** Which documents of the tenant are put aside, and which were requeued and when. */
export type Letters = { aside: ReadonlySet<Digest>; requeued: ReadonlyMap<Digest, string> };

/** A document with a letter that nobody requeued is aside, also where an older letter of it was. */
export async function readLetters(client: Client): Promise<Letters> {
  const aside = new Set<Digest>();
  const requeued = new Map<Digest, string>();
  for (let cursor: string | null = null; ; ) {
    const page: { items: DeadLetterView[]; next_cursor: string | null } = await client.call('listDeadLetters', {
      query: { limit: '200', ...(cursor !== null && { cursor }) },
    });
    for (const { ref, status, marked } of page.items) {
      if (status !== 'REQUEUED') aside.add(ref);
      else if (marked !== null && marked.at > (requeued.get(ref) ?? '')) requeued.set(ref, marked.at);
    }
    if (page.next_cursor === null) return { aside, requeued };
    cursor = page.next_cursor;
  }
}
