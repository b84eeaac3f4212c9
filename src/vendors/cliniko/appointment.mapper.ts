import type { AppointmentStatus, Attendee, Cancellation } from '../../canonical/appointment';
import { ref, type RemoteRef } from '../../canonical/ids';
import { idText, instant, required, text, type Instant } from '../../canonical/values';
import type { Mapper } from '../contract';
import { lastSegment } from '../kit/url';
import { word, type Warning } from '../kit/words';
import type { ClinikoSettings } from './cliniko.config';
import { CANCELLATION_REASONS } from './tables';
import type { AppointmentWire, ClinikoAttendee, ClinikoLink } from './wire';

const linked = (link: ClinikoLink | undefined): RemoteRef | null => {
  const id = lastSegment(link?.links?.self);
  return id === null ? null : ref(id);
};
const isSet = (value: unknown): boolean => text(value) !== null;

/** Cliniko has no status: it follows from the times and flags. A group has none but being there, or archived or deleted. */
function statusOf({ kind, appointment, attendees }: AppointmentWire): AppointmentStatus {
  if (kind === 'group')
    return isSet(appointment.deleted_at) || isSet(appointment.archived_at) ? 'cancelled' : 'booked';
  if (isSet(appointment.cancelled_at)) return 'cancelled';
  if (appointment.did_not_arrive === true) return 'noshow';
  if (appointment.patient_arrived === true) return 'arrived';
  return arrival(attendees[0], 'booked');
}

/** `arrived: false` is how a no-show stands on an attendee (assumed: no page says so). */
function arrival(attendee: ClinikoAttendee | undefined, otherwise: AppointmentStatus): AppointmentStatus {
  if (attendee?.arrived === true) return 'arrived';
  return attendee?.arrived === false ? 'noshow' : otherwise;
}

function cancellationOf(
  { kind, appointment }: AppointmentWire,
  deletedAt: Instant | null,
  warnings: Warning[],
): Cancellation {
  if (kind === 'group') return { at: deletedAt, reason: null, remoteReason: null, note: null };
  const code = appointment.cancellation_reason;
  return {
    at: instant(appointment.cancelled_at, 'cancelled_at'),
    reason: word(CANCELLATION_REASONS, code, { field: 'cancellation_reason', fallback: null, warnings }),
    remoteReason: text(appointment.cancellation_reason_description) ?? text(code),
    note: text(appointment.cancellation_note),
  };
}

function attendeesOf(
  wire: AppointmentWire,
  own: AppointmentStatus,
  cancelledAt: Instant | null,
): readonly Attendee<RemoteRef>[] {
  const client = linked(wire.appointment.patient);
  if (wire.attendees.length === 0 && client !== null)
    return [{ clientId: client, status: own, arrivedAt: null, cancelledAt, remoteId: null }];
  return wire.attendees
    .filter((attendee) => !isSet(attendee.deleted_at) && !isSet(attendee.archived_at))
    .map((attendee) => {
      const cancelled = instant(attendee.cancelled_at, 'attendee.cancelled_at');
      const status = cancelled === null ? arrival(attendee, own) : 'cancelled';
      return {
        clientId: required(linked(attendee.patient) ?? client, 'attendee.patient'),
        status,
        arrivedAt: null, // Cliniko says that, never when
        cancelledAt: cancelled ?? (status === 'cancelled' ? cancelledAt : null),
        remoteId: idText(attendee.id, 'attendee.id'),
      };
    });
}

/** Cliniko fills telehealth links for every type: only the type says whether the meeting is one. */
const isTelehealth = ({ type }: AppointmentWire): boolean => type?.telehealth_enabled === true;
/** The client's link. A group has one for each attendee and none for all; the appointment's own is the practitioner's. */
const videoUrlOf = (wire: AppointmentWire): string | null =>
  isTelehealth(wire) && wire.kind === 'individual' ? text(wire.attendees[0]?.telehealth_url) : null;

/** Individual and group appointments. https://docs.api.cliniko.com/openapi/individual-appointment */
export const appointmentMapper: Mapper<'appointments', AppointmentWire, ClinikoSettings> = {
  toCanonical(wire, settings) {
    const { kind, appointment, business } = wire;
    const warnings: Warning[] = [];
    const deletedAt =
      instant(appointment.deleted_at, 'deleted_at') ?? instant(appointment.archived_at, 'archived_at');
    const status = statusOf(wire);
    const cancellation = status === 'cancelled' ? cancellationOf(wire, deletedAt, warnings) : null;
    const attendees = attendeesOf(wire, status, cancellation?.at ?? null);
    const practitioner = linked(appointment.practitioner);
    return {
      ref: ref(idText(appointment.id, 'id'), kind),
      mark: null, // no field for a caller's id
      createdAt: instant(appointment.created_at, 'created_at'),
      updatedAt: instant(appointment.updated_at, 'updated_at'),
      deletedAt,
      record: {
        status,
        remoteStatus: null, // it has no word for it
        start: instant(appointment.starts_at, 'starts_at'),
        end: instant(appointment.ends_at, 'ends_at'),
        title: null,
        description: null,
        notes: text(appointment.notes),
        clientMessage: null,
        modality: isTelehealth(wire) ? 'video' : null,
        videoUrl: videoUrlOf(wire),
        practitionerId: practitioner,
        practitionerIds: practitioner === null ? [] : [practitioner],
        clientId: kind === 'individual' ? linked(appointment.patient) : null,
        attendees,
        serviceId: linked(appointment.appointment_type),
        locationId: linked(appointment.business),
        arrivedAt: null,
        cancellation,
        color: null, // the type's colour is the service's
        timeZone: text(business?.time_zone_identifier) ?? settings.timeZone,
      },
      warnings,
    };
  },
};
