/** Fields that one record shows otherwise than documented; gone once the record is written. */
type Odd = Readonly<Record<string, unknown>>;

interface Row {
  readonly id: number;
  readonly remoteId: string | null;
  readonly odd?: Odd;
}

export interface Center {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
}

export interface Calendar {
  readonly id: number;
  readonly centerId: number;
  readonly firstName: string;
  readonly lastName: string;
  readonly specialities: readonly { readonly id: number; readonly name: string }[];
}

export interface Patient extends Row {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly phoneNumber: string;
  readonly birthdate: string | null;
  readonly address: string | null;
  readonly notes: string | null;
  readonly status: string;
  readonly languageCode: string | null;
  /** Unix seconds, as all times here. */
  readonly updatedAt: number;
}

export interface Service extends Row {
  readonly duration: number;
  readonly name: string;
  readonly color: string | null;
}

export interface Appointment extends Row {
  readonly start: number;
  readonly stop: number;
  readonly notes: string | null;
  readonly color: string | null;
  readonly title: string;
  readonly status: string;
  readonly patientId: number | null;
  readonly serviceId: number | null;
  readonly noshow: boolean;
  readonly arrivedAt: number | null;
  readonly updatedAt: number;
}

/** The records of one owner (a center, a calendar), in order, found by either id. Change it through `put` and `remove`. */
export interface Table<T extends Row> {
  readonly rows: T[];
  readonly byId: Map<number, T>;
  readonly byRemoteId: Map<string, T>;
  readonly orderOf: (row: T) => number;
  /** The last answer to `since`, until the next write. */
  changed: { readonly since: number; readonly rows: readonly T[] } | null;
}

/** The clinic: what every list and every write works on. */
export interface State {
  readonly now: () => Date;
  readonly credentials: { readonly userEmail: string; readonly userToken: string };
  readonly centers: Center[];
  readonly calendars: Calendar[];
  /** By center. */
  readonly patients: Map<number, Table<Patient>>;
  /** By calendar. */
  readonly services: Map<number, Table<Service>>;
  /** By calendar, by start. */
  readonly appointments: Map<number, Table<Appointment>>;
  /** What `start` and `stop` of the appointment list mean; Progenda does not say, so a client must bear each. */
  rangeMeans: 'overlap' | 'start' | 'whole';
  /** Whether a patient keeps the optional fields that a PUT leaves out; Progenda does not say. */
  putKeeps: boolean;
  /** What a single write is answered with: the record, its ids alone, or nothing. */
  writesShow: 'record' | 'ids' | 'nothing';
  /** Whether a collection's answer shows all that it wrote, or the last record alone, as the documented answers do. */
  collectionShows: 'all' | 'last';
  /** What a record that is refused does to its collection: it refuses all, or is left out. */
  collectionRefuses: 'all' | 'record';
  /** How a remote id that is taken is refused; Progenda does not say. */
  takenStatus: number;
  lastId: number;
}

/** The sandbox's clock in Unix seconds. */
export const secondsNow = (state: State): number => Math.floor(state.now().getTime() / 1000);

/** The next id; one sequence for all, so that a mixed-up id is never by chance a right one. */
export const nextId = (state: State): number => (state.lastId += 1);

/** A table of rows that are made at once. */
export function table<T extends Row>(rows: readonly T[], orderOf: (row: T) => number): Table<T> {
  const sorted = [...rows].sort((a, b) => orderOf(a) - orderOf(b) || a.id - b.id);
  return {
    rows: sorted,
    byId: new Map(sorted.map((row) => [row.id, row])),
    byRemoteId: new Map(
      sorted.flatMap((row) => (row.remoteId === null ? [] : [[row.remoteId, row] as const])),
    ),
    orderOf,
    changed: null,
  };
}

/** The first place whose row is not before `order` (and `id`). */
export function placeOf<T extends Row>({ rows, orderOf }: Table<T>, order: number, id = 0): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle] as T;
    const isBefore = orderOf(row) < order || (orderOf(row) === order && row.id < id);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Takes a row out of its table; nothing where it is not there. */
export function remove<T extends Row>(from: Table<T>, row: T): void {
  const held = from.byId.get(row.id);
  if (held === undefined) return;
  from.rows.splice(placeOf(from, from.orderOf(held), held.id), 1);
  from.byId.delete(held.id);
  if (held.remoteId !== null) from.byRemoteId.delete(held.remoteId);
  from.changed = null;
}

/** Puts a row into its table, in the place of the one with its id. */
export function put<T extends Row>(into: Table<T>, row: T): T {
  remove(into, row);
  into.rows.splice(placeOf(into, into.orderOf(row), row.id), 0, row);
  into.byId.set(row.id, row);
  if (row.remoteId !== null) into.byRemoteId.set(row.remoteId, row);
  into.changed = null;
  return row;
}

/** The rows that changed after `since`, in order; all of them without. */
export function changedSince<T extends Row & { readonly updatedAt: number }>(
  of: Table<T>,
  since: number | null,
): readonly T[] {
  if (since === null) return of.rows;
  if (of.changed?.since !== since)
    of.changed = { since, rows: of.rows.filter((row) => row.updatedAt > since) };
  return of.changed.rows;
}
