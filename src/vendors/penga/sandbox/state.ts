/** What the sandbox keeps of every record; the wire shapes are made of it in views.ts. Times are Unix seconds. */
export interface Row {
  external_id: string;
  created_at: number | null;
  updated_at: number;
  deleted_at: number | null;
}
/** A department, an appointment type or an appointment status. */
export interface Entry extends Row {
  name: string;
  description: string | null;
  color: string | null;
}
/** What a user may do at the vendor. */
export interface Role extends Row {
  name: string;
  description: string;
}
/** Who is booked, and who logs in. */
export interface User extends Row {
  name: string;
  first_name: string;
  last_name: string;
  email: string;
  mobile: string | null;
  description: string | null;
  activated: 0 | 1;
  role: string;
  departments: readonly string[];
}
/** A postal address; a client points at one. */
export interface Address extends Row {
  house_num_name: string;
  address_1: string | null;
  address_2: string | null;
  address_3: string | null;
  town: string | null;
  county: string | null;
  postcode: string | null;
}
/** The eight flags of what a client may be sent, in the order of the answers. */
export const MARKETING_FLAGS = [
  'notification_sms_allow',
  'notification_email_allow',
  'marketing_sms_allow',
  'marketing_email_allow',
  'manual_notification_email_optout',
  'manual_marketing_email_optout',
  'manual_notification_sms_optout',
  'manual_marketing_sms_optout',
] as const;
/** What a client may be sent; each client has one such record. */
export type Marketing = Row & Record<(typeof MARKETING_FLAGS)[number], 0 | 1>;
/** Who comes to the clinic. */
export interface Client extends Row {
  first_name: string;
  last_name: string;
  description: string | null;
  email: string | null;
  mobile: string | null;
  address: string | null;
  marketing: string;
}
/** A booking; it points at the others by their ids. */
export interface Appointment extends Row {
  start_time: number;
  end_time: number;
  description: string | null;
  status: string;
  type: string;
  client: string;
  user: string;
  creator: string;
}
/** A note; only a write of an appointment puts one on a record. */
export interface Note extends Row {
  note: string;
  user: string;
  appointment: string | null;
  client: string | null;
  parent: string | null;
}
/** A template of text messages. */
export interface Template extends Row {
  template_id: number;
  template_type_id: number;
  template_name: string;
  template_body: string;
}
/** A text message, sent or waiting. */
export interface Message extends Row {
  send_time: number;
  template_name: string;
  message_body: string;
  recipient_number: string;
  message_type_id: number;
  user: string | null;
  client: string | null;
  appointment: string | null;
}

/** Records of one kind in the order of their ids; deleted ones stay, marked. */
export interface Table<T extends Row> {
  readonly prefix: string;
  readonly rows: T[];
  readonly byId: Map<string, T>;
  /** The number of the next record: one that was deleted for good is not given again. */
  next: number;
}

/** The clinic. Tests look at it, and change it behind the API. */
export interface PengaState {
  readonly now: () => Date;
  /** Penga documents no limit: null. A number makes the sandbox answer 429 past it. */
  requestsPerMinute: number | null;
  /** What a period in a path means: appointments that start in it, lie in it, or touch it. Penga does not say. */
  periodRule: 'starts' | 'contained' | 'overlaps';
  /** What a PUT does with an optional field that it leaves out: Penga does not say. */
  leftOut: 'stays' | 'is cleared';
  /** Fields that replace a record's own on the wire, by its id: how a test makes an odd record. */
  readonly odd: Map<string, Readonly<Record<string, unknown>>>;
  readonly departments: Table<Entry>;
  readonly types: Table<Entry>;
  readonly statuses: Table<Entry>;
  readonly roles: Table<Role>;
  readonly users: Table<User>;
  readonly addresses: Table<Address>;
  readonly marketing: Table<Marketing>;
  readonly clients: Table<Client>;
  readonly appointments: Table<Appointment>;
  readonly notes: Table<Note>;
  readonly templates: Table<Template>;
  readonly messages: Table<Message>;
  /** The appointments that stand, by start, then id. */
  readonly schedule: Appointment[];
  /** Lists as they were last answered; forgotten with each write. */
  readonly lists: Map<string, readonly unknown[]>;
}

/** The user whose token the sandbox gives out. */
export const OWNER = 'U-00000007';

const table = <T extends Row>(prefix: string, next = 1): Table<T> => ({
  prefix,
  rows: [],
  byId: new Map(),
  next,
});

/** An empty clinic. Its departments begin at 2 and its users at 7, as in the reference: the numbers before are other organisations'. */
export function emptyState(now: () => Date): PengaState {
  return {
    now,
    requestsPerMinute: null,
    periodRule: 'starts',
    leftOut: 'stays',
    odd: new Map(),
    departments: table('D-', 2),
    types: table('AT-'),
    statuses: table('AS-'),
    roles: table('R-'),
    users: table('U-', 7),
    addresses: table('PA-'),
    marketing: table('MOC-'),
    clients: table('C-'),
    appointments: table('APT-'),
    notes: table('N-'),
    templates: table('SMST-'),
    messages: table('SMS-'),
    schedule: [],
    lists: new Map(),
  };
}

/** The sandbox's clock in Unix seconds. */
export const seconds = (state: PengaState): number => Math.floor(state.now().getTime() / 1000);
/** `APT-00001165`: the prefix of the kind and eight digits. */
export const idOf = (prefix: string, number: number): string => `${prefix}${String(number).padStart(8, '0')}`;

/** Adds a record under the next id; `created` is its time of creation. */
export function add<T extends Row>(table: Table<T>, fields: Omit<T, keyof Row>, created: number): T {
  const row = {
    external_id: idOf(table.prefix, table.next),
    ...fields,
    created_at: created,
    updated_at: created,
    deleted_at: null,
  } as unknown as T;
  table.next += 1;
  table.rows.push(row);
  table.byId.set(row.external_id, row);
  return row;
}

/** The record, unless it was deleted. */
export function find<T extends Row>(table: Table<T>, id: string | null | undefined): T | null {
  const row = table.byId.get(id ?? '');
  return row && row.deleted_at === null ? row : null;
}

/** A list that is filtered once and kept until the next write. */
export function listed<T>(state: PengaState, key: string, make: () => readonly T[]): readonly T[] {
  let rows = state.lists.get(key) as readonly T[] | undefined;
  if (!rows) state.lists.set(key, (rows = make()));
  return rows;
}

/** The records that stand. */
export const standing = <T extends Row>(state: PengaState, table: Table<T>): readonly T[] =>
  listed(state, table.prefix, () => table.rows.filter(({ deleted_at }) => deleted_at === null));

/** Changes a record; its `updated_at` moves only when something is another than before, as in Laravel. */
export function change<T extends Row>(state: PengaState, row: T, fields: Partial<T>): void {
  const isChange = Object.entries(fields).some(([key, value]) => row[key as keyof T] !== value);
  if (isChange) Object.assign(row, fields, { updated_at: seconds(state) });
  state.lists.clear();
}

/** What the vendor answers where there is no record to show; `FAILURE` comes with status 200, too. */
export const SUCCESS = { success: true } as const;
/** What it answers, with status 200, where it did not do so. */
export const FAILURE = { success: false } as const;

/** Marks a record as deleted: whether Penga keeps it is not documented, a later read says 404. */
export function remove(state: PengaState, row: Row): typeof SUCCESS {
  change(state, row, { deleted_at: seconds(state) });
  return SUCCESS;
}

/** Takes a record away for good; what was deleted before it cannot, as the reference shows. */
export function forceAway<T extends Row>(
  state: PengaState,
  table: Table<T>,
  id: string | undefined,
): typeof SUCCESS | typeof FAILURE {
  const row = find(table, id);
  if (!row) return FAILURE;
  table.rows.splice(table.rows.indexOf(row), 1);
  table.byId.delete(row.external_id);
  state.lists.clear();
  return SUCCESS;
}
