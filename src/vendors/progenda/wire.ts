import { text } from '../../canonical/values';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { path } from '../kit/url';

/** Progenda writes the same id now as a number, now as text. */
export type Id = string | number;
/** Unix seconds; text in the documented examples, numbers in the field. */
export type Seconds = string | number;

/** A place of work: our location. */
export interface WireCenter {
  readonly id: Id;
  readonly name: string | null;
}

/** The agenda of one practitioner in one center: our practitioner. */
export interface WireCalendar {
  readonly id: Id;
  readonly center_id: Id;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly full_name: string | null;
  readonly specialities: readonly { readonly speciality: { readonly name: string | null } }[] | null;
}

/** A patient of a center: our client. `remote_id` is blank on records that were made inside Progenda. */
export interface WirePatient {
  readonly id: Id;
  readonly remote_id: Id | null;
  readonly last_name: string | null;
  readonly first_name: string | null;
  readonly email: string | null;
  readonly phone_number: Id | null;
  readonly birthdate: string | null;
  readonly address: string | null;
  readonly notes: string | false | null;
  readonly status: string | null;
  readonly language_code: string | null;
}

/** A service of a calendar. */
export interface WireService {
  readonly id: Id;
  readonly remote_id: Id | null;
  readonly duration: Id | null;
  readonly name: string | null;
  readonly color: string | null;
}

/** An appointment of a calendar, or a block of its time (no patient, a title). `notes` is `false` for none. */
export interface WireAppointment {
  readonly id: Id;
  readonly remote_id: Id | null;
  readonly start: Seconds | null;
  readonly stop: Seconds | null;
  readonly notes: string | false | null;
  readonly color: string | null;
  readonly title: string | null;
  readonly status: string | null;
  readonly patient_id: Id | null;
  readonly patient_remote_id: Id | null;
  readonly service_remote_id: Id | null;
  readonly noshow: boolean | Id | null;
  readonly patient_arrived_at: Seconds | false | null;
}

/** A time that a calendar offers for a service; RFC 3339 with an offset, unlike every other time of Progenda's. */
export interface WireSuggestion {
  readonly start: string;
  readonly stop: string | null;
}

/** The records that are written one by one, by what we call them. */
export interface WireRecords {
  readonly clients: WirePatient;
  readonly appointments: WireAppointment;
}

/** What each of them is written with. */
export interface WireBodies {
  readonly clients: PatientBody;
  readonly appointments: AppointmentBody;
}

/** What is written of a patient; the first four must be in every body, blank or not. What is undefined does not travel. */
export interface PatientBody {
  readonly first_name?: string | undefined;
  readonly last_name?: string | undefined;
  readonly email?: string | undefined;
  readonly phone_number?: string | undefined;
  readonly birthdate?: string | null | undefined;
  readonly address?: string | undefined;
  readonly notes?: string | null | undefined;
  readonly language_code?: string | null | undefined;
}

/** What is written of an appointment; it names its patient and its service by the caller's ids alone. */
export interface AppointmentBody {
  readonly start?: string | undefined;
  readonly stop?: string | undefined;
  readonly title?: string | undefined;
  readonly notes?: string | undefined;
  readonly color?: string | null | undefined;
  readonly status?: 'booked' | 'cancelled' | 'noshow' | undefined;
  readonly noshow?: boolean | undefined;
  readonly patient_arrived_at?: string | null | undefined;
  readonly patient_remote_id?: string | undefined;
  readonly service_remote_id?: string | undefined;
}

/** A patient and the center in whose list it stands: the record itself does not say. */
export interface ListedPatient {
  readonly patient: WirePatient;
  readonly centerId: string;
}

/** A service and the calendar in whose list it stands. */
export interface ListedService {
  readonly service: WireService;
  readonly calendarId: string;
}

/** An appointment, the calendar in whose list it stands, and the services that `service_remote_id` may name. */
export interface ListedAppointment {
  readonly appointment: WireAppointment;
  readonly calendar: Pick<WireCalendar, 'id' | 'center_id'>;
  readonly services: readonly Pick<WireService, 'id' | 'remote_id'>[];
}

/** A write, ready to be sent below its center or calendar. `id` is Progenda's own, null where the record is new. */
export interface Deed {
  readonly owner: string;
  readonly mark: string;
  readonly id: string | null;
  readonly body: object;
}

/** A record under the remote id that it has for certain; `record` is null where there was no need to read it. */
export interface Held<R extends keyof WireRecords> {
  readonly mark: string;
  readonly record: WireRecords[R] | null;
}

/** Patients and appointments are written by the same calls under these names. `word` is what we call one. */
export interface Kind<R extends keyof WireRecords> {
  readonly resource: R;
  readonly word: string;
  readonly below: string;
  readonly many: string;
  readonly one: string;
}
export const KINDS: { readonly [R in keyof WireRecords]: Kind<R> } = {
  clients: { resource: 'clients', word: 'client', below: 'centers', many: 'patients', one: 'patient' },
  appointments: {
    resource: 'appointments',
    word: 'appointment',
    below: 'calendars',
    many: 'appointments',
    one: 'appointment',
  },
};

/** A record by the caller's id, below its center or calendar. */
export type Marked = Pick<Deed, 'owner' | 'mark'>;
export type Written = keyof WireRecords;
export type AnyKind = Kind<Written>;
/** Where the records of a kind are kept. */
export interface Shelf<R extends Written> {
  readonly http: VendorHttp;
  readonly kind: Kind<R>;
}

/** `/centers/{id}/patients`, `/calendars/{id}/appointments`. */
export const listPath = ({ below, many }: AnyKind, owner: string): string => path`/${below}/${owner}/${many}`;
/** Below it, `/remote_id:{mark}`. */
export const markPath = (kind: AnyKind, { owner, mark }: Marked): string =>
  `${listPath(kind, owner)}/remote_id:${path`${mark}`}`;

/** The record in an answer's envelope; null where there is none. */
export function recordIn<R extends Written>({ one }: Kind<R>, body: unknown): WireRecords[R] | null {
  const record = (body as Readonly<Record<string, unknown>> | null)?.[one];
  return typeof record === 'object' && record !== null ? (record as WireRecords[R]) : null;
}

/** How many records go out in one collection: what Progenda does with large or half-good ones is unknown. */
export const RECORDS_TOGETHER = 50;
/** The rows of a collection: each is created, or updated where either of its ids is there already. */
export const collectionOf = ({ one, many }: AnyKind, deeds: readonly Deed[]): object => ({
  [`${many}_collection`]: {
    [many]: deeds.map(({ id, mark, body }) => ({
      [one]: { ...(id === null ? {} : { id }), remote_id: mark, ...body },
    })),
  },
});

/**
 * The rows in a list's envelope: `{"patients": [{"patient": {…}}]}`; null where there is no list. A row without its
 * own envelope becomes a record without an id.
 */
export function rowsIn(body: unknown, plural: string, singular: string): unknown[] | null {
  const list = (body as Readonly<Record<string, unknown>> | null)?.[plural];
  if (!Array.isArray(list)) return null;
  return list.map((row: Readonly<Record<string, unknown>> | null) => row?.[singular] ?? {});
}

/** What an answer must hold to be read as the whole record. */
const PARTS: { readonly [R in Written]: readonly string[] } = {
  clients:
    'id remote_id last_name first_name email phone_number birthdate address notes status language_code'.split(
      ' ',
    ),
  appointments:
    'id remote_id start stop notes color title status patient_id service_remote_id noshow patient_arrived_at'.split(
      ' ',
    ),
};

/** Whether an answer shows the whole record that was written with this remote id. */
export const isWhole = ({ resource }: AnyKind, record: WireRecords[Written], mark: string): boolean =>
  text(record.remote_id) === mark && PARTS[resource].every((part) => part in record);

/** An answer that came, but not as documented. It may have come to a write that took effect. */
export const unexpected = (operation: string, message: string): VendorError =>
  new VendorError('invalid_response', message, {
    operation,
    status: 200,
    code: null,
    retryAfterMs: null,
    outcome: 'unknown',
  });

/** What was thrown, as an error; a vendor's with what is known of the outcome of the write. */
export const failedAs =
  (outcome: 'not_done' | 'unknown') =>
  (thrown: unknown): Error =>
    thrown instanceof VendorError
      ? new VendorError(thrown.kind, thrown.message, { ...thrown.at, outcome })
      : asError(thrown);
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));

/** The vendor has read a request and will have none of it. */
export const isRefused = (error: unknown): boolean =>
  error instanceof VendorError && (error.kind === 'rejected' || error.kind === 'conflict');
