import type { AppointmentStatus } from '../../canonical/appointment';
import { ref, type RemoteRef } from '../../canonical/ids';
import { color, idText, instantFromSeconds, text, type Instant } from '../../canonical/values';
import type { Mapper } from '../contract';
import { word, type Warning } from '../kit/words';
import type { ProgendaSettings } from './progenda.config';
import { APPOINTMENT_WORDS, YES } from './tables';
import type { ListedAppointment, WireAppointment } from './wire';

/** An appointment of a calendar; without a patient it is a block (Meeting, Lunch, Break). */
export const appointmentMapper: Mapper<'appointments', ListedAppointment, ProgendaSettings> = {
  toCanonical: ({ appointment, calendar, services }, settings) => {
    const warnings: Warning[] = [];
    const practitionerId = ref(idText(calendar.id, 'calendar.id'));
    const centerId = idText(calendar.center_id, 'calendar.center_id');
    const arrivedAt = instantFromSeconds(appointment.patient_arrived_at, 'patient_arrived_at');
    const status = statusOf(appointment, arrivedAt, warnings);
    const clientId = clientOf(appointment, centerId, warnings);
    const attendee = { status, arrivedAt, cancelledAt: null, remoteId: null };
    return {
      ref: ref(idText(appointment.id, 'id'), practitionerId.id),
      mark: text(appointment.remote_id),
      createdAt: null, // Progenda gives no times of its records
      updatedAt: null,
      deletedAt: null, // a deleted appointment is in no list
      record: {
        status,
        remoteStatus: text(appointment.status),
        start: instantFromSeconds(appointment.start, 'start'),
        end: instantFromSeconds(appointment.stop, 'stop'),
        title: text(appointment.title),
        description: null, // Progenda has none
        notes: text(appointment.notes),
        clientMessage: null, // Progenda has none
        modality: null, // Progenda does not say
        videoUrl: null, // Progenda has none
        practitionerId,
        practitionerIds: [practitionerId],
        clientId,
        attendees: clientId === null ? [] : [{ clientId, ...attendee }],
        serviceId: serviceOf(appointment, { services, scope: practitionerId.id, warnings }),
        locationId: ref(centerId),
        arrivedAt,
        cancellation:
          status === 'cancelled' ? { at: null, reason: null, remoteReason: null, note: null } : null,
        color: color(appointment.color),
        timeZone: settings.timeZone,
      },
      warnings,
    };
  },
};

/** Progenda says "no-show" twice, and "arrived" by a time alone; what is cancelled stays so, whatever else is set. */
function statusOf(
  { status, noshow }: WireAppointment,
  arrivedAt: Instant | null,
  warnings: Warning[],
): AppointmentStatus {
  const said = word<AppointmentStatus>(APPOINTMENT_WORDS, text(status), {
    field: 'status',
    fallback: 'booked',
    warnings,
  });
  if (said === 'cancelled') return 'cancelled';
  if (said === 'noshow' || YES.has(noshow)) return 'noshow';
  return arrivedAt === null ? said : 'arrived';
}

/** Patients stand below their center, so the calendar's center is part of who it is. */
function clientOf(
  { patient_id, patient_remote_id }: WireAppointment,
  centerId: string,
  warnings: Warning[],
): RemoteRef | null {
  const [id, remoteId] = [text(patient_id), text(patient_remote_id)];
  if (id === null && remoteId !== null) warnings.push({ field: 'patient_remote_id', value: remoteId });
  return id === null ? null : ref(id, centerId);
}

/** An appointment names its service by the caller's id alone: the calendar's services tell which one that is. */
function serviceOf(
  { service_remote_id }: WireAppointment,
  { services, scope, warnings }: Pick<ListedAppointment, 'services'> & { scope: string; warnings: Warning[] },
): RemoteRef | null {
  const remoteId = text(service_remote_id);
  if (remoteId === null) return null;
  const service = services.find((one) => text(one.remote_id) === remoteId);
  if (service === undefined) warnings.push({ field: 'service_remote_id', value: remoteId });
  return service === undefined ? null : ref(idText(service.id, 'service.id'), scope);
}
