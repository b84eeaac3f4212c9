import { HIDING, idOf, type Row, type State, type Table, type Value, word } from './state';

/** An answer that is no success. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {
    super(`refused with ${String(status)}`);
  }
}
export const badRequest = (message: string): Refusal => new Refusal(400, { status: '400', error: message });
export const notFound = (): Refusal => new Refusal(404, { status: '404', error: 'Not Found' });
export const invalid = (errors: Readonly<Record<string, string>>): Refusal =>
  new Refusal(422, { message: 'Validation Failed', errors });

export type FieldKind = 'datetime' | 'date' | 'number' | 'string' | 'boolean' | 'array';
/** Which fields a list may be filtered by. */
export type Filterable = Readonly<Record<string, FieldKind>>;
export type QueryParameters = Readonly<Record<string, string | readonly string[] | undefined>>;

const OPERATORS: Readonly<Record<FieldKind, readonly string[]>> = {
  datetime: ['>=', '<=', '!?', '>', '<', '?', '*'],
  date: ['>=', '<=', '!?', '=', '>', '<', '?'],
  number: ['!=', '>=', '<=', '!?', '=', '>', '<', '?'],
  string: ['!=', '~~', '!?', '=', '~', '?'],
  boolean: ['!=', '='],
  array: ['~'],
};
const VALUES: Readonly<Record<FieldKind, readonly [RegExp, string]>> = {
  datetime: [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'a datetime in UTC'],
  date: [/^[\d*]{4}-[\d*]{2}-[\d*]{2}$/, 'a date'],
  number: [/^\d+$/, 'a number'],
  string: [/^/, 'a string'],
  boolean: [/^(true|false)$/, 'a boolean'],
  array: [/^\d+$/, 'a number'],
};
const VALUELESS = new Set(['*', '?', '!?']);

/**
 * Fields that a filter may name and a row does not hold as they are shown. A booking has the id of the appointment behind
 * it, and takes the one patient of an individual appointment like those of a group.
 */
const DERIVED: Readonly<Record<string, (row: Row) => Value | undefined>> = {
  appointment_id: ({ booking_id }) => booking_id,
  patient_ids: ({ patient_ids, patient_id }) =>
    patient_ids ?? (typeof patient_id === 'string' ? [patient_id] : []),
  did_not_arrive: ({ did_not_arrive, patient_id }) =>
    did_not_arrive === undefined && patient_id !== undefined ? false : did_not_arrive,
};
/** The row as a filter by that field sees it. */
const seenBy = (field: string, row: Row): Row => {
  const derived = Object.hasOwn(DERIVED, field) ? DERIVED[field] : undefined;
  return derived === undefined ? row : { [field]: derived(row) };
};

interface Filter {
  readonly field: string;
  readonly operator: string;
  readonly values: readonly string[];
  readonly test: (row: Row) => boolean;
}

function parse(written: string, filterable: Filterable, state: State): Filter {
  const [, field = '', rest = ''] = /^([a-z_0-9]+):(.*)$/s.exec(written) ?? [];
  const kind = Object.hasOwn(filterable, field) ? filterable[field] : undefined;
  if (kind === undefined) throw badRequest(`${field === '' ? written : field} is not filterable`);
  const operator = OPERATORS[kind].find((sign) => rest.startsWith(sign));
  if (operator === undefined) throw badRequest(`Filter operator for ${field} is missing or not supported`);
  const value = rest.slice(operator.length);
  const values = kind === 'number' && operator === '=' ? value.split(',') : [value];
  const [shape, described] = VALUES[kind];
  const isValid = VALUELESS.has(operator) ? value === '' : values.every((one) => shape.test(one));
  if (!isValid) throw badRequest(`Filter value for ${field} must be ${described}`);
  return { field, operator, values, test: tester({ field, operator, values }, kind, state) };
}

const wildcard = (pattern: string, any: string, by: string): RegExp =>
  new RegExp(
    `^${pattern
      .split(any)
      .map((part) => part.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
      .join(by)}$`,
    'i',
  );

function tester(
  { field, operator, values }: Omit<Filter, 'test'>,
  kind: FieldKind,
  state: State,
): (row: Row) => boolean {
  const value = values[0] ?? '';
  const of = (row: Row): Value => row[field] ?? null;
  const text = (row: Row): string => word(row, field).toLowerCase();
  const compare = (row: Row): number => {
    const own = word(row, field);
    if (own === '') return NaN;
    if (kind !== 'number') return own < value ? -1 : Number(own > value);
    return Number(BigInt(own) - BigInt(value));
  };
  const chosen = new Set(values.map((one) => one.toLowerCase()));
  const like = wildcard(value, kind === 'date' ? '*' : '%', kind === 'date' ? '.' : '.*');
  const tests: Readonly<Record<string, (row: Row) => boolean>> = {
    '*': (row) => state.hiddenFilter === 'adds' || of(row) !== null,
    '?': (row) => of(row) !== null && of(row) !== '',
    '!?': (row) => of(row) === null || of(row) === '',
    '=': (row) => (kind === 'date' ? like.test(text(row)) : chosen.has(text(row))),
    '!=': (row) => !chosen.has(text(row)),
    '>=': (row) => compare(row) >= 0,
    '<=': (row) => compare(row) <= 0,
    '>': (row) => compare(row) > 0,
    '<': (row) => compare(row) < 0,
    '~': (row) =>
      kind === 'array'
        ? ((of(row) ?? []) as readonly string[]).includes(value)
        : text(row).includes(value.toLowerCase()),
    '~~': (row) => like.test(text(row)),
  };
  const test = tests[operator] as (row: Row) => boolean;
  return (row) => test(seenBy(field, row));
}

const listed = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** The filters of a request, with the hiding of what it does not ask for. */
function filtersOf(query: QueryParameters, filterable: Filterable, state: State): Filter[] {
  const filters = listed(query['q[]']).map((written) => parse(written, filterable, state));
  const asked = new Set(filters.map(({ field }) => field));
  const hidden = HIDING.filter((field) => !asked.has(field));
  const standing = (row: Row): boolean => hidden.every((field) => (row[field] ?? null) === null);
  return [...filters, { field: '', operator: '', values: [], test: standing }];
}

/** Whether a single record may be shown: hidden ones only to those who ask. */
export const shows = (row: Row, query: QueryParameters, filterable: Filterable, state: State): boolean =>
  filtersOf(query, filterable, state).every(({ test }) => test(row));

function sorted(rows: readonly Row[], query: QueryParameters, filterable: Filterable): readonly Row[] {
  const [sort, order] = [listed(query['sort'])[0], listed(query['order'])[0] ?? 'asc'];
  if (sort === undefined && order === 'asc') return rows; // tables stand in the order of created_at
  const keys = (sort ?? 'created_at').split(',').map((key) => {
    const [, field = '', direction = order] = /^([a-z_0-9]+)(?::(asc|desc))?$/.exec(key) ?? [];
    if (!Object.hasOwn(filterable, field)) throw badRequest(`${key} is not sortable`);
    return { field, sign: direction === 'desc' ? -1 : 1, isNumber: filterable[field] === 'number' };
  });
  const rank = (row: Row, field: string, isNumber: boolean): string =>
    isNumber ? word(row, field).padStart(20, '0') : word(row, field).toLowerCase();
  return [...rows].sort((a, b) => {
    for (const { field, sign, isNumber } of keys) {
      const [x, y] = [rank(a, field, isNumber), rank(b, field, isNumber)];
      if (x !== y) return x < y ? -sign : sign;
    }
    return 0;
  });
}

const KEPT = 8;
interface Kept {
  readonly made: string;
  readonly rows: readonly Row[];
}
const kept = new WeakMap<Table, Map<string, Kept>>();

/** The records that a request's filters leave, in its order; an answer is kept until the next write, so that its later pages cost nothing. */
export function select(
  from: Table,
  query: QueryParameters,
  filterable: Filterable,
  state: State,
): readonly Row[] {
  const key = JSON.stringify([listed(query['q[]']), query['sort'], query['order'], state.hiddenFilter]);
  let answers = kept.get(from);
  if (!answers) {
    answers = new Map<string, Kept>();
    kept.set(from, answers);
  }
  const known = answers.get(key);
  const made = `${String(state.version)} ${String(from.rows.length)}`;
  if (known?.made === made) return known.rows;
  const filters = filtersOf(query, filterable, state);
  const rows = sorted(
    candidates(from, filters).filter((row) => filters.every(({ test }) => test(row))),
    query,
    filterable,
  );
  if (answers.size >= KEPT) answers.delete(answers.keys().next().value ?? '');
  answers.set(key, { made, rows });
  return rows;
}

/** The rows among which the filters need to look: by an index where there is one. */
function candidates({ rows, byId, indexes }: Table, filters: readonly Filter[]): readonly Row[] {
  for (const { field, operator, values } of filters) {
    const index = indexes.get(field);
    if (operator !== '=' || (field !== 'id' && !index)) continue;
    const found = values.flatMap((value): readonly Row[] => {
      const one = byId.get(value);
      return index ? (index.get(value) ?? []) : one ? [one] : [];
    });
    return [...new Map(found.map((row) => [idOf(row), row])).values()];
  }
  return rows;
}
