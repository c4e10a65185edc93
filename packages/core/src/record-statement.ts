import type { ArtifactRef, BuildRecord, Digest } from '@orgo/contracts';
import { digestHex } from './digest.ts';
import type { JsonValue } from './json-limits.ts';

/** Predicate types of the statement over a record. */
export const provenancePredicate = 'https://slsa.dev/provenance/v1';
export const buildRecordPredicate = 'https://orgo.dev/attestation/build-record/v1';

type Subject = { name: string; digest: { sha256: string } };

const subject = (name: string, ref: string): Subject => ({ name, digest: { sha256: digestHex(ref as Digest) } });

/** Distinct by digest, in the order given: two files with the same bytes are one subject. */
const distinct = (subjects: readonly Subject[]): Subject[] => {
  const seen = new Set<string>();
  return subjects.filter((one) => !seen.has(one.digest.sha256) && seen.add(one.digest.sha256));
};

/**
 * The in-toto Statement (v1) over a sealed record. A COMPLETED build that made something has every file of Exchange and pack as subjects, with
 * SLSA provenance v1; any other has its input snapshots, or what it was asked to build from, and a predicate of our own (BR-09): nothing in it can
 * be read as a result. The gatekeeper signs exactly this, and who verifies makes it again and compares the whole.
 */
export function statementOf(record: BuildRecord, recordRef: ArtifactRef): JsonValue {
  const { kristal } = record.outputs;
  if (record.outcome !== 'COMPLETED' || kristal === null) {
    return {
      _type: 'https://in-toto.io/Statement/v1',
      subject: distinct(inputSubjects(record)),
      predicateType: buildRecordPredicate,
      predicate: {
        outcome: record.outcome,
        reason_codes: record.reason_codes,
        record: recordRef.ref,
        record_hash: record.record_hash,
      },
    };
  }
  const results = [kristal.exchange, kristal.exchange_manifest, kristal.pack_manifest, ...kristal.pack_files];
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: distinct(
      results.map((artifact, i) =>
        subject(artifact.kind === 'pack-file' ? `pack-file/${i - 3}` : artifact.kind, artifact.ref),
      ),
    ),
    predicateType: provenancePredicate,
    predicate: {
      buildDefinition: {
        buildType: 'https://orgo.dev/build/kristal/v1',
        externalParameters: externalParameters(record),
        internalParameters: {
          kristal_id: kristal.kristal_id,
          pack_id: kristal.pack_id,
          record: recordRef.ref,
          record_hash: record.record_hash,
        },
        resolvedDependencies: dependencies(record),
      },
      runDetails: {
        builder: { id: `https://orgo.dev/builder/${record.log.origin}`, version: record.toolchain },
        metadata: { invocationId: record.build_id, startedOn: record.created_at, finishedOn: record.ended_at },
        byproducts: record.stages.flatMap(({ stage, report }) =>
          report === null ? [] : [{ ...subject(`report/${stage}`, report.ref), mediaType: report.media_type }],
        ),
      },
    },
  };
}

function inputSubjects(record: BuildRecord): Subject[] {
  if (record.inputs.snapshots.length > 0) return record.inputs.snapshots.map((ref, i) => subject(`snapshot/${i}`, ref));
  const request = record.inputs.admitted.filter((input) => input.kind === 'build-request');
  return (request.length > 0 ? request : record.inputs.admitted).map((input) => subject(input.kind, input.ref));
}

/** What the person who asked decides; a verifier may hold it against what it expects, and refuses members it does not know. */
const externalParameters = (record: BuildRecord): JsonValue => ({
  input_snapshots: record.inputs.snapshots,
  config_hash: record.compiler?.config_hash ?? null,
  blueprint_ref: record.pipeline.ref,
  mandate_ref: record.mandate_ref,
  policy_selections: record.policy_selections,
  canonicalization_profile: record.compiler?.canonicalization_profile ?? null,
});

/** What was made on the way and what was pinned: snapshots, claims, resolutions, the report, gazetteers. */
function dependencies(record: BuildRecord): Subject[] {
  const made = record.stages.flatMap((stage) =>
    stage.stage.startsWith('compile')
      ? []
      : stage.outputs.map((output) => subject(`${stage.stage}/${output.kind}`, output.ref)),
  );
  const pinned = record.inputs.resources.map((resource) => subject(`resource/${resource.kind}`, resource.ref));
  return distinct([...record.inputs.snapshots.map((ref, i) => subject(`snapshot/${i}`, ref)), ...pinned, ...made]);
}
