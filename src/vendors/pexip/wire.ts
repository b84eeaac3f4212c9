import { text } from '../../canonical/values';
import { VendorError, type VendorFailure } from '../kit/error';

/** Every resource at Pexip Engage: opaque ids, ISO 8601 instants. https://developer.pexipengage.com */
export interface PexipRecord {
  readonly id?: string | number | null;
  readonly externalId?: string | null;
  readonly createdAt?: string | null;
  readonly updatedAt?: string | null;
  /** On customers, employees and subjects. */
  readonly deletedAt?: string | null;
}
/** How one resource points at another. */
export interface PexipLink {
  readonly id?: string | number | null;
}
/** Text in the language that was asked for; null where it has none in any that was. */
export interface PexipText {
  readonly language?: string | null;
  readonly value?: string | null;
}
/** An address as it is read; the shape in which it is written is another. */
export interface PexipLocation {
  readonly city?: PexipText | null;
  readonly state?: PexipText | null;
  readonly street1?: PexipText | null;
  readonly street2?: PexipText | null;
  readonly postalCode?: string | null;
  readonly countryCode?: string | null;
  readonly formattedAddress?: string | null;
  readonly geolocation?: PexipPoint | null;
}
export interface PexipPoint {
  readonly latitude: number;
  readonly longitude: number;
}
export interface PexipParticipant {
  readonly role?: string | null;
  readonly participant?: PexipLink | null;
  readonly type?: string | null;
  readonly videoUrl?: string | null;
}
/** The seed: GET /appointments. `answers` are not read: they may hold health data, and no canonical field wants them. */
export interface PexipAppointment extends PexipRecord {
  readonly start?: string | null;
  readonly end?: string | null;
  readonly subject?: PexipLink | null;
  readonly office?: PexipLink | null;
  readonly appointmentParticipants?: readonly PexipParticipant[] | null;
  readonly meetingType?: string | null;
  readonly status?: string | null;
  readonly internalNotes?: string | null;
  readonly messageForCustomer?: string | null;
  readonly location?: PexipLocation | null;
}
export interface PexipCustomer extends PexipRecord {
  readonly email?: string | null;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly language?: string | null;
  readonly notes?: string | null;
  readonly phoneNumber?: string | null;
  readonly location?: PexipLocation | null;
}
export interface PexipEmployee extends PexipRecord {
  readonly function?: PexipText | null;
  readonly communicationEmail?: string | null;
  readonly email?: string | null;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly phoneNumber?: string | null;
  readonly status?: string | null;
  readonly officeRelations?: readonly { readonly office?: PexipLink | null }[] | null;
}
export interface PexipSubject extends PexipRecord {
  readonly name?: PexipText | null;
  readonly description?: PexipText | null;
  readonly enabledForInternalUse?: boolean | null;
  readonly enabledForCustomerUse?: boolean | null;
}
/** No page of it is public: assumed from how others point at it and from the shape of its neighbours. */
export interface PexipOffice extends PexipRecord {
  readonly name?: PexipText | string | null;
  readonly timeZone?: string | null;
  readonly location?: PexipLocation | null;
  readonly phoneNumber?: string | null;
}
/** A row of GET /offices/{id}/subject-availability-settings: where durations live, one for each meeting type. */
export interface PexipAvailabilitySetting {
  readonly subject?: PexipLink | null;
  readonly meetingType?: string | null;
  readonly estimatedDuration?: number | null;
}

/** A subject with the duration on which every office and meeting type agrees, null where they do not. */
export interface ServiceWire {
  readonly subject: PexipSubject;
  readonly durationMinutes: number | null;
}

/** Text as it is written. */
export interface WrittenText {
  readonly language: string;
  readonly value: string;
}
/** An address as it is written: each part in as many languages as it is known in, the city in one at least. */
export interface WrittenLocation {
  readonly countryCode: string;
  readonly postalCode: string | null;
  /** Left out, the vendor finds the place itself. */
  readonly geolocation?: PexipPoint;
  readonly translations: Readonly<Record<'city' | 'state' | 'street1' | 'street2', readonly WrittenText[]>>;
}
export interface WrittenParticipant {
  readonly role: string;
  readonly participantId: string;
  readonly type: string;
}
/** POST /appointments. Undefined is left out. */
export interface WrittenAppointment {
  readonly externalId?: string | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly officeId?: string | undefined;
  readonly appointmentParticipants?: readonly WrittenParticipant[] | undefined;
  readonly meetingType?: string | undefined;
  readonly location?: WrittenLocation | undefined;
  readonly internalNotes?: string | null | undefined;
  readonly messageForCustomer?: string | null | undefined;
}
/** PATCH /appointments/{id}: the actions take the rest. */
export type AppointmentChange = Pick<WrittenAppointment, 'appointmentParticipants' | 'internalNotes'>;
/** POST …/_actions/reschedule */
export type Rescheduling = Required<Pick<WrittenAppointment, 'start' | 'end'>> &
  Pick<WrittenAppointment, 'messageForCustomer'>;
/** POST …/_actions/reassign */
export interface Reassignment extends Pick<WrittenAppointment, 'messageForCustomer'> {
  readonly officeId: string;
  readonly primaryEmployeeId: string;
}
/** POST …/_actions/update-meeting-type */
export type MeetingTypeChange = Pick<WrittenAppointment, 'meetingType' | 'location'>;
/** PATCH /customers/{id}, and POST /customers as it is assumed. Blanks are refused: null takes a value away. */
export interface WrittenCustomer {
  readonly externalId?: string | undefined;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly phoneNumber?: string | null | undefined;
  readonly language?: string | null | undefined;
  readonly notes?: string | null | undefined;
  readonly location?: WrittenLocation | null | undefined;
}

/** A part of a list and how much of it there is. */
export interface Listed<Row> {
  readonly data: readonly Row[];
  readonly meta: { readonly totalCount: number };
}

/** A record's id as text, `''` where it has none. */
export const idOf = (record: PexipLink): string => text(record.id) ?? '';

/** A success that is not what the documentation promises; after a write nobody can say what it did. */
export function unexpected(
  operation: string,
  message: string,
  outcome: VendorFailure['outcome'] = 'not_done',
): VendorError {
  const at = { operation, status: 200, code: null, retryAfterMs: null, outcome };
  return new VendorError('invalid_response', message, at);
}

/** What must be there, and is not. */
export function missing(operation: string): VendorError {
  const at = { operation, status: 404, code: null, retryAfterMs: null, outcome: 'not_done' } as const;
  return new VendorError('not_found', 'The vendor has no such record', at);
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The records of a `{data: […]}`. */
export function rowsOf(body: unknown, operation: string): readonly Record<string, unknown>[] {
  const data: unknown = isRecord(body) ? body['data'] : null;
  if (!Array.isArray(data)) throw unexpected(operation, 'The answer holds no list');
  // What is no record is set aside like one that cannot be read: the others go on.
  return data.map((one) => (isRecord(one) ? one : {}));
}

/** The record of a `{data: {…}}`, null where there is none. */
export function recordOf(body: unknown): Record<string, unknown> | null {
  const data: unknown = isRecord(body) ? body['data'] : null;
  return isRecord(data) ? data : null;
}
