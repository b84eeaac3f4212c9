import type { Instant } from './values';

/** The words for where an appointment stands: FHIR R4 `AppointmentStatus` codes. */
export const APPOINTMENT_STATUSES = [
  'proposed',
  'pending',
  'booked',
  'arrived',
  'fulfilled',
  'cancelled',
  'noshow',
] as const;
export type AppointmentStatus = (typeof APPOINTMENT_STATUSES)[number];

/** How client and practitioner meet. */
export const MODALITIES = ['in_person', 'home_visit', 'phone', 'video'] as const;
export type Modality = (typeof MODALITIES)[number];

/** Why an appointment was cancelled, where the vendor keeps a reason. */
export const CANCELLATION_REASONS = [
  'feeling_better',
  'condition_worse',
  'sick',
  'covid_19',
  'away',
  'other',
  'work',
] as const;
export type CancellationReason = (typeof CANCELLATION_REASONS)[number];

/** One client's part in an appointment; `remoteId` is the vendor's attendee record, null where it has none. */
export interface Attendee<Ref> {
  readonly clientId: Ref;
  readonly status: AppointmentStatus;
  readonly arrivedAt: Instant | null;
  readonly cancelledAt: Instant | null;
  readonly remoteId: string | null;
}

/** When and why an appointment was cancelled; `remoteReason` is the vendor's text, else its code. */
export interface Cancellation {
  readonly at: Instant | null;
  readonly reason: CancellationReason | null;
  readonly remoteReason: string | null;
  readonly note: string | null;
}

/** A booking of a practitioner's time. `Ref` is how it points at other records: RemoteRef inside an adapter, GatewayId outside. */
export interface Appointment<Ref> {
  readonly status: AppointmentStatus;
  readonly remoteStatus: string | null;
  readonly start: Instant | null;
  readonly end: Instant | null;
  readonly title: string | null;
  readonly description: string | null;
  readonly notes: string | null;
  readonly clientMessage: string | null;
  readonly modality: Modality | null;
  readonly videoUrl: string | null;
  readonly practitionerId: Ref | null;
  readonly practitionerIds: readonly Ref[];
  readonly clientId: Ref | null;
  readonly attendees: readonly Attendee<Ref>[];
  readonly serviceId: Ref | null;
  readonly locationId: Ref | null;
  readonly arrivedAt: Instant | null;
  readonly cancellation: Cancellation | null;
  readonly color: string | null;
  readonly timeZone: string | null;
}

/**
 * The appointment without what it tells of clients whose data was erased, free text included, since that may name them:
 * the time stays taken, and nobody is known to have come. Others who take part stay.
 */
export function withoutClients<Ref, A extends Appointment<Ref>>(
  appointment: A,
  isErased: (client: Ref) => boolean,
): A {
  const { clientId, attendees, cancellation } = appointment;
  const isPrimary = clientId !== null && isErased(clientId);
  if (!isPrimary && !attendees.some((one) => isErased(one.clientId))) return appointment;
  return {
    ...appointment,
    title: null,
    description: null,
    notes: null,
    clientMessage: null,
    videoUrl: null,
    clientId: isPrimary ? null : clientId,
    attendees: attendees.filter((one) => !isErased(one.clientId)),
    cancellation: cancellation && { ...cancellation, remoteReason: null, note: null },
  };
}
