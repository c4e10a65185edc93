export type MigrationCode =
  | 'DATABASE_SECRET_MISSING'
  | 'MIGRATION_CHECKSUM_MISMATCH'
  | 'MIGRATION_FAILED'
  | 'MIGRATION_UNFINISHED'
  | 'MIGRATION_UNKNOWN';

/** Why a database could not be brought up to date. `code` is a reason code; `message` holds the next step. */
export class MigrationFailure extends Error {
  override readonly name = 'MigrationFailure';
  readonly code: MigrationCode;

  constructor(code: MigrationCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
