import type { DataValue, LanguageTable, PackLabel } from '@orgo/kristal';
import { readDate, readNumber, shown, shows } from './reading.ts';

/** Names of a pack by id, in the card's language or else in the other one. */
export type Names = ReadonlyMap<string, PackLabel>;

/** The symbols that stand for units. */
export type Units = Readonly<Record<string, string>>;

/** Whether a text names an entity or property as the pack does; by its id alone where the pack has no name for it. */
export const readsName = (text: string, id: string, names: Names): boolean => shows(text, names.get(id)?.text ?? id);

/** Whether a text says exactly a value: not more, not less, nothing else. */
export function readsValue(text: string, value: DataValue, names: Names, units: Units, table: LanguageTable): boolean {
  switch (value.type) {
    case 'item':
      return readsName(text, value.value.qid, names);
    case 'string':
    case 'url':
      return shows(text, value.value);
    case 'monolingual_text':
      return shows(text, value.value.text);
    case 'quantity':
      return readsQuantity(text, value.value, names, units, table);
    case 'time':
      return readsTime(text, value.value, table);
    case 'coord':
      return readsCoordinates(text, value.value, table);
    default:
      return value satisfies never;
  }
}

type Of<T extends DataValue['type']> = (DataValue & { type: T })['value'];

function readsQuantity(text: string, value: Of<'quantity'>, names: Names, units: Units, table: LanguageTable): boolean {
  const { amount, unit_qid, lower_bound, upper_bound } = value;
  const [, amounts = '', unit] = /^([^ ]+(?: \[[^\]]*\])?)(?: (.*))?$/s.exec(text) ?? [];
  if (
    unit_qid === undefined
      ? unit !== undefined
      : !shows(unit ?? '', units[unit_qid] ?? names.get(unit_qid)?.text ?? unit_qid)
  )
    return false;
  let rest = amounts;
  if (lower_bound !== undefined || upper_bound !== undefined) {
    const [number = '', bounds = '', ...more] = rest.split(' [');
    const [low = '', high = '', ...tail] = bounds.replace(/\]$/, '').split('; ');
    if (more.length > 0 || tail.length > 0 || !bounds.endsWith(']')) return false;
    if (!readsBound(low, lower_bound, table) || !readsBound(high, upper_bound, table)) return false;
    rest = number;
  }
  return readNumber(rest, table) === amount;
}

const readsBound = (text: string, bound: number | undefined, table: LanguageTable): boolean =>
  bound === undefined ? text === '…' : readNumber(text, table) === bound;

/** A date in words says a day, month or year of the common era; every other time is shown as the pack writes it. */
function readsTime(
  text: string,
  { iso8601, precision, calendar, timezone }: Of<'time'>,
  table: LanguageTable,
): boolean {
  const date = /^(?!0000)(\d{4})-(\d\d)-(\d\d)$/.exec(iso8601);
  const [year, month, day] = (date ?? []).slice(1).map(Number);
  const wordless = calendar !== undefined || timezone !== undefined || !['year', 'month', 'day'].includes(precision);
  if (date === null || wordless || (precision !== 'year' && !(Number(month) >= 1 && Number(month) <= 12)))
    return shows(text, [iso8601, precision, calendar ?? [], timezone ?? []].flat().join(' / '));
  const read = readDate(text, table);
  if (read === null || read.year !== year) return false;
  if (precision === 'year') return read.month === undefined;
  if (read.month !== month) return false;
  return precision === 'month' ? read.day === undefined : read.day === day;
}

function readsCoordinates(text: string, { lat, lon, globe }: Of<'coord'>, table: LanguageTable): boolean {
  const on = globe === undefined ? '' : shown(` / ${globe}`);
  if (!text.endsWith(on)) return false;
  const places = text.slice(0, text.length - on.length).split(', ');
  const { north, south, east, west } = table.compass;
  const read = (place: string, plus: string, minus: string): number | null => {
    const [number = '', side, ...more] = place.split('° ');
    const degrees = readNumber(number, { decimal: table.decimal, group: '' });
    if (degrees === null || degrees < 0 || more.length > 0) return null;
    if (side === plus) return degrees;
    return side === minus && degrees > 0 ? -degrees : null;
  };
  return (
    places.length === 2 &&
    read(places[0] as string, north, south) === (lat === 0 ? 0 : lat) &&
    read(places[1] as string, east, west) === (lon === 0 ? 0 : lon)
  );
}
