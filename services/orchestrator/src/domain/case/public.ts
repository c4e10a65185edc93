import type { CaseView } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import type { CaseState } from './state.ts';

/**
 * Where a Case of each type is routed (CT-02, CT-08): base, category, subcategory and role, printed with dots. Categories and
 * subcategories are the public app's: 1 operational, 3 compliance, 8 technical, 9 crisis; 1 request, 3 decision, 4 report.
 */
const routing: Record<CaseState['type'], { category: string; label: string }> = {
  'build-blocked': { category: 'operational', label: '20.1.1.Operator' },
  'build-failed': { category: 'technical', label: '20.8.4.Operator' },
  'validation-failed': { category: 'compliance', label: '20.3.4.Curator' },
  'dead-letter': { category: 'operational', label: '20.1.4.Curator' },
  'rerun-diverged': { category: 'crisis', label: '20.9.3.Operator' },
  rollback: { category: 'crisis', label: '20.9.3.Operator' },
  'rollback-refused': { category: 'crisis', label: '20.9.3.Operator' },
  'release-refused': { category: 'compliance', label: '20.3.4.Operator' },
  'node-integrity': { category: 'technical', label: '20.8.4.Operator' },
  'state-drift': { category: 'technical', label: '20.8.4.Operator' },
};

const priorities = { MINOR: 'LOW', MODERATE: 'MEDIUM', MAJOR: 'HIGH', CRITICAL: 'CRITICAL' } as const;

/** A Case as the API shows it. */
export const caseView = (state: CaseState): CaseView => ({
  case_id: state.case_id,
  tenant_id: state.tenant_id,
  build_id: state.build_id,
  status: state.phase as CaseView['status'],
  type: state.type,
  severity: state.severity,
  title: state.title,
  reason_codes: state.reason_codes,
  refs: state.refs as CaseView['refs'],
  created_at: state.created_at,
  updated_at: state.updated_at,
  subject: state.subject ?? null,
  tasks: state.tasks ?? [],
  audit: state.audit.map(({ at, event_type, actor, reason }) => ({ at, type: event_type, actor: actor.id, reason })),
});

/** A Case in the public kOA form: references only, nothing embedded (CT-07); its history as it was appended (CT-05). */
export const publicCase = (state: CaseState): { [key: string]: JsonValue } => ({
  case_id: state.case_id,
  organization_id: state.tenant_id,
  source: 'automation',
  type: state.subject ? state.subject.kind : 'build',
  category: routing[state.type].category,
  label: routing[state.type].label,
  status: state.phase,
  priority: priorities[state.severity],
  severity: state.severity,
  visibility: 'INTERNAL',
  owners: [{ kind: 'team', id: 'operators' }],
  summary: state.title,
  tags: [state.type, ...state.reason_codes],
  ...(state.mandate_ref === null ? {} : { policy_context: { mandate_ref: state.mandate_ref } }),
  refs: [
    ...(state.build_id === null ? [] : [{ ref_type: 'build', ref: state.build_id }]),
    ...(state.subject ? [{ ref_type: state.subject.kind, ref: state.subject.ref }] : []),
    ...state.refs.map(({ kind, ref }) => ({ ref_type: kind, ref })),
  ],
  tasks: (state.tasks ?? []).map(({ task }) => `${state.case_id}/${task}`),
  audit: state.audit.map((entry, index) => ({
    event_id: `${state.case_id}:${index}`,
    timestamp: entry.at,
    actor: entry.actor,
    event_type: entry.event_type,
    reason: entry.reason,
  })),
  created_at: state.created_at,
  updated_at: state.updated_at,
});
