import { APPOINTMENT_STATUSES, type AppointmentStatus } from '../../canonical/appointment';
import type { Consents } from '../../canonical/client';
import { text } from '../../canonical/values';
import type { Capabilities, ResourceCapabilities } from '../contract';
import type { Explanation } from '../kit/policy';
import type { Warning } from '../kit/words';
import type { Flag, MarketingBody, MarketingFlag, WireLabel, WireMarketingOptions } from './wire';

/** Penga has no filter by time of change, and shows of no list that a record was deleted. */
const READ = {
  operations: ['list', 'get'],
  writableFields: [],
  deletions: 'full_scan',
} as const satisfies ResourceCapabilities;

/** What Penga can do. Every word is a status here: which of them a practice has is its own matter. */
export const capabilities = {
  appointments: {
    operations: ['list', 'get', 'create', 'update', 'delete', 'cancel'],
    writableFields: [
      'start',
      'end',
      'practitionerId',
      'clientId',
      'serviceId',
      'status',
      'description',
      'notes',
      'notifyClient',
    ],
    requiredFields: ['start', 'end', 'practitionerId', 'clientId', 'serviceId'],
    writeOnlyFields: ['notes'],
    statuses: APPOINTMENT_STATUSES,
    deletions: 'full_scan',
  },
  clients: {
    operations: ['list', 'get', 'create', 'update', 'delete'],
    writableFields: [
      'firstName',
      'lastName',
      'email',
      'phone',
      'notes',
      'address.line1',
      'address.line2',
      'address.line3',
      'address.city',
      'address.region',
      'address.postalCode',
      'consents.smsReminders',
      'consents.emailReminders',
      'consents.smsMarketing',
      'consents.emailMarketing',
    ],
    requiredFields: ['firstName', 'lastName'],
    deletions: 'full_scan',
  },
  practitioners: READ,
  services: READ,
  locations: READ,
} as const satisfies Capabilities;

/**
 * Our field for each field that a refusal may name. `description` is an appointment's; of a client it is our `notes`,
 * which only the writing of clients can know.
 */
export const FIELD_BY_NAME: Readonly<Record<string, string>> = {
  start_time: 'start',
  end_time: 'end',
  user_id: 'practitionerId',
  client_id: 'clientId',
  appointmenttype_id: 'serviceId',
  appointmentstatus_id: 'status',
  description: 'description',
  note: 'notes',
  send_alerts: 'notifyClient',
  first_name: 'firstName',
  last_name: 'lastName',
  email: 'email',
  mobile: 'phone',
  address_id: 'address',
  house_num_name: 'address.line1',
  address_1: 'address.line1',
  address_2: 'address.line2',
  address_3: 'address.line3',
  town: 'address.city',
  county: 'address.region',
  postcode: 'address.postalCode',
  notification_sms_allow: 'consents.smsReminders',
  manual_notification_sms_optout: 'consents.smsReminders',
  notification_email_allow: 'consents.emailReminders',
  manual_notification_email_optout: 'consents.emailReminders',
  marketing_sms_allow: 'consents.smsMarketing',
  manual_marketing_sms_optout: 'consents.smsMarketing',
  marketing_email_allow: 'consents.emailMarketing',
  manual_marketing_email_optout: 'consents.emailMarketing',
};

/** Penga's statuses are records that each practice renames; these are names whose meaning can be told. */
const STATUS_BY_NAME: Readonly<Record<string, AppointmentStatus>> = {
  pending: 'booked',
  booked: 'booked',
  confirmed: 'booked',
  scheduled: 'booked',
  completed: 'fulfilled',
  complete: 'fulfilled',
  attended: 'fulfilled',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  arrived: 'arrived',
  'checked in': 'arrived',
  waiting: 'arrived',
  'did not attend': 'noshow',
  dna: 'noshow',
};
const STATUS_BY_BEGINNING: readonly (readonly [string, AppointmentStatus])[] = [
  ['missed', 'noshow'],
  ['no show', 'noshow'],
];

/** `No-Show` and `no  show` are one name. */
const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, ' ');

function statusByName(name: string): AppointmentStatus | null {
  const key = plain(name);
  if (Object.hasOwn(STATUS_BY_NAME, key)) return STATUS_BY_NAME[key] ?? null;
  return STATUS_BY_BEGINNING.find(([beginning]) => key.startsWith(beginning))?.[1] ?? null;
}

type StatusMap = Readonly<Record<string, AppointmentStatus>> | undefined;

/** What a status record means: by the connection's map, else by its name; null where neither says. */
export function meaningOf(wire: WireLabel | null | undefined, map: StatusMap): AppointmentStatus | null {
  const [id, name] = [text(wire?.external_id), text(wire?.name)];
  if (id !== null && map !== undefined && Object.hasOwn(map, id)) return map[id] as AppointmentStatus;
  return name === null ? null : statusByName(name);
}

/** What a status record means; `booked`, and a warning that names it, where nothing says. */
export function statusOf(
  wire: WireLabel | null | undefined,
  map: StatusMap,
  warnings: Warning[],
): AppointmentStatus {
  const meant = meaningOf(wire, map);
  if (meant !== null) return meant;
  const value = text(wire?.name) ?? text(wire?.external_id);
  if (value !== null) warnings.push({ field: 'status', value });
  return 'booked';
}

const FLAGS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [1, true],
  ['1', true],
  [true, true],
  [0, false],
  ['0', false],
  [false, false],
]);

/** Whether the client agreed: allowed and not opted out; null where Penga leaves that open. */
export function consent(allowed: Flag | undefined, optedOut: Flag | undefined): boolean | null {
  const [may, out] = [FLAGS.get(allowed), FLAGS.get(optedOut)];
  if (may === false || out === true) return false;
  return may === undefined || out === undefined ? null : true;
}

const CONSENT_FLAGS: Readonly<
  Record<keyof Consents, { readonly allow: MarketingFlag; readonly optOut: MarketingFlag }>
> = {
  smsReminders: { allow: 'notification_sms_allow', optOut: 'manual_notification_sms_optout' },
  emailReminders: { allow: 'notification_email_allow', optOut: 'manual_notification_email_optout' },
  smsMarketing: { allow: 'marketing_sms_allow', optOut: 'manual_marketing_sms_optout' },
  emailMarketing: { allow: 'marketing_email_allow', optOut: 'manual_marketing_email_optout' },
};

/** What the client agreed to. Penga's notifications are our reminders. */
export function consentsOf(wire: WireMarketingOptions | null | undefined): Consents {
  const read = ({ allow, optOut }: (typeof CONSENT_FLAGS)['smsReminders']): boolean | null =>
    consent(wire?.[allow], wire?.[optOut]);
  return {
    smsReminders: read(CONSENT_FLAGS.smsReminders),
    emailReminders: read(CONSENT_FLAGS.emailReminders),
    smsMarketing: read(CONSENT_FLAGS.smsMarketing),
    emailMarketing: read(CONSENT_FLAGS.emailMarketing),
  };
}

/**
 * The flags that make the consents so: a no is the client's own (opted out), a yes needs the practice's leave as well.
 * A consent that is null, or that `held` has already, leaves its flags alone.
 */
export function flagsFor(consents: Consents, held: WireMarketingOptions | null): Partial<MarketingBody> {
  const now = consentsOf(held);
  const flags: Partial<Record<MarketingFlag, '0' | '1'>> = {};
  for (const [name, { allow, optOut }] of Object.entries(CONSENT_FLAGS)) {
    const wanted = consents[name as keyof Consents];
    if (wanted === null || wanted === now[name as keyof Consents]) continue;
    flags[optOut] = wanted ? '0' : '1';
    if (wanted) flags[allow] = '1';
  }
  return flags;
}

/** A flag as a request has it; null where the record leaves it open. */
export function flagText(flag: Flag | undefined): '0' | '1' | null {
  const value = FLAGS.get(flag);
  return value === undefined ? null : value ? '1' : '0';
}

/** Whether an answer, or a part of one, is a JSON object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wordsOf = (said: unknown): string =>
  [said]
    .flat()
    .filter((word) => typeof word === 'string' && word !== '')
    .join(' ')
    .slice(0, 500);

/** Reads a refusal: Laravel's `{message, errors: {field: [message]}}` is assumed, since the reference shows none. */
export function explain(body: unknown): Explanation {
  if (!isObject(body)) return { code: null, message: null };
  const errors = isObject(body['errors']) ? Object.entries(body['errors']) : [];
  const message = wordsOf([body['message'], ...errors.flatMap(([, said]) => said)]);
  const fields = errors.flatMap(([name, said]) => {
    const field = Object.hasOwn(FIELD_BY_NAME, name) ? FIELD_BY_NAME[name] : undefined;
    return field === undefined ? [] : [{ field, message: wordsOf(said) }];
  });
  return { code: null, message: message === '' ? null : message, fields };
}

/** Whether every text that a record holds is the one that a body asks for; none is asked for by leaving it out. */
export const isSame = (held: object, made: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(held).every(([name, value]) => text(value) === text(made[name]));
