import {
  type Authorization,
  type Digest,
  type GateClaim,
  type GateDecision,
  type Pipeline,
  type StageCommand,
  stageAfter,
  stageOf,
} from '@orgo/contracts';
import { authorizationOf, blankDecision, digestOf } from '@orgo/core';
import type { Receipt } from './inputs.ts';
import type { Admitted } from './state.ts';

/** How an adapter may answer a command. */
export type Answer = 'ok' | 'failed' | 'error' | 'lease' | 'untrusted';

const proof = {
  key_id: 'k',
  role: 'gatekeeper',
  tenant_id: 'acme',
  sig: `${'A'.repeat(86)}==`,
  size: 1,
  index: 0,
  path: [],
};
const item = (value: unknown) => ({ type: 't', payload: JSON.stringify(value), proof });
const ref = (kind: string, seed: string) => ({
  kind,
  ref: digestOf([kind, seed]),
  media_type: 'application/json',
  size: 2,
});

/**
 * A gatekeeper and an audit log with the rules that a build relies on and nothing else: whichever commits first wins, a fence refuses
 * lower epochs, a stage has one final decision, a shut gate authorizes nothing, every decision is sealed in order.
 */
export class ModelGate {
  readonly #pipeline: Pipeline;
  readonly #fences = new Map<string, number>();
  readonly #decided = new Map<string, 'PASS' | 'FAIL' | 'ERROR'>();
  readonly authorizations = new Map<Digest, Authorization>();
  readonly #heard = new Set<Digest>();
  #admitted = false;
  #shut = false;
  #recorded = false;
  #sealed = 0;
  #as: Pick<GateDecision, 'tenant_id' | 'build_id' | 'as_of' | 'pipeline_ref' | 'mandate_ref'>;

  constructor(admitted: Admitted, as_of: string) {
    const { tenant_id, build_id, pipeline_ref, mandate_ref } = admitted;
    this.#pipeline = admitted.pipeline;
    this.#as = { tenant_id, build_id, pipeline_ref, mandate_ref, as_of };
  }

  claim(claim: GateClaim): Receipt[] {
    // The same claim is decided once.
    const digest = digestOf(claim);
    if (this.#heard.has(digest)) return [];
    this.#heard.add(digest);
    const stage = claim.stage ?? '';
    switch (claim.claim) {
      case 'ADMIT':
        this.#admitted = true;
        return this.#open({ kind: 'ADMISSION', verdict: 'PASS' }, stageAfter(this.#pipeline, null)?.stage ?? null);
      case 'FENCE': {
        const done = this.#decided.get(stage);
        const late = this.#shut || done === 'PASS' || done === 'FAIL';
        if (!late) {
          this.#decided.delete(stage);
          this.#fences.set(stage, Math.max(claim.epoch, this.#fences.get(stage) ?? 0));
        }
        return [
          this.#seal({
            kind: 'FENCE',
            verdict: late ? 'LOST' : 'FENCED',
            stage,
            attempt: claim.attempt,
            epoch: claim.epoch,
          }),
        ];
      }
      case 'EXHAUSTED': {
        if (this.#shut || this.#decided.has(stage)) return [];
        const verdict = stageOf(this.#pipeline, stage)?.on_exhausted === 'FAIL' ? 'FAIL' : 'ERROR';
        this.#decided.set(stage, verdict);
        if (verdict === 'FAIL') this.#shut = true;
        return [
          this.#seal({
            kind: 'STAGE',
            verdict,
            stage,
            attempt: claim.attempt,
            epoch: claim.epoch,
            final: true,
            reason_codes: ['STAGE_ATTEMPTS_EXHAUSTED'],
          }),
        ];
      }
      case 'CANCEL':
        this.#shut = true;
        return [this.#seal({ kind: 'CANCEL', verdict: 'NOTED', reason_codes: ['BUILD_CANCELLED'] })];
      case 'CLOSE':
        if (this.#recorded) return [];
        this.#recorded = true;
        this.#shut = true;
        return [
          this.#seal({
            kind: 'RECORD',
            verdict: 'PASS',
            final: true,
            reason_codes: claim.reason_codes,
            outputs: [ref('build-record', '1'), ref('build-statement', '1')],
            detail: { outcome: claim.detail.outcome ?? 'FAILED', kristal_id: null, pack_id: null },
          }),
        ];
      default:
        throw new Error(`no such claim: ${claim.claim}`);
    }
  }

  /** What becomes of an answer to a command; nothing when it is a duplicate. */
  reply(command: StageCommand, answer: Answer, salt = ''): Receipt[] {
    const { stage, attempt, epoch } = command;
    const of = { stage, attempt, epoch, command_digest: digestOf(command), idem_key: command.idem_key };
    if (answer === 'lease')
      return [this.#seal({ ...of, kind: 'REFUSAL', verdict: 'NOTED', reason_codes: ['COMMAND_LEASE_EXPIRED'] })];
    if (answer === 'untrusted')
      return [this.#seal({ ...of, kind: 'REFUSAL', verdict: 'NOTED', reason_codes: ['COMMAND_SIGNER_UNTRUSTED'] })];
    if (this.#decided.has(stage) || this.#shut || !this.#admitted)
      return [this.#seal({ ...of, kind: 'REFUSAL', verdict: 'NOTED', reason_codes: ['GATE_SUBJECT_CLOSED'] })];
    if (epoch < this.fenceOf(stage))
      return [this.#seal({ ...of, kind: 'REFUSAL', verdict: 'NOTED', reason_codes: ['REPLY_STALE_ATTEMPT'] })];
    if (answer === 'error') {
      this.#fences.set(stage, epoch + 1);
      return [this.#seal({ ...of, kind: 'ATTEMPT', verdict: 'ERROR', reason_codes: ['STAGE_INTERNAL_ERROR'] })];
    }
    if (answer === 'failed') {
      this.#decided.set(stage, 'FAIL');
      this.#shut = true;
      return [this.#seal({ ...of, kind: 'STAGE', verdict: 'FAIL', final: true, reason_codes: ['COMPILE_FAILED'] })];
    }
    this.#decided.set(stage, 'PASS');
    return this.#open(
      {
        ...of,
        kind: 'STAGE',
        verdict: 'PASS',
        final: true,
        outputs: [ref(`${stage}-out`, `${command.idem_key}${salt}`)],
      },
      stageAfter(this.#pipeline, stage)?.stage ?? null,
    );
  }

  /** Replies below it are refused. */
  fenceOf(stage: string): number {
    return this.#fences.get(stage) ?? 1;
  }

  #blank(part: Partial<GateDecision> & Pick<GateDecision, 'kind'>): GateDecision {
    return blankDecision({ actor: 'a', at: this.#as.as_of, duration_ms: 1, ...this.#as, ...part });
  }

  #open(decision: Partial<GateDecision> & Pick<GateDecision, 'kind' | 'verdict'>, next: string | null): Receipt[] {
    if (next === null) return [this.#seal(decision)];
    const of = this.#blank({ ...decision, subject_digest: this.#as.pipeline_ref });
    const authorization = authorizationOf(of, next, [ref('in', next)], []);
    const digest = digestOf(authorization);
    this.authorizations.set(digest, authorization);
    return [this.#seal({ ...decision, authorizations: [digest] }, [{ authorization, digest }])];
  }

  #seal(
    part: Partial<GateDecision> & Pick<GateDecision, 'kind' | 'verdict'>,
    authorizations: Receipt['authorizations'] = [],
  ): Receipt {
    const log_index = this.#sealed++;
    const decision = this.#blank({
      report: ref('stage-report', `${log_index}`),
      detail: { index: log_index },
      ...part,
    });
    const { tenant_id, build_id } = this.#as;
    return {
      type: 'receipt',
      tenant_id,
      build_id,
      decision,
      decision_digest: digestOf(decision),
      log_index,
      authorizations,
      evidence: {
        decision: item(decision),
        authorizations: authorizations.map(({ authorization }) => item(authorization)),
        seal: { index: log_index, size: log_index + 1, path: [], checkpoint: 'c' },
      },
    };
  }
}
