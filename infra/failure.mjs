/** A step of set-up that cannot go on. `code` is its reason code, `message` says what happened and what to do about it. */
export class InfraFailure extends Error {
  /** @override */
  name = 'InfraFailure';

  /**
   * @param {import('@orgo/contracts').ReasonCode} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
