import { runRender } from '@orgo/adapter-render';
import type { ArtifactRef } from '@orgo/contracts';
import { canonicalBytes, digestOf, digestOfBytes, utf8 } from '@orgo/core';
import { checkRender } from '@orgo/gatekeeper/check-render-core';
import {
  type AfterRequest,
  cardTemplateRef,
  type DataValue,
  type Exchange,
  type ExchangeItem,
  type ExchangeStatement,
  kristalId,
  type PackManifest,
  type Qualifier,
  type RenderBundle,
  type Rendered,
  StageMemory,
  statementId,
  type ValidationReport,
  verdictOf,
} from '@orgo/kristal';
import { fixturePack } from './reproducibility.fixture.ts';

export const asOf = '2031-05-06T07:08:09.010Z';
export const releaseId = 'rel_0198c0de-0000-7000-8000-000000000001';

/** A pack whose manifest and files lie in memory. */
export type StoredPack = { memory: StageMemory; manifest: PackManifest; manifestRef: ArtifactRef };

/** What a planted statement may have beside subject, property and value. */
type More = Partial<Pick<ExchangeStatement, 'qualifiers' | 'rank' | 'confidence_bp'>> & {
  note?: string;
  group?: string;
  from?: string;
  evidence?: boolean;
};

const names = (en: string, fr?: string) => ({
  labels: { en, ...(fr === undefined ? {} : { fr }) },
  descriptions: {},
  aliases: {},
});
export const item = (qid: string): DataValue => ({ type: 'item', value: { qid } });
const time = (iso8601: string, precision: 'year' | 'month' | 'day' | 'second', more = {}): DataValue => ({
  type: 'time',
  value: { iso8601, precision, ...more },
});
const quantity = (amount: number, more = {}): DataValue => ({ type: 'quantity', value: { amount, ...more } });
const text = (value: string): DataValue => ({ type: 'string', value });

/** An Exchange with everything a card has a rule for, some of it hostile. */
export function plantedExchange(extra: readonly (readonly [string, string, DataValue, More?])[] = []): Exchange {
  const evidence: Exchange['evidence_index'] = [];
  const statements = new Map<string, ExchangeStatement[]>();
  const plant = (subject: string, property_id: string, datavalue: DataValue, more: More = {}): void => {
    const { note, group, from = 'planted/one', rank = 'normal', confidence_bp = 9000, qualifiers = [] } = more;
    const evidence_id = `ev:${digestOf([subject, property_id, datavalue, from]).slice(7, 39)}`;
    const evidence_ids = more.evidence === false ? [] : [evidence_id];
    if (more.evidence !== false)
      evidence.push({
        evidence_id,
        source: { source_id: from, source_sha256: digestOf(from).slice(7) },
        locator: { offsets: { start_char: 0, end_char: 9 } },
        excerpt_sha256: digestOf(evidence_id).slice(7),
      });
    const claim = {
      claim_id: `c:${digestOf([evidence_id, 'claim']).slice(7, 39)}`,
      confidence_bp,
      evidence_ids,
      ...(note === undefined ? {} : { uncertainty_notes: note }),
      ...(group === undefined ? {} : { notes: `alternative-group:${group}` }),
    };
    const statement: ExchangeStatement = {
      statement_id: statementId({ subject, property_id, datavalue, qualifiers }, evidence_ids),
      property_id,
      snaktype: 'value',
      datavalue,
      rank,
      confidence_bp,
      qualifiers,
      claims: [claim],
      evidence_ids,
    };
    statements.set(subject, [...(statements.get(subject) ?? []), statement]);
  };
  const since: Qualifier = { property_id: 'P580', datavalue: time('1990-10-03', 'day') };
  const hostile = '<script>alert("1 & 2")</script> *_[x](y)_* \u202Eevil\n# Heading | `code` \\';

  plant('Q1', 'P31', item('Q2'));
  plant('Q1', 'P36', item('Q3'), { qualifiers: [since] });
  plant('Q1', 'P1082', quantity(83_019_213));
  plant('Q1', 'P1082', quantity(-1_234.5), { rank: 'deprecated' });
  plant('Q1', 'P2046', quantity(357_022.25, { unit_qid: 'Q712226', lower_bound: 357_000, upper_bound: 358_000 }));
  plant('Q1', 'P2044', quantity(2962, { unit_qid: 'Q11573' }), {
    note: 'approximate; interval 0.62 to 0.82',
    confidence_bp: 7250,
  });
  plant('Q1', 'P2044', quantity(2964, { unit_qid: 'Q4' }), { from: 'planted/two', rank: 'preferred' });
  plant('Q1', 'P571', time('1820-01-01', 'year'), { note: 'approximate' });
  plant('Q1', 'P625', { type: 'coord', value: { lat: -51.5, lon: -0.25, globe: 'Q2' } });
  plant('Q1', 'P1448', { type: 'monolingual_text', value: { text: hostile, lang: 'fr' } });
  plant('Q1', 'P9999', text(hostile));
  plant('Q1', 'P9999', { type: 'url', value: 'javascript:alert(1)' });
  plant('Q1', 'P585', time('-0044-03-15', 'day'));
  plant('Q1', 'P585', time('1900-02-01', 'month'));
  plant('Q1', 'P585', time('1999-01-01', 'day'));
  plant('Q1', 'P585', time('1969-07-20T20:17:40Z', 'second', { timezone: 'UTC' }));
  for (let i = 0; i < 27; i++) plant('Q1', 'P47', item(`Q${100 + i}`));
  plant('Q5', 'P569', time('1817-01-01', 'year'), { group: 'c:a', confidence_bp: 5000 });
  plant('Q5', 'P569', time('1818-01-01', 'year'), { group: 'c:a', confidence_bp: 5000 });
  plant('Q5', 'P570', time('1895-02-20', 'day'));
  plant('Q5', 'P19', item('Q3'), { note: 'approximate' });
  for (const [subject, property, value, more] of extra) plant(subject, property, value, more);

  const labels: Record<string, ReturnType<typeof names>> = {
    Q1: names('Testland', 'Testlande'),
    Q2: names('sovereign state', 'État souverain'),
    Q3: names('Springfield', 'Springfield'),
    Q4: names('fathom'),
    Q5: names('A & B <Esq.>', 'A & B <esq.>'),
    Q6: names('Springfield'),
  };
  const qids = [...Object.keys(labels), 'Q11573', 'Q712226', ...Array.from({ length: 27 }, (_, i) => `Q${100 + i}`)];
  const properties = new Set(['P580', ...[...statements.values()].flat().map(({ property_id }) => property_id)]);
  const content: Omit<Exchange, 'kristal_id'> = {
    schema_version: '3.0',
    exchange_format: 'orgo.exchange/1',
    canonicalization_profile: 'kristal.v3:jcs-rfc8785',
    canonicalization_version: '1',
    items: qids.map(
      (entity_id): ExchangeItem => ({
        entity_id,
        type: 'item',
        ...(labels[entity_id] ?? names(`thing ${entity_id}`)),
        statements: statements.get(entity_id) ?? [],
      }),
    ),
    properties: [...properties].map((property_id) => ({
      property_id,
      datatype: 'item',
      ...names(`property ${property_id}`, property_id === 'P36' ? 'capitale' : undefined),
    })),
    evidence_index: [...new Map(evidence.map((entry) => [entry.evidence_id, entry])).values()],
    unresolved: [],
  };
  return { ...content, kristal_id: kristalId(content) };
}

/** Compiles an Exchange and puts its pack where stages read. */
export function storedPack(exchange: Exchange): StoredPack {
  const { manifest, files } = fixturePack(canonicalBytes(exchange));
  const memory = new StageMemory();
  for (const bytes of files.values()) memory.put('pack-file', 'application/octet-stream', bytes);
  return { memory, manifest, manifestRef: memory.putJson('pack-manifest', manifest) };
}

/** A request for cards of a pack, and a task, since no request goes without one. */
export function requestFor(
  { manifest }: Pick<StoredPack, 'manifest'>,
  render: Partial<AfterRequest['render']>,
  tasks: AfterRequest['tasks'] = [
    {
      task_id: 'scan',
      type: 'contradiction-scan',
      version: '1.0.0',
      budget: { rows: 1e6, milliseconds: 60_000, bytes: 1e8 },
    },
  ],
): AfterRequest {
  return {
    v: 1,
    kind: 'after-request',
    release_id: releaseId,
    pack_id: manifest.runtime_pack_id,
    render: {
      render_kind: 'card',
      template: { id: 'card', version: '1.0.0' },
      projection: 'full',
      languages: ['en', 'fr'],
      subjects: { ids: ['Q1', 'Q5'] },
      ...render,
    },
    tasks,
  };
}

/** What the renderer answers: the bundle, or the code of its refusal. */
export async function rendered(pack: StoredPack, request: AfterRequest): Promise<RenderBundle | string> {
  const inputs = [pack.memory.putJson('after-request', request), pack.manifestRef];
  const { result, outputs } = await pack.memory.run(runRender, inputs, asOf, { template_ref: cardTemplateRef });
  if (!result.ok) return result.code;
  return (await pack.memory.json(outputs[0] as ArtifactRef)) as unknown as RenderBundle;
}

/** What the gate concludes from the checker's report: `PASS`, or the codes of its FAIL; the code alone where the checker refuses. */
export async function judged(pack: StoredPack, request: AfterRequest, bundle: unknown): Promise<string> {
  const inputs = [
    pack.memory.putJson('after-request', request),
    pack.manifestRef,
    pack.memory.putJson('render-bundle', bundle),
  ];
  const { result, outputs } = await pack.memory.run(checkRender, inputs, asOf);
  if (!result.ok) return result.code;
  const report = (await pack.memory.json(outputs[0] as ArtifactRef)) as unknown as ValidationReport;
  const { verdict, codes } = verdictOf(report, { allow_partial: false }, inputs);
  return verdict === 'PASS' ? 'PASS' : codes.join(' ');
}

/** A segment with its text, for a forger: the spans, hash and ids are made again. */
export type Piece = { text: string; segment: Rendered['trace_map']['segments'][number] };

export function piecesOf({ text: whole, trace_map }: Rendered): Piece[] {
  const bytes = utf8(whole);
  return trace_map.segments.map((segment) => ({
    segment,
    text: new TextDecoder().decode(bytes.subarray(...segment.text_span)),
  }));
}

/** An output made of pieces by somebody who gets every span and hash right. */
export function forged(output: Rendered, pieces: readonly Piece[]): Rendered {
  let at = 0;
  const segments = pieces.map(({ segment, text: piece }, i) => {
    const start = at;
    at += utf8(piece).length;
    return { ...segment, segment_id: `s${i + 1}`, text_span: [start, at] as [number, number] };
  });
  const whole = pieces.map((piece) => piece.text).join('');
  return { ...output, text: whole, sha256: digestOfBytes(utf8(whole)), trace_map: { segments } };
}

/** The bundle with one output replaced. */
export function withOutput(bundle: RenderBundle, card: number, output: number, made: Rendered): RenderBundle {
  const copy = structuredClone(bundle);
  (copy.cards[card] as RenderBundle['cards'][number]).outputs[output] = made;
  return copy;
}
