import { cardTemplate, type DataValue, type LanguageTable, type PackLabel, type PackResult } from '@orgo/kristal';

/** A value as text, the language it is in where that is not the card's, and what it is read from beside the statement. */
export type Said = { text: string; lang: string | null; pointers: readonly string[] };

type Names = ReadonlyMap<string, PackLabel>;
type Object = PackResult['object'] | DataValue;

const plain = (text: string, pointers: readonly string[] = []): Said => ({ text, lang: null, pointers });

/** The name of an entity or property; its id where the pack has none. */
export function named(id: string, names: Names, tag: string): Said {
  const name = names.get(id) ?? null;
  const target = id.startsWith('Q') ? 'entity' : 'property';
  return name === null
    ? plain(id, [`${target}/${id}`])
    : { text: name.text, lang: name.lang === tag ? null : name.lang, pointers: [`${target}/${id}/label/${name.lang}`] };
}

/** What a value says, in a language. */
export function valueText(object: Object, names: Names, table: LanguageTable): Said {
  switch (object.type) {
    case 'item':
      return named('id' in object ? object.id : object.value.qid, names, table.tag);
    case 'string':
    case 'url':
      return plain(object.value);
    case 'monolingual_text': {
      const { text, lang } = object.value;
      return { text, lang: lang === table.tag ? null : lang, pointers: [] };
    }
    case 'quantity':
      return quantity(object.value, names, table);
    case 'time':
      return plain(time(object.value, table));
    case 'coord':
      return plain(coordinates(object.value, table));
    default:
      return object satisfies never;
  }
}

function number(value: number, { decimal, group }: LanguageTable): string {
  const digits = String(Math.abs(value));
  const sign = value < 0 ? '−' : '';
  if (digits.includes('e')) return `${sign}${digits}`;
  const [whole = '', fraction] = digits.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
  return `${sign}${grouped}${fraction === undefined ? '' : `${decimal}${fraction}`}`;
}

type Quantity = (DataValue & { type: 'quantity' })['value'];

function quantity({ amount, unit_qid, lower_bound, upper_bound }: Quantity, names: Names, table: LanguageTable): Said {
  const bounds =
    lower_bound === undefined && upper_bound === undefined
      ? ''
      : ` [${[lower_bound, upper_bound].map((bound) => (bound === undefined ? '…' : number(bound, table))).join('; ')}]`;
  const amounts = `${number(amount, table)}${bounds}`;
  if (unit_qid === undefined) return plain(amounts);
  const symbol = cardTemplate.units[unit_qid];
  if (symbol !== undefined) return plain(`${amounts} ${symbol}`, [`unit/${unit_qid}`]);
  const unit = named(unit_qid, names, table.tag);
  return { ...unit, text: `${amounts} ${unit.text}` };
}

type Time = (DataValue & { type: 'time' })['value'];

/** Days, months and years of the common era are written out; all else stands as the pack has it. */
function time({ iso8601, precision, calendar, timezone }: Time, { months, first }: LanguageTable): string {
  const [, year, month, day, rest] = /^(\d{4})-(\d\d)-(\d\d)(.*)$/.exec(iso8601) ?? [];
  const written =
    year !== undefined && Number(year) > 0 && rest === '' && calendar === undefined && timezone === undefined;
  const name = months[Number(month) - 1];
  if (written && precision === 'year') return String(Number(year));
  if (written && name !== undefined && precision === 'month') return `${name} ${Number(year)}`;
  if (written && name !== undefined && precision === 'day')
    return `${day === '01' ? first : Number(day)} ${name} ${Number(year)}`;
  return [iso8601, precision, calendar, timezone].filter((part) => part !== undefined).join(' / ');
}

type Coord = (DataValue & { type: 'coord' })['value'];

function coordinates({ lat, lon, globe }: Coord, table: LanguageTable): string {
  const { north, south, east, west } = table.compass;
  const degrees = (value: number, plus: string, minus: string): string =>
    `${number(Math.abs(value), { ...table, group: '' })}° ${value < 0 ? minus : plus}`;
  return `${degrees(lat, north, south)}, ${degrees(lon, east, west)}${globe === undefined ? '' : ` / ${globe}`}`;
}
