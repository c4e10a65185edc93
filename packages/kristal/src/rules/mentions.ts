import type { Claim, ClaimObject } from '../claim-ir.ts';
import type { ObjectKind } from '../claim-ir-values.ts';
import type { IssueLocation } from '../report.ts';
import type { EntityResolution, PredicateResolution, ResolvedClaim, ResolvedObject } from '../resolved.ts';
import type { JudgedDocument, ValidationFacts } from './facts.ts';

export type MentionRole = 'subject' | 'object' | 'predicate' | 'qualifier-predicate' | 'qualifier-object';

/** One place where a document speaks of an entity or a property, with its resolution and what narrows it. */
export type Mention = {
  document: JudgedDocument;
  role: MentionRole;
  location: IssueLocation;
  resolution: EntityResolution | PredicateResolution;
  /** The id it resolved to, or undefined. */
  id: string | undefined;
  /** Ids that the source itself states. */
  stated: readonly string[];
  /** For entities: classes of which it must have one; empty means any. */
  types: readonly string[];
  /** For properties: the kind of value beside it. */
  kind: ObjectKind | undefined;
};

/** Whether a mention is of a property. */
export function isPredicate(mention: Mention): boolean {
  return mention.role === 'predicate' || mention.role === 'qualifier-predicate';
}

/** Every mention of a batch: the subject of each document, then predicates, item values and qualifiers of its claims. */
export function* mentionsIn(facts: ValidationFacts): Generator<Mention> {
  for (const document of facts.documents) {
    const { subject } = document.resolved;
    yield {
      document,
      role: 'subject',
      location: { json_pointer: `/resolved/${document.index}/subject` },
      resolution: subject,
      id: subject.qid,
      stated: statedIds(document.claimIr.subject),
      types: subjectTypes(facts, document),
      kind: undefined,
    };
    for (const { claim, original, pointer } of document.claims) {
      const at = { document, location: { json_pointer: pointer, claim_id: claim.claim_id } };
      yield* pairMentions(facts, at, '', claim, original);
      for (const [i, qualifier] of (claim.qualifiers ?? []).entries()) {
        yield* pairMentions(facts, at, `/qualifiers/${i}`, qualifier, original?.qualifiers?.[i]);
      }
    }
  }
}

type At = { document: JudgedDocument; location: { json_pointer: string; claim_id: string } };

/** The predicate and the item value of a claim or qualifier. */
function* pairMentions(
  facts: ValidationFacts,
  { document, location }: At,
  path: string,
  { predicate, object }: Pick<ResolvedClaim, 'predicate' | 'object'>,
  original: Pick<Claim, 'predicate' | 'object'> | undefined,
): Generator<Mention> {
  const place = (rest: string) => ({ ...location, json_pointer: `${location.json_pointer}${path}/${rest}` });
  yield {
    document,
    role: path === '' ? 'predicate' : 'qualifier-predicate',
    location: place('predicate'),
    resolution: predicate,
    id: predicate.pid,
    stated: statedIds(original?.predicate),
    types: [],
    kind: object.kind,
  };
  if (object.kind !== 'item') return;
  yield {
    document,
    role: path === '' ? 'object' : 'qualifier-object',
    location: place('object/value'),
    resolution: object.value,
    id: object.value.qid,
    stated: statedItem(original?.object),
    types: facts.properties.get(predicate.pid ?? '')?.value_types ?? [],
    kind: undefined,
  };
}

function statedIds(ref: { candidates?: readonly { id: string }[] | undefined } | undefined): string[] {
  return ref?.candidates?.map((candidate) => candidate.id) ?? [];
}

function statedItem(object: ClaimObject | ResolvedObject | undefined): string[] {
  return object?.kind === 'item' ? statedIds(object.value) : [];
}

/** Classes that what is said of a subject asks for; none where anything said of it takes any subject. */
function subjectTypes(facts: ValidationFacts, { claims }: JudgedDocument): string[] {
  const types = new Set<string>();
  for (const { claim } of claims) {
    const asked = facts.properties.get(claim.predicate.pid ?? '')?.subject_types ?? [];
    if (asked.length === 0) return [];
    for (const type of asked) types.add(type);
  }
  return [...types];
}
