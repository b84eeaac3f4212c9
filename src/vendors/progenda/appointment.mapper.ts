import type { AppointmentStatus } from '../../canonical/appointment';
import { ref, type RemoteRef } from '../../canonical/ids';
import { color, idText, instantFromSeconds, text, type Instant } from '../../canonical/values';
import type { Draft, Mapper } from '../contract';
import { Refusal } from '../kit/refusal';
import { word, type Warning } from '../kit/words';
import type { ProgendaSettings } from './progenda.config';
import { APPOINTMENT_WORDS, STATUS_BODIES, YES } from './tables';
import type { AppointmentBody, ListedAppointment, WireAppointment, WireCalendar } from './wire';

/** An appointment of a calendar; without a patient it is a block (Meeting, Lunch, Break). */
export const appointmentMapper = {
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
  /** Without the client and the service: their refs say nothing of the remote ids by which Progenda links them. */
  toVendor: ({ start, end, title, notes, arrivedAt, ...draft }): AppointmentBody => ({
    start: secondsOf(start, 'start'),
    stop: secondsOf(end, 'end'),
    title: title === null ? '' : title,
    notes: notes === null ? '' : notes,
    color: colorOf(draft.color),
    patient_arrived_at: arrivedAt === null ? null : secondsOf(arrivedAt, 'arrivedAt'),
    ...(draft.status === undefined ? {} : statusBody(draft.status)),
  }),
} satisfies Mapper<'appointments', ListedAppointment, ProgendaSettings>;

/** Progenda's samples write times as the digits of Unix seconds. */
function secondsOf(instant: Instant | null | undefined, field: string): string | undefined {
  if (instant === undefined) return undefined;
  const seconds = instant === null ? NaN : Date.parse(instant) / 1000;
  if (!Number.isInteger(seconds) || seconds < 0)
    throw new Refusal('validation_failed', field, 'must be a whole second after 1970 here');
  return String(seconds);
}

function colorOf(value: string | null | undefined): string | null | undefined {
  if (typeof value !== 'string') return value;
  const written = color(value);
  if (written === null) throw new Refusal('validation_failed', 'color', 'must be #rrggbb here');
  return written;
}

function statusBody(status: AppointmentStatus): AppointmentBody {
  const body = STATUS_BODIES[status];
  const words = Object.keys(STATUS_BODIES).join(', ');
  if (body === undefined)
    throw new Refusal('capability_not_supported', 'status', `can be ${words} here, and not ${status}`);
  return body;
}

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

/** How an appointment is cancelled: Progenda has no other way, and no field for the reason. */
export const CANCELLED: Draft<'appointments'> = { status: 'cancelled' };

/** Whether a change must know what it meets: most statuses cannot be reached from every other, and only cancelled can. */
export const dependsOnHeld = ({ status }: Draft<'appointments'>): boolean =>
  status !== undefined && status !== 'cancelled';

/** What a change becomes for the appointment that it meets: "cancelled" is final, and a time of arrival stays as it was noted. */
export function fitted(held: WireAppointment, change: AppointmentBody): AppointmentBody {
  const isCancelled = APPOINTMENT_WORDS[text(held.status) ?? ''] === 'cancelled';
  if (isCancelled && change.status !== undefined && change.status !== 'cancelled')
    throw new Refusal(
      'transition_not_allowed',
      'status',
      'a cancelled appointment stays cancelled at Progenda',
    );
  const isNoted = typeof change.patient_arrived_at === 'string' && text(held.patient_arrived_at) !== null;
  return isNoted ? { ...change, patient_arrived_at: undefined } : change;
}

/** Refuses a client or a service that Progenda cannot link in this calendar. */
export function mustLink(
  { clientId, serviceId }: Draft<'appointments'>,
  { id, center_id }: Pick<WireCalendar, 'id' | 'center_id'>,
): void {
  if (clientId && clientId.scope !== text(center_id))
    throw new Refusal(
      'validation_failed',
      'clientId',
      "must be a client of the practitioner's location here",
    );
  if (serviceId && serviceId.scope !== text(id))
    throw new Refusal(
      'validation_failed',
      'serviceId',
      "must be one of the practitioner's own services here",
    );
}

/** What a draft says by itself. Refused where it takes a client or service out: nothing that does so is documented. */
export function named(draft: Draft<'appointments'>, isNew: boolean, at: Instant): AppointmentBody {
  for (const field of ['clientId', 'serviceId'] as const)
    if (draft[field] === null && !isNew)
      throw new Refusal('capability_not_supported', field, 'can be replaced here, but not taken out');
  // Progenda knows of an arrival by its time alone; it counts whole seconds.
  const arrivedAt = draft.status === 'arrived' ? { arrivedAt: `${at.slice(0, 19)}.000Z` } : {};
  return appointmentMapper.toVendor({ ...draft, ...arrivedAt });
}
