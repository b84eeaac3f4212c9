/** A value of a record as it stands in the sandbox: times as Cliniko writes them, ids as digits. */
export type Value =
  string | number | boolean | null | readonly string[] | readonly Row[] | { readonly [key: string]: unknown };
/** A record: Cliniko's own field names, links as `…_id`. What is left out is null. */
export interface Row {
  [field: string]: Value | undefined;
}

/** The records of one collection in the order of their making, found by id and by the fields that an index is kept of. */
export interface Table {
  readonly rows: Row[];
  readonly byId: Map<string, Row>;
  readonly indexes: ReadonlyMap<string, Map<string, Row[]>>;
}
const table = (...indexed: readonly string[]): Table => ({
  rows: [],
  byId: new Map(),
  indexes: new Map(indexed.map((field) => [field, new Map()])),
});

/** A field as text, `''` where it is null. */
export function word(row: Row, field: string): string {
  const value = row[field] ?? '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
export const idOf = (row: Row): string => word(row, 'id');

/** Adds a record behind the API. */
export function add({ rows, byId, indexes }: Table, row: Row): Row {
  rows.push(row);
  byId.set(idOf(row), row);
  for (const [field, index] of indexes) {
    const key = word(row, field);
    const known = index.get(key);
    if (known) known.push(row);
    else index.set(key, [row]);
  }
  return row;
}

/** Moves a record, which was `before`, to where the indexes look for it. */
export function reindex({ indexes }: Table, row: Row, before: Row): void {
  for (const [field, index] of indexes) {
    const [from, to] = [word(before, field), word(row, field)];
    if (from === to) continue;
    index.set(
      from,
      (index.get(from) ?? []).filter((one) => one !== row),
    );
    index.set(to, [...(index.get(to) ?? []), row]);
  }
}

export type Collections =
  | 'individual_appointments'
  | 'group_appointments'
  | 'unavailable_blocks'
  | 'attendees'
  | 'patients'
  | 'practitioners'
  | 'businesses'
  | 'appointment_types'
  | 'services'
  | 'daily_availabilities'
  | 'users';

/** The clinic, and how the sandbox plays Cliniko. */
export interface State {
  readonly tables: Readonly<Record<Collections, Table>>;
  readonly apiKey: string;
  readonly now: () => Date;
  /** Null: no limit, for benchmarks. */
  requestsPerMinute: number | null;
  /** Whether updates may still be sent with PUT, as the pages of 2022 say. */
  acceptsPut: boolean;
  /** Whether they may be sent with PATCH, and records archived by a POST, as the pages of today say. */
  acceptsPatch: boolean;
  acceptsArchive: boolean;
  /** What `archived_at:*` means: hidden records among the others (documented), or they alone. */
  hiddenFilter: 'adds' | 'only';
  /** Answers of lists that were filtered are kept until this grows. */
  version: number;
  lastId: number;
}

/** A clinic without records. */
export function emptyState(now: () => Date): State {
  return {
    tables: {
      individual_appointments: table('practitioner_id'),
      group_appointments: table('practitioner_id'),
      unavailable_blocks: table('practitioner_id'),
      attendees: table('booking_id', 'patient_id'),
      patients: table(),
      practitioners: table(),
      businesses: table(),
      appointment_types: table(),
      services: table('business_id', 'appointment_type_id'),
      daily_availabilities: table('business_id', 'practitioner_id'),
      users: table(),
    },
    apiKey: 'MS0xLWZha2VrZXlmb3J0aGVzYW5kYm94-au1',
    now,
    requestsPerMinute: 200,
    acceptsPut: true,
    acceptsPatch: true,
    acceptsArchive: true,
    hiddenFilter: 'adds',
    version: 0,
    lastId: 0,
  };
}

/** A time as Cliniko writes it: UTC, whole seconds. */
export const stamp = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`;

/** The next id of the 64-bit space that bookings share: far beyond what a JavaScript number holds. */
export function nextId(state: State): string {
  state.lastId += 1;
  return `1011000000${String(state.lastId).padStart(9, '0')}`;
}

/** Marks a record as changed now. */
export function touch(state: State, row: Row, changes: Row = {}): Row {
  Object.assign(row, changes, { updated_at: stamp(state.now()) });
  state.version += 1;
  return row;
}

/** Makes a record now. */
export function make(state: State, to: Table, fields: Row): Row {
  const at = stamp(state.now());
  state.version += 1;
  return add(to, { id: nextId(state), created_at: at, updated_at: at, ...fields });
}

export const HIDING = ['cancelled_at', 'archived_at', 'deleted_at'] as const;
/** Whether a record stands: not cancelled, not archived, not deleted. */
export const stands = (row: Row): boolean => HIDING.every((field) => (row[field] ?? null) === null);

/** The attendees of a booking, in every state. */
export const attendeesOf = (state: State, booking: Row): readonly Row[] =>
  state.tables.attendees.indexes.get('booking_id')?.get(idOf(booking)) ?? [];

/** Who takes part in a group: its attendees that are neither cancelled nor taken off it. */
export const patientIds = (state: State, group: Row): readonly string[] =>
  attendeesOf(state, group)
    .filter(stands)
    .map((attendee) => word(attendee, 'patient_id'));
