import type { Finding, Rule } from './rule.ts';

/** The rule that comes first: a batch over the limits of the contract profile is not judged further. */
export const limitRule: Rule = {
  code: 'KRS_V3_VALIDATION_LIMIT_EXCEEDED',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'The batch is larger than the pinned profile allows to be judged.',
  *check(facts): Generator<Finding> {
    const { max_documents, max_claims } = facts.context.value.contract_profile.limits;
    const documents = Math.max(facts.claimLines.lines.length, facts.resolvedLines.lines.length);
    const claims = facts.resolvedLines.lines.reduce((sum, line) => sum + (line.value?.claims.length ?? 0), 0);
    if (documents > max_documents) {
      yield {
        location: { json_pointer: '/resolved' },
        details: { what: 'documents', count: documents, most: max_documents },
      };
    }
    if (claims > max_claims) {
      yield { location: { json_pointer: '/resolved' }, details: { what: 'claims', count: claims, most: max_claims } };
    }
  },
};
