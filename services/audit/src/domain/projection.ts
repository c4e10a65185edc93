import type { ArtifactRef, BuildRecord, Digest } from '@orgo/contracts';
import { digestHex, digestOfNothing, type JsonValue, ok, type Result, refuse } from '@orgo/core';

const contentRef = (digest: string): { alg: 'sha256'; value: string } => ({
  alg: 'sha256',
  value: digestHex(digest as Digest),
});
const refs = (artifacts: readonly ArtifactRef[]): JsonValue => artifacts.map((artifact) => contentRef(artifact.ref));

/**
 * The public kOA form of a record (`urn:koa:schema:build-record:1`). What the public form has no member for is left out, never squeezed in;
 * where it demands something that the build does not have, the answer is `NOT_PROJECTABLE` and the detail says what (C-9).
 */
export function toPublicBuildRecord(record: BuildRecord): Result<JsonValue> {
  const { validation, kristal } = record.outputs;
  const no = (why: string) => refuse('NOT_PROJECTABLE', why);
  if (validation.status === 'NOT_RUN') return no('outputs.validation: validation never ran');
  if (validation.report_ref === null) return no('outputs.validation.report_ref: there is no report');
  if (record.inputs.snapshots.length === 0) return no('inputs.snapshots: there are none');
  if (record.stages.length === 0) return no('stages: no stage was decided');
  // A public record would present the content id of nothing as a mandate.
  if (record.mandate_ref === digestOfNothing) return no('mandate_bundle_ref: the build had no mandate');
  const { type, actor, reason } = record.trigger;
  return ok({
    build_id: record.build_id,
    record_version: record.schema_version,
    created_at: record.created_at,
    trigger: { type, actor, reason },
    mandate_bundle_ref: contentRef(record.mandate_ref),
    inputs: {
      snapshots: record.inputs.snapshots.map(contentRef),
      ...(record.inputs.snapshot_set_ref === null
        ? {}
        : { snapshot_manifest_ref: contentRef(record.inputs.snapshot_set_ref) }),
    },
    pipeline: {
      pipeline_id: `${record.pipeline.pipeline_id}@${record.pipeline.version}`,
      toolchain: toolchainOf(record),
    },
    stages: record.stages.map(
      ({ stage, status, started_at, ended_at, inputs, outputs, attempt, duration_ms, reason_codes }) => ({
        name: stage,
        status,
        started_at,
        ended_at,
        inputs: refs(inputs),
        outputs: refs(outputs),
        metrics: { attempt, duration_ms, reason_codes },
      }),
    ),
    outputs: {
      validation: { report_ref: contentRef(validation.report_ref), status: validation.status },
      kristal:
        kristal === null
          ? {}
          : { exchange_ref: contentRef(kristal.exchange.ref), runtime_pack_ref: contentRef(kristal.pack_manifest.ref) },
    },
    checksums: { build_record_hash: contentRef(record.record_hash) },
  });
}

/** The public form knows five tools by name; one that did not run is left out. */
function toolchainOf({ toolchain }: BuildRecord): JsonValue {
  const known = {
    orgo_version: 'orgo',
    compiler_version: 'compile-exchange',
    validator_version: 'validate',
    resolver_version: 'resolve',
  };
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, stage]) =>
      toolchain[stage] === undefined ? [] : [[name, toolchain[stage]]],
    ),
  );
}
