import {
  AfterRequestSchema,
  cardTemplate,
  cardTemplateRef,
  jsonOutput,
  type RenderBundle,
  type RenderLanguage,
  readInput,
  renderFormats,
  renderLanguages,
  type StageCore,
  type StageResult,
  sourcedPack,
  stageRefusal,
} from '@orgo/kristal';
import { renderCard } from './card.ts';
import { factsOf } from './facts.ts';
import { subjectsOf } from './subjects.ts';

/**
 * Renders cards of subjects of a released pack, each in HTML and Markdown, with a trace map that gives every byte its statements and
 * evidence or the piece of the template that it repeats. Same pack, request and template give the same bytes (ST-38). What lacks
 * support is refused, never filled in (ST-39).
 *
 * Inputs: `after-request`, `pack-manifest` (its files are read by digest). Output: `render-bundle`. Refuses with `STAGE_INPUT_INVALID`,
 * `UNSUPPORTED_RENDER_KIND`, `UNVERIFIED_INPUT`, `PROJECTION_MISMATCH`, `AMBIGUOUS_INPUT`, `RENDER_SUBJECT_UNKNOWN` or `MISSING_TRACE_IDS`.
 */
export const runRender: StageCore = async (ctx) => {
  const request = await readInput(ctx, 'after-request', AfterRequestSchema);
  if (!request.ok) return request;
  const { pack_id, release_id, render } = request.value.value;
  const languages = supported(render);
  if (!languages.ok) return languages;
  const pinned = (ctx.config as { template_ref?: unknown }).template_ref;
  if (pinned !== cardTemplateRef)
    return stageRefusal(
      'UNSUPPORTED_RENDER_KIND',
      `the pipeline pins template ${String(pinned)}, not ${cardTemplateRef}`,
    );
  const pack = await sourcedPack(ctx, pack_id);
  if (!pack.ok) return pack;
  const { projections, contract_id } = pack.value.capabilities;
  if (!(projections as readonly string[]).includes(render.projection))
    return stageRefusal('PROJECTION_MISMATCH', `${render.projection}; the pack offers ${projections.join(', ')}`);
  const subjects = await subjectsOf(pack.value, render.subjects);
  if (!subjects.ok) return subjects;

  const cards: RenderBundle['cards'] = [];
  let segments = 0;
  let statements = 0;
  for (const subject of subjects.value) {
    for (const language of languages.value) {
      const facts = await factsOf(pack.value, subject, language);
      if (!facts.ok) return facts;
      statements += facts.value.statements.length;
      const outputs = renderFormats.map((format) => renderCard(facts.value, release_id, language, format));
      segments += outputs.reduce((sum, output) => sum + output.trace_map.segments.length, 0);
      cards.push({ subject, language, outputs });
    }
  }
  const bundle: RenderBundle = {
    v: 1,
    kind: 'render-bundle',
    render_metadata: {
      render_kind: render.render_kind,
      template: { ...render.template, ref: cardTemplateRef },
      projection: render.projection,
      query_contract_version: contract_id,
      source_kristal_id: pack.value.exchangeId,
      pack_id,
      release_id,
      created: ctx.asOf,
    },
    cards,
  };
  return {
    ok: true,
    value: {
      outputs: [jsonOutput('render-bundle', bundle)],
      metrics: { cards: cards.length, statements, segments },
      diagnostics: [],
    },
  };
};

type Asked = { render_kind: string; template: { id: string; version: string }; languages: readonly string[] };

/** The languages asked for, each once, where kind, template and languages are such as can be rendered. */
function supported({ render_kind, template, languages }: Asked): StageResult<RenderLanguage[]> {
  const { id, version } = cardTemplate;
  if (render_kind !== cardTemplate.render_kind || template.id !== id || template.version !== version)
    return stageRefusal('UNSUPPORTED_RENDER_KIND', `${render_kind} by ${template.id}@${template.version}`);
  const unknown = languages.find((language) => !(renderLanguages as readonly string[]).includes(language));
  return unknown === undefined
    ? { ok: true, value: [...new Set(languages)] as RenderLanguage[] }
    : stageRefusal('UNSUPPORTED_RENDER_KIND', `language ${unknown}`);
}
