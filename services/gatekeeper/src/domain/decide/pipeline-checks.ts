import type { Pipeline } from '@orgo/contracts';
import type { Finding } from '../facts.ts';
import { isCompile, validatedBefore } from '../inputs.ts';

/** A pipeline that could never be run as it is written: doubled stages, inputs nobody makes, inputs from later stages. */
export function pipelineFaults(pipeline: Pipeline): Finding[] {
  const findings: Finding[] = [];
  const before = new Map<string, ReadonlySet<string>>([['admission', new Set(pipeline.admission)]]);
  for (const stage of pipeline.stages) {
    if (before.has(stage.stage)) findings.push({ code: 'STAGE_ORDER_VIOLATION', detail: `stage ${stage.stage} twice` });
    for (const { kind, from } of stage.inputs) {
      if (before.get(from)?.has(kind)) continue;
      findings.push({
        code: 'STAGE_ORDER_VIOLATION',
        detail: `${stage.stage} takes ${kind} from ${from}, which is not before it or does not give it`,
      });
    }
    before.set(stage.stage, new Set(stage.outputs.map((output) => output.kind)));
  }
  return findings;
}

/**
 * Gates that must be there (GT-03, GT-14). What makes canon never runs without a validation gate before it, whatever the mandate says;
 * a mandate may demand the gate also where nothing is compiled.
 */
export function missingGates(pipeline: Pipeline, demanded: boolean): Finding[] {
  const compiles = pipeline.stages.filter(isCompile);
  const open = compiles.filter((stage) => !validatedBefore(pipeline, stage));
  const findings = open.map(
    (stage): Finding => ({
      code: 'GATE_REQUIRED_MISSING',
      detail: `no validation gate before ${stage.stage}`,
    }),
  );
  const none = demanded && !pipeline.stages.some((stage) => stage.gate === 'validation');
  return none && compiles.length === 0
    ? [{ code: 'GATE_REQUIRED_MISSING', detail: 'the mandate demands a validation gate and the pipeline has none' }]
    : findings;
}
