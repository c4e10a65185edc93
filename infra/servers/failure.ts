/** Why servers could not be started or reached. `code` is a reason code; `message` holds the next step. */
export class ServersFailure extends Error {
  override readonly name = 'ServersFailure';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
