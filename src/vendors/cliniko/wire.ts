import { text, type Instant } from '../../canonical/values';
import { lastSegment, path } from '../kit/url';

/** 64-bit ids: strings since 2020, bare numbers on the older pages (the kit's JSON keeps those beyond 2^53 as strings). */
export type ClinikoId = string | number;

/** Cliniko points at neighbours by links alone: `{"links": {"self": ".../patients/82"}}`. */
export type ClinikoLink = { readonly links?: { readonly self?: string | null } | null } | null;

/** What every record carries. Times are UTC to the second; older pages write `""` for none. */
export interface ClinikoRecord {
  readonly id?: ClinikoId | null;
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
  readonly archived_at?: string | null;
  readonly deleted_at?: string | null;
  readonly cancelled_at?: string | null;
}

/** An individual or a group appointment; the fields of a patient and of a cancellation are the individual's. */
export interface ClinikoAppointment extends ClinikoRecord {
  readonly starts_at?: string | null;
  readonly ends_at?: string | null;
  readonly notes?: string | null;
  readonly max_attendees?: number | string | null;
  readonly patient_arrived?: boolean | null;
  readonly did_not_arrive?: boolean | null;
  readonly cancellation_reason?: number | string | null;
  readonly cancellation_reason_description?: string | null;
  readonly cancellation_note?: string | null;
  readonly appointment_type?: ClinikoLink;
  readonly business?: ClinikoLink;
  readonly practitioner?: ClinikoLink;
  readonly patient?: ClinikoLink;
}

/** One patient's part in a booking. `arrived` has three states: null says nothing yet. */
export interface ClinikoAttendee extends ClinikoRecord {
  readonly arrived?: boolean | null;
  readonly telehealth_url?: string | null;
  readonly booking?: ClinikoLink;
  readonly patient?: ClinikoLink;
}

export interface ClinikoPhone {
  readonly phone_type?: string | null;
  readonly number?: string | null;
}
type Text = string | null | undefined;
/** What of a patient is read and written alike. */
export interface PatientBody {
  readonly first_name?: Text;
  readonly last_name?: Text;
  readonly email?: Text;
  readonly date_of_birth?: Text;
  readonly patient_phone_numbers?: readonly ClinikoPhone[] | null | undefined;
  readonly address_1?: Text;
  readonly address_2?: Text;
  readonly address_3?: Text;
  readonly city?: Text;
  readonly state?: Text;
  readonly post_code?: Text;
  readonly country?: Text;
  readonly notes?: Text;
  readonly reminder_type?: Text;
  readonly accepted_email_marketing?: boolean | null | undefined;
}
export interface ClinikoPatient extends ClinikoRecord, PatientBody {
  /** The full name as Cliniko writes it; the older pages have none. */
  readonly label?: string | null;
  readonly gender?: unknown;
  readonly gender_identity?: unknown;
  readonly accepted_sms_marketing?: boolean | null;
  readonly old_reference_id?: string | number | null;
}
export interface ClinikoPractitioner extends ClinikoRecord {
  readonly first_name?: string | null;
  readonly last_name?: string | null;
  readonly display_name?: string | null;
  readonly label?: string | null;
  readonly designation?: string | null;
  readonly title?: string | null;
  readonly active?: boolean | null;
}
export interface ClinikoAppointmentType extends ClinikoRecord {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly duration_in_minutes?: number | string | null;
  readonly max_attendees?: number | string | null;
  readonly color?: string | null;
  readonly telehealth_enabled?: boolean | null;
}
export interface ClinikoBusiness extends ClinikoRecord {
  readonly business_name?: string | null;
  readonly display_name?: string | null;
  readonly label?: string | null;
  readonly address_1?: string | null;
  readonly address_2?: string | null;
  readonly city?: string | null;
  readonly state?: string | null;
  readonly post_code?: string | null;
  readonly country?: string | null;
  readonly country_code?: string | null;
  readonly time_zone_identifier?: string | null;
}
/** A row of `GET /services`: who offers an appointment type at a business. */
export interface ClinikoService {
  readonly appointment_type?: ClinikoLink;
  readonly practitioners?: readonly ClinikoLink[] | null;
}
export interface ClinikoAvailableTime {
  readonly appointment_start?: string | null;
}
/** The owner of the API key. */
export interface ClinikoUser {
  readonly first_name?: string | null;
  readonly last_name?: string | null;
}

/** What makes or changes an appointment; a group takes no patient. Ids are digits in text: as numbers they would lose some. */
export interface AppointmentBody {
  readonly starts_at?: string | undefined;
  readonly ends_at?: string | undefined;
  readonly notes?: Text;
  readonly appointment_type_id?: string | undefined;
  readonly business_id?: string | undefined;
  readonly practitioner_id?: string | undefined;
  readonly patient_id?: string | undefined;
}
/** What cancels an appointment, or an attendee of a group. */
export interface CancellationBody {
  readonly cancellation_reason: number;
  readonly cancellation_note?: string;
}

/** An appointment with the neighbours that its mapping reads; `kind` is the list it came from and the scope of its ref. */
export interface AppointmentWire {
  readonly kind: 'individual' | 'group';
  readonly appointment: ClinikoAppointment;
  readonly attendees: readonly ClinikoAttendee[];
  readonly type: Pick<ClinikoAppointmentType, 'telehealth_enabled'> | null;
  readonly business: Pick<ClinikoBusiness, 'time_zone_identifier'> | null;
}
/** A practitioner with the list that held it (null: asked for by id) and the businesses whose lists hold it. */
export interface PractitionerWire {
  readonly practitioner: ClinikoPractitioner;
  readonly listed: 'active' | 'inactive' | null;
  readonly businesses: readonly string[];
}
/** An appointment type with the practitioners that `GET /services` names for it. */
export interface ServiceWire {
  readonly type: ClinikoAppointmentType;
  readonly practitioners: readonly string[];
}

/** A page as Cliniko sends it; `total` is null where the answer does not count (some pages misspell it). */
export interface ClinikoPage<Row> {
  readonly rows: readonly Row[];
  readonly total: number | null;
  readonly hasNext: boolean;
}

/** A time as Cliniko takes it: UTC, whole seconds; what is below a second is cut off. */
export const downToSecond = (at: Instant): string => `${at.slice(0, 19)}Z`;

/** The times by which Cliniko hides a record from its lists; a filter on one brings such records in. */
export type HidingField = 'cancelled_at' | 'archived_at' | 'deleted_at';

/** One of Cliniko's collections: where it is, under which key its rows stand, and what it hides. */
export interface Collection<Row> {
  readonly path: string;
  readonly key: string;
  readonly hides: readonly HidingField[];
  /** Never there: it lets the compiler tell collections of different rows apart. */
  readonly row?: Row;
}
const collection = <Row>(
  key: string,
  hides: readonly HidingField[] = [],
  at = `/${key}`,
): Collection<Row> => ({
  path: at,
  key,
  hides,
});

export const INDIVIDUAL_APPOINTMENTS = collection<ClinikoAppointment>('individual_appointments', [
  'cancelled_at',
  'archived_at',
  'deleted_at',
]);
export const GROUP_APPOINTMENTS = collection<ClinikoAppointment>('group_appointments', [
  'archived_at',
  'deleted_at',
]);
export const ATTENDEES = collection<ClinikoAttendee>('attendees', [
  'cancelled_at',
  'archived_at',
  'deleted_at',
]);
/** The kinds of appointment, each a collection of its own and the scope of its refs. */
export const KINDS = {
  individual: INDIVIDUAL_APPOINTMENTS,
  group: GROUP_APPOINTMENTS,
} as const;
/** The kind that a ref's scope names. */
export const kindOf = (scope: string): keyof typeof KINDS => (scope === 'group' ? 'group' : 'individual');

/** Attendees as an appointment shows them: the cancelled ones too, not those taken off it. */
export const LISTED_ATTENDEES = collection<ClinikoAttendee>('attendees', ['cancelled_at']);
export const PATIENTS = collection<ClinikoPatient>('patients', ['archived_at']);
export const PRACTITIONERS = collection<ClinikoPractitioner>('practitioners');
export const INACTIVE_PRACTITIONERS = collection<ClinikoPractitioner>(
  'practitioners',
  [],
  '/practitioners/inactive',
);
export const APPOINTMENT_TYPES = collection<ClinikoAppointmentType>('appointment_types', ['archived_at']);
export const BUSINESSES = collection<ClinikoBusiness>('businesses', ['archived_at', 'deleted_at']);
export const SERVICES = collection<ClinikoService>('services');

/** The practitioners of a business, active or not. */
export const practitionersOf = (business: string, inactive: boolean): Collection<ClinikoPractitioner> =>
  collection(
    'practitioners',
    [],
    path`/businesses/${business}/practitioners` + (inactive ? '/inactive' : ''),
  );

/** The online-bookable times of a practitioner with a type at a business. */
export const availableTimesOf = (
  business: string,
  practitioner: string,
  type: string,
): Collection<ClinikoAvailableTime> =>
  collection(
    'available_times',
    [],
    path`/businesses/${business}/practitioners/${practitioner}/appointment_types/${type}/available_times`,
  );

/** A record's id as text, `''` where it has none. */
export const idOf = (record: Pick<ClinikoRecord, 'id'>): string => text(record.id) ?? '';
/** The id of the record that a link leads to, `''` where it leads nowhere. */
export const linkedId = (link: ClinikoLink | undefined): string => lastSegment(link?.links?.self) ?? '';
