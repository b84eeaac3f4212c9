import type { AppointmentStatus } from '../../canonical/appointment';
import type { ClientStatus } from '../../canonical/client';
import { text } from '../../canonical/values';
import type { Capabilities } from '../contract';
import type { HttpPolicy } from '../kit/policy';
import type { ProgendaCredentials } from './progenda.config';
import type { AppointmentBody } from './wire';

/**
 * What Progenda does. An appointment stays in its calendar, and a client in the center where it was made. The four fields
 * that a client must have may be blank, so a caller need not name them.
 */
export const capabilities = {
  appointments: {
    operations: ['list', 'get', 'incremental', 'create', 'update', 'delete', 'cancel'],
    writableFields: [
      'start',
      'end',
      'practitionerId',
      'clientId',
      'serviceId',
      'status',
      'title',
      'notes',
      'color',
    ],
    onlyOnCreate: ['practitionerId'],
    requiredFields: ['start', 'end', 'practitionerId'],
    statuses: ['booked', 'arrived', 'noshow', 'cancelled'],
    finalStatuses: ['cancelled'],
    deletions: 'full_scan',
  },
  clients: {
    operations: ['list', 'get', 'incremental', 'create', 'update', 'delete'],
    writableFields: [
      'locationId',
      'firstName',
      'lastName',
      'email',
      'phone',
      'birthDate',
      'language',
      'address.formatted',
      'notes',
    ],
    onlyOnCreate: ['locationId'],
    deletions: 'full_scan',
  },
  practitioners: { operations: ['list', 'get'], writableFields: [], deletions: 'full_scan' },
  services: { operations: ['list', 'get'], writableFields: [], deletions: 'full_scan' },
  locations: { operations: ['list', 'get'], writableFields: [], deletions: 'full_scan' },
} as const satisfies Capabilities;

/** The three documented words of an appointment. */
export const APPOINTMENT_WORDS: Readonly<Record<string, AppointmentStatus>> = {
  booked: 'booked',
  cancelled: 'cancelled',
  noshow: 'noshow',
};

/** Only `active` is documented; the others are what such a field would say of a record that is out of use. */
export const CLIENT_WORDS: Readonly<Record<string, ClientStatus>> = {
  active: 'active',
  archived: 'archived',
  inactive: 'archived',
  deleted: 'archived',
};

/** Whether a status says that the record is out of use. */
export const isOut = (status: unknown): boolean =>
  APPOINTMENT_WORDS[text(status) ?? ''] === 'cancelled' || CLIENT_WORDS[text(status) ?? ''] === 'archived';

/** What counts as a set flag. */
export const YES: ReadonlySet<unknown> = new Set([true, 'true', 1, '1']);

/**
 * What each status is written as. No-show is said twice, as it is read twice; who did not come has not arrived. `arrived`
 * is a booking with a time of arrival, which the table cannot know.
 */
export const STATUS_BODIES: Readonly<Partial<Record<AppointmentStatus, AppointmentBody>>> = {
  booked: { status: 'booked', noshow: false, patient_arrived_at: null },
  arrived: { status: 'booked', noshow: false },
  noshow: { status: 'noshow', noshow: true, patient_arrived_at: null },
  cancelled: { status: 'cancelled' },
};

/** Progenda's names of the fields that are written, and ours: a refusal names the first. */
export const FIELD_NAMES: Readonly<Record<string, string>> = {
  first_name: 'firstName',
  last_name: 'lastName',
  email: 'email',
  phone_number: 'phone',
  birthdate: 'birthDate',
  address: 'address.formatted',
  notes: 'notes',
  language_code: 'language',
  start: 'start',
  stop: 'end',
  title: 'title',
  color: 'color',
  status: 'status',
  noshow: 'status',
  patient_arrived_at: 'status',
  patient_remote_id: 'clientId',
  service_remote_id: 'serviceId',
};

/** Whether a record holds what was written, each value as it was written but for numbers, flags and ways to say nothing. */
export const holds = (wire: object, body: object): boolean =>
  Object.entries(body).every(
    ([name, value]) => value === undefined || plain((wire as Record<string, unknown>)[name]) === plain(value),
  );
const plain = (value: unknown): string | null => (YES.has(value) ? '1' : text(value));

const LONGEST_MESSAGE = 300;

/**
 * Reads a refusal's words: Progenda documents no error body, so whatever text stands under `error`, `message` or `errors`,
 * and by field where `errors` is an object (`{"stop": ["must be after start"]}`). The credentials travel in the URL, which
 * a server may repeat in its words: they are cut out.
 */
export function explainer({ userEmail, userToken }: ProgendaCredentials): HttpPolicy['explain'] {
  const secrets = [userEmail, userToken].flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const clean = (said: unknown): string => {
    const words = typeof said === 'string' ? said : JSON.stringify(said);
    return secrets
      .reduce((rest, secret) => rest.replaceAll(secret, '[removed]'), words)
      .slice(0, LONGEST_MESSAGE);
  };
  return (body) => {
    const { error, message, errors } = (body ?? {}) as Readonly<Record<string, unknown>>;
    const said = error ?? message ?? errors ?? null;
    if (said === null) return { code: null, message: null };
    const named = typeof errors === 'object' && !Array.isArray(errors) ? Object.entries(errors ?? {}) : [];
    const fields = named.flatMap(([name, problems]: [string, unknown]) => {
      const field = Object.hasOwn(FIELD_NAMES, name) ? FIELD_NAMES[name] : undefined;
      const words: unknown[] = Array.isArray(problems) ? problems : [problems];
      return field === undefined ? [] : words.map((problem) => ({ field, message: clean(problem) }));
    });
    return { code: null, message: clean(said), fields };
  };
}
