export { type Root, readRoot } from '@orgo/core/trust-root';
