import { connect } from 'node:net';
import { Breach, Fault } from '@orgo/runtime/errors';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { mapDbError } from './db-errors.ts';

const sqlState = (code: string): pg.DatabaseError => Object.assign(new pg.DatabaseError('said', 4, 'error'), { code });

describe('mapDbError', () => {
  it.each(['40001', '40P01', '55P03', '22012'])('takes %s for writers that met', (code) => {
    expect(mapDbError(sqlState(code))).toMatchObject({ name: 'Fault', code: 'STATE_CONFLICT' });
  });
  it.each(['08006', '53300', '53100', '57P01', '57P03', '57014', '58030', 'XX000', '25006'])(
    'takes %s for an absence',
    (code) => {
      expect(mapDbError(sqlState(code))).toMatchObject({ name: 'Fault', code: 'DATABASE_UNAVAILABLE' });
    },
  );
  it.each(['23505', '23514', '22P05', '42P01', '42501'])('leaves %s, which is about the statement', (code) => {
    const error = sqlState(code);
    expect(mapDbError(error)).toBe(error);
  });
  it('takes what the operating system or the client says about the connection for an absence', async () => {
    const refused = await new Promise((resolve) => connect(1, '127.0.0.1').on('error', resolve));
    for (const error of [refused, new Error('Connection terminated unexpectedly')]) {
      expect(mapDbError(error)).toMatchObject({ name: 'Fault', code: 'DATABASE_UNAVAILABLE', cause: error });
    }
  });
  it('leaves mistakes, faults and breaches as they are', () => {
    for (const error of [new TypeError('no'), new Fault('SIGNER_UNAVAILABLE'), new Breach('HASH_MISMATCH')]) {
      expect(mapDbError(error)).toBe(error);
    }
  });
});
