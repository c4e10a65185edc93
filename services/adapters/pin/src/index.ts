export { runPin } from './pin.ts';
export { type EffectivePolicies, effectivePolicies } from './policies.ts';
