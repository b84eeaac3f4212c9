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
