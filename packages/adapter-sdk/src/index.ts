export { adapterSettings, createAdapter, runAdapter } from './adapter.ts';
export { type CheckExpectation, type CheckedCommand, checkCommand } from './check.ts';
export {
  defineStage,
  type StageContext,
  type StageDefinition,
  type StageDone,
  type StageInput,
  type StageLimits,
  type StageOutput,
  type StageRun,
  type ThreadedRun,
} from './define.ts';
export { commandIn, type Program, programSchema, readProgram } from './exec/program.ts';
export { programStage } from './exec/program-stage.ts';
export { type ReplyCache, replyCache } from './reply-cache.ts';
export { type AdapterPlatform, serveStage } from './serve.ts';
