export { runExtract } from './core.ts';
export { grammarVersion } from './grammar/grammar.ts';
export { type TableMapping, TableMappingSchema } from './table.ts';
