import { text } from '../../canonical/values';

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

/** A part of a list and how much of it there is. */
export interface Listed<Row> {
  readonly data: readonly Row[];
  readonly meta: { readonly totalCount: number };
}

/** A record's id as text, `''` where it has none. */
export const idOf = (record: PexipLink): string => text(record.id) ?? '';
