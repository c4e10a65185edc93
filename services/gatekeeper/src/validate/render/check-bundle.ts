import { digestOf, type JsonValue } from '@orgo/core';
import {
  type AfterRequest,
  cardTemplate,
  compareIds,
  type Pack,
  type RenderBundle,
  type RenderLanguage,
  renderFormats,
} from '@orgo/kristal';
import { checkOutput } from './check-output.ts';
import type { RenderFinding } from './finding.ts';
import { packSide } from './pack-side.ts';
import { pinnedTemplateRef } from './pins.ts';
import { wantedSubjects } from './wanted-subjects.ts';

/** What the bundle must be about: the request that was admitted, the build's time, and the pack, verified again. */
export type CheckTerms = { request: AfterRequest; asOf: string; pack: Pack };

/**
 * Judges a render bundle from the pack, the request and the bundle alone; it shares no code with a renderer. No new fact (ST-39): every
 * span is a piece of the pinned template or reads as what the pack says, nothing of a subject is left out, and every span rests on exactly
 * the statements and evidence that support it. No findings means that the bundle may leave.
 */
export async function checkBundle(bundle: RenderBundle, { request, asOf, pack }: CheckTerms): Promise<RenderFinding[]> {
  const pins = checkPins(bundle, { request, asOf, pack });
  if (pins.length > 0) return pins;
  const subjects = await wantedSubjects(pack, request.render.subjects);
  if (subjects.length === 0)
    return [
      { code: 'RENDER_SUBJECT_UNKNOWN', pointer: '/cards', detail: 'the request means no subject, or more than one' },
    ];
  const languages = [...new Set(request.render.languages)] as RenderLanguage[];
  const wanted = subjects.sort(compareIds).flatMap((subject) => languages.map((language) => ({ subject, language })));
  const same =
    wanted.length === bundle.cards.length &&
    wanted.every(({ subject, language }, i) => {
      const card = bundle.cards[i];
      const formats = card?.outputs.map(({ format }) => format).join();
      return card?.subject === subject && card.language === language && formats === renderFormats.join();
    });
  if (!same)
    return [
      {
        code: 'POLICY_VIOLATION_NEW_FACT_RISK',
        pointer: '/cards',
        detail: 'the cards are not those that were asked for',
      },
    ];

  const findings: RenderFinding[] = [];
  for (const [i, { subject, language, outputs }] of bundle.cards.entries()) {
    const side = await packSide(pack, subject, language);
    if (side === null) {
      findings.push({
        code: 'RENDER_SUBJECT_UNKNOWN',
        pointer: `/cards/${i}`,
        detail: `the pack says nothing of ${subject}`,
      });
      continue;
    }
    const unsupported = side.statements.find(
      ({ evidence_ids }) => evidence_ids.length === 0 || evidence_ids.some((id) => !side.evidence.has(id)),
    );
    if (unsupported !== undefined) {
      findings.push({
        code: 'MISSING_TRACE_IDS',
        pointer: `/cards/${i}`,
        detail: `${unsupported.statement_id} has no evidence in the pack`,
      });
      continue;
    }
    for (const [o, output] of outputs.entries()) {
      const terms = { template: cardTemplate, language, format: output.format, releaseId: request.release_id };
      const found = checkOutput(output, side, terms, `/cards/${i}/outputs/${o}`);
      if (found !== null) findings.push(found);
    }
  }
  return findings;
}

/** What the bundle says of itself must be what was asked for and what is pinned. */
function checkPins({ render_metadata: told }: RenderBundle, { request, asOf, pack }: CheckTerms): RenderFinding[] {
  const { render } = request;
  const { projections, contract_id } = pack.capabilities;
  const findings: RenderFinding[] = [];
  const hold = (holds: boolean, code: RenderFinding['code'], member: string, detail: string): void => {
    if (!holds) findings.push({ code, pointer: `/render_metadata/${member}`, detail });
  };
  const template = `${told.template.id}@${told.template.version}`;
  hold(
    told.render_kind === render.render_kind && told.render_kind === cardTemplate.render_kind,
    'UNSUPPORTED_RENDER_KIND',
    'render_kind',
    told.render_kind,
  );
  hold(
    template === `${render.template.id}@${render.template.version}` &&
      told.template.ref === pinnedTemplateRef &&
      digestOf(cardTemplate as unknown as JsonValue) === pinnedTemplateRef,
    'UNSUPPORTED_RENDER_KIND',
    'template',
    `${template} ${told.template.ref} is not the template that was read and pinned`,
  );
  hold(
    told.projection === render.projection && (projections as readonly string[]).includes(told.projection),
    'PROJECTION_MISMATCH',
    'projection',
    told.projection,
  );
  hold(
    told.pack_id === pack.packId &&
      told.source_kristal_id === pack.exchangeId &&
      told.query_contract_version === contract_id,
    'UNVERIFIED_INPUT',
    'pack_id',
    `the bundle names pack ${told.pack_id}`,
  );
  hold(told.release_id === request.release_id, 'UNVERIFIED_INPUT', 'release_id', told.release_id);
  hold(told.created === asOf, 'POLICY_VIOLATION_NEW_FACT_RISK', 'created', told.created);
  return findings;
}
