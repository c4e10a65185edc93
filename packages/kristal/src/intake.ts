import type { IngestPolicy } from './context.ts';
import type { ContractProfile } from './profile.ts';

/** How much a build takes in. Bytes and counts; every limit is inclusive. */
export type Intake = {
  max_documents: number;
  max_document_bytes: number;
  /** Bytes of all documents that are taken: later stages hold their text at once. */
  max_corpus_bytes: number;
  max_document_claims: number;
};

/** Most bytes of documents that one build holds, where its mandate says nothing. */
export const defaultCorpusBytes = 256 * 1024 * 1024;

/** The limits of a build: the contract profile's, or lower ones of the mandate. A mandate raises only what no profile bounds. */
export function intakeOf(policy: IngestPolicy, { limits }: Pick<ContractProfile, 'limits'>): Intake {
  const { max_documents, max_document_bytes, max_corpus_bytes, max_document_claims } = policy;
  return {
    max_documents: Math.min(max_documents ?? limits.max_documents, limits.max_documents),
    max_document_bytes: Math.min(max_document_bytes ?? limits.max_document_bytes, limits.max_document_bytes),
    max_corpus_bytes: max_corpus_bytes ?? defaultCorpusBytes,
    max_document_claims: Math.min(max_document_claims ?? limits.max_claims, limits.max_claims),
  };
}
