import type { AppointmentStatus, Modality } from '../../canonical/appointment';
import { text } from '../../canonical/values';
import type { ResourceCapabilities } from '../contract';
import type { ErrorRow, FieldFault } from '../kit/error';
import type { Explanation } from '../kit/policy';

/** An appointment's `status`; a word not here is `pending`, with a warning. */
export const STATUSES: Readonly<Record<string, AppointmentStatus>> = {
  ACCEPTED: 'booked',
  ALTERNATIVE_DATE_REQUESTED: 'proposed',
  CANCELLED: 'cancelled',
  COMPLETED: 'fulfilled',
  INCOMING_REQUEST: 'pending',
  NO_SHOW: 'noshow',
  OUTGOING_INVITE: 'pending',
};

/** The statuses in which an appointment may wait for its date: a list by date would not bring such a one. */
export const UNDATED_STATUSES = [
  'INCOMING_REQUEST',
  'OUTGOING_INVITE',
  'ALTERNATIVE_DATE_REQUESTED',
] as const;

/** The statuses in which an appointment surely takes its practitioner's time. */
export const BUSY_STATUSES = ['ACCEPTED', 'INCOMING_REQUEST'] as const;

/** What a status can be set to, and from which of the vendor's words. Only `accept` is documented, its words are not. */
export const TRANSITIONS: Partial<Record<AppointmentStatus, readonly string[]>> = {
  booked: ['INCOMING_REQUEST', 'ALTERNATIVE_DATE_REQUESTED'],
  cancelled: ['ACCEPTED', 'ALTERNATIVE_DATE_REQUESTED', 'INCOMING_REQUEST', 'OUTGOING_INVITE'],
  fulfilled: ['ACCEPTED'],
  noshow: ['ACCEPTED'],
};
/** The actions that no public page documents; `booked` is `accept`, which one does. */
export const FINAL_ACTIONS: Partial<Record<AppointmentStatus, 'cancel' | 'complete' | 'no-show'>> = {
  cancelled: 'cancel',
  fulfilled: 'complete',
  noshow: 'no-show',
};

export const MEETING_TYPES: Readonly<Record<string, Modality | null>> = {
  OFFICE: 'in_person',
  ON_LOCATION: 'home_visit',
  PHONE: 'phone',
  VIDEO: 'video',
};

/** The same from our words. */
export const MEETING_TYPE_OF: Readonly<Record<Modality, string>> = {
  in_person: 'OFFICE',
  home_visit: 'ON_LOCATION',
  phone: 'PHONE',
  video: 'VIDEO',
};

/** How client and practitioner meet where a new appointment does not say: assumed, as the vendor wants a word. */
export const USUAL_MEETING_TYPE = 'OFFICE';

/** The languages that a client, and a text, can have. */
export const LANGUAGES: readonly string[] = ['da', 'de', 'el', 'en', 'es', 'fr', 'ja', 'nl', 'no', 'pl'];

/** Whose part an entry of `appointmentParticipants` is. */
export const PARTICIPANT_TYPES: Readonly<Record<string, 'client' | 'practitioner' | null>> = {
  CUSTOMER: 'client',
  EMPLOYEE: 'practitioner',
};
/** Whether a participant comes first; a word not here does not. */
export const IS_PRIMARY: Readonly<Record<string, boolean>> = { PRIMARY: true, SECONDARY: false };

/** An employee's `status`: whether the practitioner is active. */
export const IS_ACTIVE: Readonly<Record<string, boolean | null>> = {
  ACTIVE: true,
  PENDING: false,
  SUSPENDED: false,
};
/** The employees that are practitioners; a suspended one is known only where an appointment still names it. */
export const PRACTITIONER_STATUSES = ['ACTIVE', 'PENDING'] as const;

/** Business refusals (422) that tell of another record or state in the way, not of a bad request. */
const CONFLICTS = [
  'APPLIED_TEMPLATE_OVERLAP',
  'APPOINTMENT_NO_AVAILABILITY',
  'EMPLOYEE_EMAIL_ALREADY_IN_USE',
  'EMPLOYEE_EXTERNAL_ID_ALREADY_IN_USE',
  'EMPLOYEE_USERNAME_ALREADY_IN_USE',
  'UNAVAILABILITY_OVERLAP',
] as const;

/**
 * Pexip Engage's codes, and those of the token server (RFC 6749, 5.2), which refuses a client with 400 or 401, and a scope
 * that the client was not given.
 */
export const ERRORS: readonly ErrorRow[] = [
  ...CONFLICTS.map((code) => ({ status: 422, code, kind: 'conflict' as const })),
  { code: 'invalid_client', kind: 'auth' },
  { code: 'unauthorized_client', kind: 'auth' },
  { code: 'invalid_scope', kind: 'forbidden' },
];

/** The canonical fields that a code is about, with words for a refusal that brings none. */
const FAULTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  APPOINTMENT_COMPLETION_TOO_EARLY: { status: 'it is too early for that' },
  APPOINTMENT_LOCATION_REQUIRED: { modality: 'a home visit needs an address' },
  APPOINTMENT_NO_AVAILABILITY: { start: 'the vendor has no availability then' },
  APPOINTMENT_PARTICIPANTS_NOT_UNIQUE: { attendees: 'nobody may take part twice' },
  APPOINTMENT_PRIMARY_CUSTOMER_MISSING: { clientId: 'there must be a client who comes first' },
  APPOINTMENT_PRIMARY_EMPLOYEE_MISSING: { practitionerId: 'there must be a practitioner who comes first' },
  APPOINTMENT_PRIMARY_PARTICIPANT_ADDED_OR_REMOVED: { attendees: 'the client who comes first must stay' },
  APPOINTMENT_START_AFTER_END: { start: 'it must be before the end', end: 'it must be after the start' },
  APPOINTMENT_STATUS_INVALID: { status: 'the status does not allow it' },
  LOCATION_GEOCODING_FAILED: { address: 'the place cannot be found' },
  LOCATION_TIME_ZONE_RESOLUTION_FAILED: { address: 'the time zone of the place cannot be told' },
};

/** The fields that one error of a refusal is about. Where the status is wrong, it says which would be right. */
function faultsOf({ code, message, allowedStates }: Record<string, unknown>): FieldFault[] {
  const said = text(message);
  const allowed = Array.isArray(allowedStates) ? ` (${allowedStates.map(String).join(', ')})` : '';
  return Object.entries(FAULTS[text(code) ?? ''] ?? {}).map(([field, words]) => ({
    field,
    message: (said ?? words) + allowed,
  }));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** What a refusal says: the first of `{errors: [{message, code, …}]}`, or the token server's `{error, error_description}`. */
export function explain(body: unknown): Explanation {
  const { errors, error, error_description: description } = isObject(body) ? body : {};
  const all = Array.isArray(errors) ? errors.filter(isObject) : [];
  return {
    code: text(all[0]?.['code']) ?? text(error),
    message: text(all[0]?.['message']) ?? text(description),
    fields: all.flatMap(faultsOf),
  };
}

/** Customers, employees and subjects carry `deletedAt`, but how to have deleted ones listed is not public. */
export const READ_ONLY = {
  operations: ['list', 'get'],
  writableFields: [],
  deletions: 'full_scan',
} as const satisfies ResourceCapabilities;

/** Making and deleting are assumed, in the pattern of employees. */
export const CLIENTS = {
  operations: ['list', 'get', 'create', 'update', 'delete'],
  writableFields: [
    'firstName',
    'lastName',
    'email',
    'phone',
    'language',
    'notes',
    'address.line1',
    'address.line2',
    'address.city',
    'address.region',
    'address.postalCode',
    'address.country',
  ],
  onlyWith: { create: 'undocumentedActions', delete: 'undocumentedActions' },
  deletions: 'full_scan',
} as const satisfies ResourceCapabilities;

/** Whom it is for stays; nothing is ever deleted. Cancel, complete and no-show are assumed. */
export const APPOINTMENTS = {
  operations: ['list', 'get', 'create', 'update', 'cancel'],
  writableFields: [
    'status',
    'start',
    'end',
    'notes',
    'clientMessage',
    'modality',
    'practitionerId',
    'clientId',
    'attendees',
    'serviceId',
    'locationId',
  ],
  onlyOnCreate: ['clientId', 'serviceId'],
  onlyOnUpdate: ['status'],
  requiredFields: ['start', 'end', 'practitionerId', 'clientId', 'serviceId', 'locationId'],
  statuses: ['booked', 'cancelled', 'fulfilled', 'noshow'],
  finalStatuses: ['cancelled', 'fulfilled', 'noshow'],
  onlyWith: {
    cancel: 'undocumentedActions',
    cancelled: 'undocumentedActions',
    fulfilled: 'undocumentedActions',
    noshow: 'undocumentedActions',
  },
  deletions: 'full_scan',
} as const satisfies ResourceCapabilities;
