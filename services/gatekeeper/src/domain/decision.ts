import type { ArtifactRef, Digest, GateDecision } from '@orgo/contracts';
import { canonical, digestOfText, type JsonValue, utf8Length } from '@orgo/core';
import type { DecisionCode } from './codes.ts';

/** Text to be signed as it is, and its content id. */
export type Signable = { payload: string; digest: Digest };

/** A decision on its way out: to be signed with its authorizations, stored, and sent to audit. */
export type DecisionSend = Signable & {
  decision: GateDecision;
  authorizations: Signable[];
  /** Stored before the decision commits; the decision names it. */
  report: { artifact: ArtifactRef; text: string } | null;
};

/** An entry of the log holds at most 65,535 bytes; what is left is for the signed item around it. */
export const maxDecisionBytes = 65_000;

/** Canonical text and content id of a value. */
export function signable(value: unknown): Signable {
  const payload = canonical(value);
  return { payload, digest: digestOfText(payload) };
}

/** Writes a JSON artifact as a reference and its text. */
export function jsonArtifact(kind: string, value: JsonValue): { artifact: ArtifactRef; text: string } {
  const { payload, digest } = signable(value);
  return { text: payload, artifact: { kind, ref: digest, media_type: 'application/json', size: utf8Length(payload) } };
}

/** Text cut to a length; cutting may split a character, which canonical JSON has no form for. */
export const bounded = (text: string, max: number): string => text.slice(0, max).toWellFormed();

/** Codes in the order found, each once, as many as a decision may carry. */
export const uniqueCodes = (codes: readonly DecisionCode[]): DecisionCode[] => [...new Set(codes)].slice(0, 64);

/** Turns a decided value into what leaves the gate, with the authorizations it names. */
export function sendOf(
  decision: GateDecision,
  parts: { authorizations?: Signable[]; report?: DecisionSend['report'] } = {},
): DecisionSend {
  return {
    ...signable(decision),
    decision,
    authorizations: parts.authorizations ?? [],
    report: parts.report ?? null,
  };
}
