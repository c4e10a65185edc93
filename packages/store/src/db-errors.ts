import { Fault } from '@orgo/runtime/errors';
import pg from 'pg';

/** SQLSTATE of two writers that met: serialization failure, deadlock, lock timeout; division by zero is what `allOrConflict` answers. */
const conflicts = new Set(['40001', '40P01', '55P03', '22012']);
/** SQLSTATE of a statement that ran out of time, and of a server that follows and takes no writes (a failover). */
const unavailable = new Set(['57014', '25006']);
/** SQLSTATE classes of the world failing: connection, resources, operator intervention, system, internal. */
const unavailableClasses = new Set(['08', '53', '57', '58', 'XX']);

/**
 * Turns what `pg` throws into a fault where trying again may help: `DATABASE_UNAVAILABLE` or `STATE_CONFLICT`. What the
 * server says about the statement or its data (constraints, types, rights) stays the `pg` error it is.
 */
export const mapDbError = (error: unknown): unknown => {
  if (error instanceof pg.DatabaseError) {
    const state = error.code ?? '';
    if (conflicts.has(state)) return new Fault('STATE_CONFLICT', { cause: error });
    if (unavailable.has(state) || unavailableClasses.has(state.slice(0, 2))) {
      return new Fault('DATABASE_UNAVAILABLE', { cause: error });
    }
    return error;
  }
  // A lost connection is an error of a system call, or a plain Error of `pg`; mistakes of a caller are other classes, and
  // faults are mapped already.
  const lost = error instanceof Error && ('syscall' in error || Object.getPrototypeOf(error) === Error.prototype);
  return lost ? new Fault('DATABASE_UNAVAILABLE', { cause: error }) : error;
};
