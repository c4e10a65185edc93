export { runPin } from './core.ts';
export { type EffectivePolicies, effectivePolicies } from './policies.ts';
