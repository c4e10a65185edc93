/** A decimal numeral as text: optional minus, digits, optional dot and digits. */
const decimal = /^-?\d+(?:\.\d+)?$/;

/** Shortest decimal form: no leading or trailing zeros, no minus before zero. `value` must match the numeral form. */
function shortest(value: string): string {
  const negative = value.startsWith('-');
  const [whole = '', fraction = ''] = value.replace('-', '').split('.');
  const digits = whole.replace(/^0+(?=\d)/, '');
  const rest = fraction.replace(/0+$/, '');
  const text = rest === '' ? digits : `${digits}.${rest}`;
  return negative && text !== '0' ? `-${text}` : text;
}

/**
 * The number a numeral stands for, or undefined where a double does not carry it exactly as written: then the text has to stay text.
 * Trailing zeros do not count (`357114.0` is 357114). Whole numbers above 2^53 − 1 are refused because JSON readers differ on them.
 */
export function exactNumber(numeral: string): number | undefined {
  if (!decimal.test(numeral)) return undefined;
  const text = shortest(numeral);
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined;
  return String(value) === text ? value : undefined;
}

/** Multiplies a numeral by a whole number without leaving decimal arithmetic: `2.1` by a million is `2100000`. */
export function scaledNumeral(numeral: string, factor: number): string {
  const [whole = '0', fraction = ''] = numeral.split('.');
  const product = (BigInt(whole + fraction) * BigInt(factor)).toString().padStart(fraction.length + 1, '0');
  return fraction === '' ? product : `${product.slice(0, -fraction.length)}.${product.slice(-fraction.length)}`;
}
