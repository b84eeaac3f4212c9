import { parseDate, parseInstant } from '../../../canonical/values';
import { invalid, Refusal } from './query';
import { stamp, stands, type Collections, type Row, type State, type Value, word } from './state';

/** What a written field must be; a collection's name means an id in it, `line` a text of 255 characters at most. */
type Kind =
  | (
      | 'text'
      | 'line'
      | 'instant'
      | 'date'
      | 'boolean'
      | 'minutes'
      | 'places'
      | 'size'
      | 'color'
      | 'email'
      | 'phones'
      | 'reminders'
      | 'rule'
    )
  | Collections;
/** The fields that a body may hold, and which of them a new record needs. Others are ignored, as Cliniko does. */
interface Body {
  readonly fields: Readonly<Record<string, Kind>>;
  readonly required: readonly string[];
  /** Those that only a new record takes. */
  readonly fixed?: readonly string[];
}
const BLOCK = {
  business_id: 'businesses',
  practitioner_id: 'practitioners',
  starts_at: 'instant',
  ends_at: 'instant',
  notes: 'text',
  repeat_rule: 'rule',
} as const;
const ADDRESS = {
  address_1: 'line',
  address_2: 'line',
  city: 'line',
  state: 'text',
  post_code: 'text',
  country: 'text',
} as const;
export type Writable =
  | 'individual_appointments'
  | 'group_appointments'
  | 'unavailable_blocks'
  | 'attendees'
  | 'patients'
  | 'businesses'
  | 'appointment_types';

export const BODIES: Readonly<Record<Writable, Body>> = {
  individual_appointments: {
    fields: { ...BLOCK, appointment_type_id: 'appointment_types', patient_id: 'patients' },
    required: ['appointment_type_id', 'business_id', 'patient_id', 'practitioner_id', 'starts_at'],
  },
  group_appointments: {
    fields: { ...BLOCK, appointment_type_id: 'appointment_types', max_attendees: 'size' },
    required: ['appointment_type_id', 'business_id', 'practitioner_id', 'starts_at'],
  },
  unavailable_blocks: { fields: BLOCK, required: ['business_id', 'practitioner_id', 'starts_at'] },
  attendees: {
    fields: { booking_id: 'group_appointments', patient_id: 'patients', arrived: 'boolean', notes: 'text' },
    required: ['booking_id', 'patient_id'],
    fixed: ['booking_id', 'patient_id'],
  },
  patients: {
    fields: {
      ...ADDRESS,
      address_3: 'line',
      first_name: 'line',
      last_name: 'line',
      preferred_first_name: 'line',
      title: 'line',
      occupation: 'line',
      emergency_contact: 'line',
      old_reference_id: 'line',
      gender_identity: 'text',
      time_zone: 'text',
      notes: 'text',
      appointment_notes: 'text',
      reminder_type: 'reminders',
      date_of_birth: 'date',
      email: 'email',
      accepted_email_marketing: 'boolean',
      patient_phone_numbers: 'phones',
    },
    required: ['first_name', 'last_name'],
  },
  businesses: {
    fields: {
      ...ADDRESS,
      business_name: 'text',
      label: 'text',
      time_zone: 'text',
      time_zone_identifier: 'text',
      country_code: 'text',
      show_in_online_bookings: 'boolean',
    },
    required: ['business_name'],
  },
  appointment_types: {
    fields: {
      name: 'line',
      category: 'text',
      color: 'color',
      description: 'text',
      duration_in_minutes: 'minutes',
      max_attendees: 'places',
      show_in_online_bookings: 'boolean',
      telehealth_enabled: 'boolean',
    },
    required: ['name', 'duration_in_minutes', 'color', 'max_attendees'],
  },
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isLine = (value: unknown): boolean => isText(value) && value.length <= 255;
const EMAIL = /^[A-Z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Z0-9.-]+\.[A-Z]{2,63}$/i;
const PHONE_TYPES = ['Fax', 'Home', 'Mobile', 'Other', 'Work'];
const REMINDERS = ['None', 'SMS', 'Email', 'SMS & Email'];
const isPhone = (value: unknown): boolean => {
  const { phone_type, number } = (value ?? {}) as Row;
  return isText(phone_type) && PHONE_TYPES.includes(phone_type) && isText(number) && number.trim() !== '';
};
const within =
  (least: number, most: number) =>
  (value: unknown): boolean =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
const RULE: Readonly<Record<string, (value: unknown) => boolean>> = {
  repeat_type: (value) => isText(value) && ['Daily', 'Weekly', 'Monthly'].includes(value),
  number_of_repeats: within(1, 51),
  repeating_interval: within(1, 100),
};
/** How a booking repeats; null says nothing of a part. */
const isRule = (value: unknown): boolean =>
  typeof value === 'object' &&
  Object.entries(RULE).every(([name, fits]) => {
    const own = (value as Row)[name] ?? null;
    return own === null || fits(own);
  });
const CHECKS: Readonly<Record<Exclude<Kind, Collections>, (value: unknown) => boolean>> = {
  text: isText,
  line: isLine,
  instant: (value) => isText(value) && parseInstant(value) !== null,
  date: (value) => isText(value) && (value === '' || parseDate(value) !== null),
  boolean: (value) => typeof value === 'boolean',
  minutes: within(1, 1439),
  places: within(1, 99),
  size: within(2, 99),
  color: (value) => isText(value) && /^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$/.test(value),
  email: (value) => isText(value) && isLine(value) && (value === '' || EMAIL.test(value)),
  phones: (value) => Array.isArray(value) && value.every(isPhone),
  reminders: (value) => isText(value) && REMINDERS.includes(value),
  rule: isRule,
};

/** A value as it stands once it was written: times to the second, numbers with their digits beside them. */
function stored(kind: Kind, value: Value): Value {
  if (kind === 'instant') return stamp(new Date(value as string));
  if (kind !== 'phones') return value;
  return (value as readonly Row[]).map((phone) => ({
    phone_type: word(phone, 'phone_type'),
    number: word(phone, 'number'),
    normalized_number: word(phone, 'number').replace(/\D/g, ''),
  }));
}

/** A written value as it will stand, or what is wrong with it. */
function read(
  state: State,
  kind: Kind,
  value: Value,
): { readonly value: Value } | { readonly error: string } {
  if (value === null) return { value };
  if (kind in CHECKS)
    return CHECKS[kind as keyof typeof CHECKS](value)
      ? { value: stored(kind, value) }
      : { error: 'is invalid' };
  const id = typeof value === 'string' ? value : JSON.stringify(value);
  const found = state.tables[kind as Collections].byId.get(id);
  return found !== undefined && stands(found) ? { value: id } : { error: 'does not exist' };
}

/** A type that is not there is not what Cliniko complains of. https://github.com/redguava/cliniko-api/issues/379 */
const complaint = (field: string, kind: Kind, error: string): [string, string] =>
  kind === 'appointment_types' ? ['max_attendees', 'is not a number'] : [field, error];

/** The required fields that a body leaves out, or makes blank. */
const missing = ({ required }: Body, given: Row, isNew: boolean): [string, string][] =>
  required
    .filter((field) => (isNew || field in given) && word(given, field) === '')
    .map((field) => [field, "can't be blank"]);

/** The body's fields as they will stand; 422 names every one that Cliniko would refuse. */
export function accepted(state: State, name: Writable, body: unknown, isNew: boolean): Row {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, { status: '400', error: 'Bad Request' });
  const { fields, fixed = [] } = BODIES[name];
  const given = body as Row;
  const errors = new Map(missing(BODIES[name], given, isNew));
  const row: Row = {};
  for (const [field, kind] of Object.entries(fields)) {
    const value = given[field];
    if (value === undefined || errors.has(field) || (!isNew && fixed.includes(field))) continue;
    const made = read(state, kind, value);
    if ('error' in made) errors.set(...complaint(field, kind, made.error));
    else row[field] = made.value;
  }
  if (errors.size > 0) throw invalid(Object.fromEntries(errors));
  return row;
}
