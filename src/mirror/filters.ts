import { folded, type Instant } from '../canonical/values';

/** What a list may be narrowed by; each resource's route takes the ones that make sense for it. */
export interface Filters {
  readonly connectionId?: readonly string[] | undefined;
  readonly vendor?: readonly string[] | undefined;
  readonly practitionerId?: readonly string[] | undefined;
  readonly clientId?: readonly string[] | undefined;
  readonly serviceId?: readonly string[] | undefined;
  readonly locationId?: readonly string[] | undefined;
  readonly status?: readonly string[] | undefined;
  readonly startsFrom?: Instant | undefined;
  readonly startsBefore?: Instant | undefined;
  readonly updatedSince?: Instant | undefined;
  readonly remoteId?: readonly string[] | undefined;
  readonly externalId?: readonly string[] | undefined;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly birthDate?: string | undefined;
  readonly active?: boolean | undefined;
  readonly q?: string | undefined;
  readonly includeDeleted?: boolean | undefined;
}

/** Hands out `$n` for values; `$1` is the tenant. */
export type Bind = (value: unknown) => string;
type Condition = (value: never, bind: Bind) => string;

const among =
  (column: string, type: string): Condition =>
  (values: readonly string[], bind) =>
    values.length === 1
      ? `${column} = ${bind(values[0])}::${type}`
      : `${column} = any(${bind(values)}::${type}[])`;

/** The primary ones stand in the appointment, the others beside it: two looks into an index, whichever list it is. */
const takesPart =
  (role: 'client' | 'practitioner'): Condition =>
  (ids: readonly string[], bind) => {
    const parties = `any(${bind(ids)}::uuid[])`;
    return `t.id in (
      select id from appointments where tenant_id = $1 and ${role}_id = ${parties}
      union all
      select appointment_id from appointment_participants where tenant_id = $1
        and party_id in (select id from ${role}s where tenant_id = $1 and id = ${parties}))`;
  };

const PHONE_WORD = /^[+\d(][\d().\-/+]*$/;

/** Each word the beginning of a name, or a part of the e-mail or of the phone's digits. */
const matches: Condition = (q: string, bind) =>
  folded(q)
    .split(' ')
    .map((word) => {
      const inside = PHONE_WORD.test(word) ? word.replace(/\D/g, '') : word;
      const anywhere =
        inside === '' ? 'false' : `strpos(split_part(t.search, E'\\n', 2), ${bind(inside)}) > 0`;
      return `(strpos(split_part(t.search, E'\\n', 1), ${bind(` ${word}`)}) > 0 or ${anywhere})`;
    })
    .join(' and ');

const CONDITIONS: { readonly [F in Exclude<keyof Filters, 'includeDeleted'>]-?: Condition } = {
  connectionId: among('t.connection_id', 'uuid'),
  vendor: among('t.vendor', 'text'),
  practitionerId: takesPart('practitioner'),
  clientId: takesPart('client'),
  serviceId: among('t.service_id', 'uuid'),
  locationId: among('t.location_id', 'uuid'),
  status: among('t.status', 'text'),
  startsFrom: (instant: string, bind) =>
    `t.sort_start >= ${bind(instant)}::timestamptz and t.sort_start < 'infinity'`,
  startsBefore: (instant: string, bind) => `t.sort_start < ${bind(instant)}::timestamptz`,
  updatedSince: (instant: string, bind) => `t.changed_at >= ${bind(instant)}::timestamptz`,
  remoteId: among('r.remote_id', 'text'),
  externalId: among('t.external_id', 'text'),
  email: (email: string, bind) => `t.email = ${bind(email.trim().toLowerCase())}`,
  phone: (phone: string, bind) => `t.phone = ${bind(phone)}`,
  birthDate: (date: string, bind) => `t.birth_date = ${bind(date)}::date`,
  active: (active: boolean, bind) => `t.active = ${bind(active)}`,
  q: matches,
};

/**
 * The conditions of a list. Deleted records are left out unless asked for, archived clients too unless their status is;
 * ones that are only mentioned are always left out.
 */
export function conditions(filters: Filters, bind: Bind): string[] {
  const { includeDeleted, ...narrowing } = filters;
  const asked = Object.entries(narrowing).filter(([, value]) => value !== undefined);
  const archived = filters.status?.includes('archived') ? " or t.status = 'archived'" : '';
  return [
    't.mentioned = false',
    ...(includeDeleted ? [] : [`(t.deleted_at is null${archived})`]),
    ...asked.map(([name, value]) => CONDITIONS[name as keyof typeof CONDITIONS](value as never, bind)),
  ];
}
