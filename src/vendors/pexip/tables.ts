import type { AppointmentStatus, Modality } from '../../canonical/appointment';
import { text } from '../../canonical/values';
import type { ErrorRow } from '../kit/error';

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

export const MEETING_TYPES: Readonly<Record<string, Modality | null>> = {
  OFFICE: 'in_person',
  ON_LOCATION: 'home_visit',
  PHONE: 'phone',
  VIDEO: 'video',
};

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
  'APPOINTMENT_STATUS_INVALID',
  'EMPLOYEE_EMAIL_ALREADY_IN_USE',
  'EMPLOYEE_EXTERNAL_ID_ALREADY_IN_USE',
  'EMPLOYEE_USERNAME_ALREADY_IN_USE',
  'UNAVAILABILITY_OVERLAP',
] as const;

/** Pexip Engage's codes, and those of the token server (RFC 6749, 5.2), which refuses a client with 400 or 401. */
export const ERRORS: readonly ErrorRow[] = [
  ...CONFLICTS.map((code) => ({ status: 422, code, kind: 'conflict' as const })),
  { code: 'invalid_client', kind: 'auth' },
  { code: 'unauthorized_client', kind: 'auth' },
];

/** What a refusal says: the first of `{errors: [{message, code, …}]}`, or the token server's `{error, error_description}`. */
export function explain(body: unknown): { code: string | null; message: string | null } {
  const { errors, error, error_description: description } = (body ?? {}) as Record<string, unknown>;
  const first = (Array.isArray(errors) ? errors[0] : null) as Record<string, unknown> | null | undefined;
  return {
    code: text(first?.['code']) ?? text(error),
    message: text(first?.['message']) ?? text(description),
  };
}
