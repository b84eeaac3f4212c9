import type { AppointmentStatus, CancellationReason } from '../../canonical/appointment';
import { NO_CONSENTS, type Consents, type Gender } from '../../canonical/client';
import { text, type Instant } from '../../canonical/values';
import type { Capabilities } from '../contract';
import type { Explanation } from '../kit/policy';
import { downToSecond, type CancellationBody, type ClinikoRecord, type HidingField } from './wire';

const READ = { operations: ['list', 'get', 'incremental'], writableFields: [], deletions: 'flag' } as const;
/** What the gateway can do with each resource. */
export const CAPABILITIES = {
  locations: READ,
  practitioners: { ...READ, deletions: 'full_scan' },
  services: READ,
  clients: {
    operations: [...READ.operations, 'create', 'update', 'delete'],
    writableFields: [
      ...['firstName', 'lastName', 'email', 'phone', 'birthDate', 'notes'],
      ...['line1', 'line2', 'line3', 'city', 'region', 'postalCode', 'country'].map(
        (part) => `address.${part}`,
      ),
      ...['smsReminders', 'emailReminders', 'emailMarketing'].map((consent) => `consents.${consent}`),
    ],
    requiredFields: ['firstName', 'lastName'],
    deletions: 'flag',
  },
  appointments: {
    operations: [...READ.operations, 'create', 'update', 'delete', 'cancel'],
    writableFields: [
      ...['start', 'end', 'practitionerId', 'serviceId', 'locationId'],
      ...['clientId', 'attendees', 'status', 'notes'],
    ],
    requiredFields: ['start', 'practitionerId', 'serviceId', 'locationId'],
    statuses: ['booked', 'arrived', 'noshow', 'cancelled'],
    finalStatuses: ['cancelled'],
    deletions: 'flag',
  },
} as const satisfies Capabilities;

/** Cancellation codes. https://github.com/redguava/cliniko-api/blob/master/sections/attendees.md */
export const CANCELLATION_REASONS: Readonly<Record<string, CancellationReason>> = {
  10: 'feeling_better',
  20: 'condition_worse',
  30: 'sick',
  31: 'covid_19',
  40: 'away',
  50: 'other',
  60: 'work',
};

const OTHER_REASON = 50;
/** What cancels: Cliniko demands a reason, so none is "other". */
export function cancellationBody(reason: CancellationReason | null, note: string | null): CancellationBody {
  const code = Object.keys(CANCELLATION_REASONS).find((one) => CANCELLATION_REASONS[one] === reason);
  return {
    cancellation_reason: code === undefined ? OTHER_REASON : Number(code),
    ...(note === null ? {} : { cancellation_note: note }),
  };
}

/**
 * How a status stands on an attendee, in its one field of three states.
 * https://github.com/redguava/cliniko-api/issues/153
 */
export const ARRIVED: Readonly<Partial<Record<AppointmentStatus, boolean | null>>> = {
  booked: null,
  arrived: true,
  noshow: false,
};

/** What a kind of appointment does not have, and what takes its place. */
export const NOT_OF: Readonly<Record<'individual' | 'group', Readonly<Record<string, string>>>> = {
  individual: { attendees: 'belong to group appointments: here, name clientId and status' },
  group: {
    clientId: 'is none of a group: name its attendees',
    status: 'of a group stands on its attendees: change those, or delete it',
  },
};

/** A patient's `reminder_type`: what they agreed to get before an appointment. It says nothing of marketing. */
export const REMINDER_TYPES: Readonly<Record<string, Consents>> = {
  None: { ...NO_CONSENTS, smsReminders: false, emailReminders: false },
  SMS: { ...NO_CONSENTS, smsReminders: true, emailReminders: false },
  Email: { ...NO_CONSENTS, smsReminders: false, emailReminders: true },
  'SMS & Email': { ...NO_CONSENTS, smsReminders: true, emailReminders: true },
};

/** The `reminder_type` of a patient who gets reminders so. */
export const reminderType = (sms: boolean, email: boolean): string | undefined =>
  Object.keys(REMINDER_TYPES).find(
    (type) => REMINDER_TYPES[type]?.smsReminders === sms && REMINDER_TYPES[type].emailReminders === email,
  );

/** Gender is free text at Cliniko; these are the lower-cased words that clinics write. */
export const GENDERS: Readonly<Record<string, Gender>> = {
  male: 'male',
  m: 'male',
  man: 'male',
  female: 'female',
  f: 'female',
  woman: 'female',
  other: 'other',
  intersex: 'other',
  'non-binary': 'other',
  'non binary': 'other',
  nonbinary: 'other',
  unknown: 'unknown',
  unspecified: 'unknown',
  'not stated': 'unknown',
  'not specified': 'unknown',
  'prefer not to say': 'unknown',
};

/** Which of several numbers counts, the first that there is; a type not named here comes before the fax, which nobody picks up. */
export const PHONE_TYPES = ['Mobile', 'Home', 'Work', 'Other', 'Fax'] as const;

const COUNTRY_ALIASES: Readonly<Record<string, string>> = {
  uk: 'GB',
  'great britain': 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  'northern ireland': 'GB',
  usa: 'US',
  'united states of america': 'US',
  'republic of ireland': 'IE',
  holland: 'NL',
};

const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
const NAMES = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
/** The codes that name a country today: withdrawn ones (DD) are rewritten by their canonical form, made-up ones have no name. */
const CODES = LETTERS.flatMap((first) => LETTERS.map((second) => first + second)).filter(
  (code) => NAMES.of(code) !== undefined && Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`,
);
const CODE_BY_NAME = new Map(CODES.map((code) => [NAMES.of(code)?.toLowerCase(), code]));

/** ISO 3166-1 alpha-2 of a country that Cliniko holds by its English name or its code; the word itself where it cannot be told. */
export function countryCode(word: string | null): string | null {
  if (word === null) return null;
  const upper = word.toUpperCase();
  if (CODES.includes(upper)) return upper;
  const lower = word.toLowerCase();
  return CODE_BY_NAME.get(lower) ?? COUNTRY_ALIASES[lower] ?? word;
}

/** The English name by which clinics keep a country, for its code; any other word as it is. */
export const countryName = (word: string | null): string | null =>
  word !== null && CODES.includes(word.toUpperCase()) ? (NAMES.of(word.toUpperCase()) ?? word) : word;

/** Every selection of the fields by which a collection hides, all of them first. */
export const selections = (fields: readonly HidingField[]): readonly (readonly HidingField[])[] =>
  fields.reduce<HidingField[][]>((made, field) => made.flatMap((asked) => [[...asked, field], asked]), [[]]);
/** The filters that bring in what these fields hide. */
export const bringIn = (fields: readonly HidingField[]): readonly string[] =>
  fields.map((field) => `${field}:*`);

/**
 * What a connection's answers have shown of `archived_at:*` and its like. They are documented as "any value", which
 * brings hidden records in among the others; they are also met as "only the hidden ones". Both are served: everything
 * hidden is asked for at once, and as long as no record that is not hidden has come with it, the other selections are
 * read as well, each record handed on once. https://docs.api.cliniko.com/#datetime-filter-operators
 */
export interface Evidence {
  isInclusive: boolean;
}
/** Learns from an answer to a request that brought in what the fields `asked` hide. */
export function notice(
  evidence: Evidence,
  asked: readonly HidingField[],
  rows: readonly ClinikoRecord[],
): void {
  evidence.isInclusive ||=
    asked.length > 0 && rows.some((row) => asked.every((field) => text(row[field]) === null));
}

/** Cliniko's times are whole seconds: a bound is widened to them, so that nothing falls between. */
const upToSecond = (at: Instant): string =>
  downToSecond(new Date(Math.ceil(Date.parse(at) / 1000) * 1000).toISOString());
/** The filters of a query, as `q[]` takes them. */
export const changedSince = (at: Instant | null): readonly string[] =>
  at === null ? [] : [`updated_at:>=${downToSecond(at)}`];
export const startsWithin = (from: Instant, to: Instant): readonly string[] => [
  `starts_at:>=${downToSecond(from)}`,
  `starts_at:<${upToSecond(to)}`,
];

/** By how much Cliniko's clock may be behind what its answers show. */
const CLOCK_SKEW_MS = 120_000;
/** What starts exactly at `start` (times have no `=`) and was made since a time of ours. */
export const madeSince = (since: Instant, start: Instant): readonly string[] => [
  `starts_at:>=${downToSecond(start)}`,
  `starts_at:<=${downToSecond(start)}`,
  `created_at:>=${downToSecond(new Date(Date.parse(since) - CLOCK_SKEW_MS).toISOString())}`,
];

/** Our field for each of those that a refusal names; a wrong appointment type is refused in the name of `max_attendees`. */
const FIELDS: Readonly<Record<string, string>> = {
  starts_at: 'start',
  ends_at: 'end',
  notes: 'notes',
  appointment_type_id: 'serviceId',
  appointment_type: 'serviceId',
  max_attendees: 'serviceId',
  business_id: 'locationId',
  business: 'locationId',
  practitioner_id: 'practitionerId',
  practitioner: 'practitionerId',
  patient_id: 'clientId',
  patient: 'clientId',
  booking_id: 'attendees',
  appointment_id: 'attendees', // what Cliniko calls a missing booking_id
  arrived: 'status',
  cancellation_reason: 'reason',
  cancellation_note: 'note',
  first_name: 'firstName',
  last_name: 'lastName',
  email: 'email',
  date_of_birth: 'birthDate',
  patient_phone_numbers: 'phone',
  address_1: 'address.line1',
  address_2: 'address.line2',
  address_3: 'address.line3',
  city: 'address.city',
  state: 'address.region',
  post_code: 'address.postalCode',
  country: 'address.country',
  reminder_type: 'consents',
  accepted_email_marketing: 'consents.emailMarketing',
};

/** What a refusal says: `{message, errors: {field: text}}` from validation, `{status, error}` from everything else. */
export function explain(body: unknown): Explanation {
  const { message, error, errors } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const named = Object.entries(typeof errors === 'object' && errors !== null ? errors : {}).map(
    ([field, said]) => ({ field, said: typeof said === 'string' ? said : JSON.stringify(said) }),
  );
  const details = named.map(({ field, said }) => `${field} ${said}`);
  const parts = [text(message) ?? text(error), text(details.join('; '))].filter((part) => part !== null);
  const fields = named.flatMap(({ field: theirs, said }) => {
    const field = FIELDS[theirs.split(/[.[]/, 1)[0] ?? ''];
    return field === undefined ? [] : [{ field, message: said }];
  });
  return { code: null, message: text(parts.join(': ')), fields }; // it has no codes
}
