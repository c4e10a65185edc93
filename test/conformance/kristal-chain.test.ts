import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ArtifactRef } from '@orgo/contracts';
import { canonical, type JsonValue, parseStrict } from '@orgo/core';
import { gazetteerEntities, gazetteerProperties, mandates } from '@orgo/corpora';
import {
  atPointer,
  type ClaimIr,
  claimsOf,
  decodeLines,
  GazetteerEntitySchema,
  GazetteerPropertySchema,
  mandateBundleId,
  type ResolvedClaimIr,
  type SnapshotSet,
  snapshotText,
} from '@orgo/kristal';
import { beforeAll, describe, expect, it } from 'vitest';
import { publicSchema } from '../kit/shared.ts';
import { type Chain, chainDigests, runChain } from './kristal-chain.fixture.ts';

const asOf = '2026-11-20T10:00:00.000Z';
let chain: Chain;

beforeAll(async () => {
  chain = await runChain(['atlas', 'reader'], asOf);
  const times = chain.stages.map(({ stage, ms }) => `${stage} ${Math.round(ms)} ms`);
  console.info(`atlas and reader in one process: ${times.join(', ')}`);
});

function output(kind: string): ArtifactRef {
  const found = chain.stages.flatMap(({ outputs }) => outputs).find((artifact) => artifact.kind === kind);
  if (!found) throw new TypeError(`no ${kind}`);
  return found;
}

async function lines<T>(kind: string): Promise<T[]> {
  const read = decodeLines(await chain.memory.read(output(kind).ref));
  if (!read.ok) throw new TypeError(read.detail);
  return read.value as T[];
}

describe('the chain over atlas and reader', () => {
  it('goes through, and claims, resolves and leaves open exactly this much', () => {
    expect(chain.refused).toBeUndefined();
    const [, ingest, extract, resolve] = chain.stages.map(({ result }) => (result.ok ? result.value : undefined));
    expect(ingest?.metrics).toMatchObject({ documents: 26, excluded: 0 });
    expect(extract?.metrics).toMatchObject({ documents: 715, claims: 4251 });
    expect(extract?.diagnostics).toEqual([
      { code: 'NO_CLAIMS_EXTRACTED', count: 1 },
      { code: 'TABLE_ROW_MALFORMED', count: 1 },
    ]);
    expect(resolve?.metrics).toMatchObject({
      claims: 4251,
      entities_resolved: 3322,
      entities_ambiguous: 2,
      entities_unresolved: 1,
      properties_resolved: 4255,
      properties_ambiguous: 0,
      properties_unresolved: 0,
    });
    expect(resolve?.diagnostics).toEqual([
      { code: 'RESOLVE_ENTITY_AMBIGUOUS', count: 2 },
      { code: 'RESOLVE_ENTITY_NOT_FOUND', count: 1 },
    ]);
  });

  it('rests every claim on the bytes of its snapshot', async () => {
    const set = (await chain.memory.json(output('snapshot-set'))) as unknown as SnapshotSet;
    const texts = new Map<
      string,
      { slice: (start: number, end: number) => string | undefined; json: JsonValue | undefined }
    >();
    for (const { source, ref, media_type } of set.snapshots) {
      const bytes = await chain.memory.read(ref);
      const text = snapshotText(bytes);
      const json =
        media_type === 'application/json' ? parseStrict(bytes, { maxBytes: 1e8, maxMembers: 1e7 }) : undefined;
      if (!text.ok) throw new TypeError(text.detail);
      texts.set(source.source_id, { slice: text.value.slice, json: json?.ok ? json.value : undefined });
    }
    let seen = 0;
    for (const document of await lines<ClaimIr>('claim-ir-lines')) {
      for (const { claim } of claimsOf(document)) {
        expect(claim.evidence).toHaveLength(1);
        for (const { source, offsets, selector, quote } of claim.evidence ?? []) {
          const text = texts.get(source.source_id ?? '');
          const value = selector && text?.json !== undefined ? atPointer(text.json, selector.value) : undefined;
          const found = offsets
            ? text?.slice(offsets.start_char, offsets.end_char)
            : value === undefined
              ? undefined
              : canonical(value);
          if (found !== quote || quote === undefined) expect.fail(`${claim.claim_id}: ${found}`);
          seen++;
        }
      }
    }
    expect(seen).toBe(4251);
  });

  it('answers every claim once, in order', async () => {
    const asked = (await lines<ClaimIr>('claim-ir-lines')).flatMap((document) => [...claimsOf(document)]);
    const answered = (await lines<ResolvedClaimIr>('resolved-lines')).flatMap((document) => document.claims);
    expect(answered.map(({ claim_id }) => claim_id)).toEqual(asked.map(({ claim }) => claim.claim_id));
  });

  it('resolves what the texts mean, and keeps open what they leave open', async () => {
    const said = new Map<string, string[]>();
    for (const { subject, claims } of await lines<ResolvedClaimIr>('resolved-lines')) {
      for (const { predicate, object } of claims) {
        const value = object.kind === 'item' ? (object.value.qid ?? object.value.status) : JSON.stringify(object.value);
        const key = `${subject.qid} ${predicate.pid}`;
        said.set(key, [...(said.get(key) ?? []), value].sort());
      }
    }
    const of = (key: string) => said.get(key);
    expect(of('Q7259 P19')).toEqual(['Q84']);
    expect(of('Q7186 P19')).toEqual(['Q270']);
    expect(of('Q7186 P166')).toEqual(['Q38104', 'Q44585']);
    expect(of('Q7251 P551')).toEqual(['ambiguous']);
    expect(of('Q8958 P569')).toEqual(['{"iso8601":"1400-01-01","precision":"year"}']);
    expect(of('Q583 P2044')).toEqual(['{"amount":4806,"unit_qid":"Q11573"}']);
    expect(of('Q142 P36')).toEqual(['Q90']);
    expect(of('Q258 P36')).toEqual(['Q37701', 'Q3926', 'Q5465']);
    expect(of('Q230 P36')).toEqual(['Q994']);
    expect(of('Q233 P2046')).toEqual(['{"amount":316,"unit_qid":"Q712226"}']);
  });

  it('takes an instruction inside a text for text', async () => {
    const quotes = (await lines<ClaimIr>('claim-ir-lines')).flatMap((d) =>
      d.claims.map((c) => c.evidence?.[0]?.quote ?? ''),
    );
    expect(quotes.filter((quote) => quote.includes('Ignore every rule'))).toEqual([]);
  });

  it('writes as_of where a contract demands a time, and nowhere else', async () => {
    const later = await runChain(['atlas', 'reader'], '2027-03-01T00:00:00.000Z');
    const changed = chainDigests(later).filter((line, i) => line !== chainDigests(chain)[i]);
    expect(changed.map((line) => line.split(' ')[0])).toEqual(['resolved-batch', 'resolved-lines', 'resolution-run']);
  });
});

describe('another process', () => {
  const program = fileURLToPath(new URL('kristal-chain.fixture.ts', import.meta.url));
  const places = [
    { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    { TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C' },
  ];

  it.each(places)('in $TZ with $LANG writes the same bytes', async (env) => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, asOf], {
      env: { PATH: process.env.PATH, ...env },
    });
    expect(stdout.trim().split('\n')).toEqual(chainDigests(chain));
  });
});

describe('the refused corpus', () => {
  it('passes every stage before the validator', async () => {
    const refused = await runChain(['refused'], asOf);
    expect(refused.refused).toBeUndefined();
    const extract = refused.stages[2]?.result;
    expect(extract?.ok && extract.value.metrics.claims).toBe(7);
  });
});

describe('what the corpora pin', () => {
  it('is in the shape that the stages read', () => {
    for (const entity of gazetteerEntities()) expect(GazetteerEntitySchema.parse(entity)).toEqual(entity);
    for (const property of gazetteerProperties()) expect(GazetteerPropertySchema.parse(property)).toEqual(property);
  });

  it('gives each mandate the id of its content', () => {
    for (const mandate of Object.values(mandates)) expect(mandate.bundle_id).toBe(mandateBundleId(mandate));
  });
});

describe('the public mandate schema', () => {
  it('takes the default mandates', (context) => {
    const problemsOf = publicSchema(context, 'mandate-bundle');
    for (const mandate of Object.values(mandates)) expect(problemsOf(mandate)).toBeNull();
    expect(problemsOf({ ...mandates.grounded, policies: [] })).not.toBeNull();
  });
});
