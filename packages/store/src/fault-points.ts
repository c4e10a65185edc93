export { type FaultPoint, type FaultPoints, faultPoints, noFaults } from '@orgo/runtime/fault-points';
