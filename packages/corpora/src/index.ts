export { buildAtlas } from './atlas/atlas.ts';
export { type ArtifactBytes, buildRequest, gazetteerArtifacts } from './build-request.ts';
export { type Corpus, type CorpusName, corpus, corpusNames } from './corpus.ts';
export type { CorpusFile, CorpusSource } from './corpus-file.ts';
export { buildGazetteer, gazetteerEntities } from './gazetteer/gazetteer.ts';
export { gazetteerProperties } from './gazetteer/properties.ts';
export { type MandateBundle, mandateBundle, mandates } from './mandates.ts';
export { buildReader } from './reader.ts';
export { buildRefused } from './refused.ts';
