import pc from 'picocolors';

/**
 * Colours for a person at a terminal, and for nobody else: a pipe, a file and a build server get plain text, whatever the environment
 * says about colours. FORCE_COLOR asks for them all the same; NO_COLOR wins.
 */
const wanted =
  process.env.NO_COLOR === undefined &&
  (process.env.FORCE_COLOR !== undefined || (process.stdout.isTTY === true && process.stderr.isTTY === true));

export const colors = pc.createColors(wanted);
