import type { Pipeline } from './pipeline.ts';
import { corpusProfilePipeline } from './pipelines/corpus-profile.ts';
import { echoPipeline } from './pipelines/echo.ts';
import { kristalPipeline } from './pipelines/kristal.ts';
import { kristalAfterPipeline } from './pipelines/kristal-after.ts';

/** The pipelines that ship with Orgo, by id. A build stores the snapshot it was admitted with. */
export const pipelines: Readonly<Record<string, Pipeline>> = {
  kristal: kristalPipeline,
  'kristal-after': kristalAfterPipeline,
  'corpus-profile': corpusProfilePipeline,
  echo: echoPipeline,
};
