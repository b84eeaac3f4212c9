import type { Appointment, AppointmentStatus, Attendee, Cancellation } from '../../canonical/appointment';
import { ref, type RemoteRef } from '../../canonical/ids';
import { idText, instant, required, text, type Instant } from '../../canonical/values';
import type { Draft, Mapper } from '../contract';
import { Refusal } from '../kit/refusal';
import { lastSegment } from '../kit/url';
import { word, type Warning } from '../kit/words';
import type { ClinikoSettings } from './cliniko.config';
import { ARRIVED, CANCELLATION_REASONS, NOT_OF } from './tables';
import {
  downToSecond,
  type AppointmentBody,
  type AppointmentWire,
  type ClinikoAttendee,
  type ClinikoLink,
} from './wire';

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

/** One field of three states. https://github.com/redguava/cliniko-api/issues/153 */
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

type Kind = AppointmentWire['kind'];
type Wanted = Draft<'appointments'>;
type Attendees = readonly Attendee<RemoteRef>[];

function standing<T>(value: T | null | undefined, field: string): T | undefined {
  if (value === null)
    throw new Refusal('validation_failed', field, 'cannot be taken away here, only changed');
  return value;
}

function timeBody(value: Instant | null | undefined, field: string): string | undefined {
  const at = standing(value, field);
  if (at === undefined) return undefined;
  if (!/:\d\d(\.0+)?Z$/.test(at))
    throw new Refusal('validation_failed', field, 'must be a whole second: Cliniko keeps no parts of one');
  return downToSecond(at);
}

/** What the draft names of an appointment itself; who takes part, and who came, stands on its attendees. */
export function appointmentBody(draft: Wanted): AppointmentBody {
  if (draft.status !== undefined && ARRIVED[draft.status] === undefined)
    throw new Refusal('transition_not_allowed', 'status', 'is reached by cancelling alone');
  return {
    starts_at: timeBody(draft.start, 'start'),
    ends_at: timeBody(draft.end, 'end'),
    notes: draft.notes,
    appointment_type_id: standing(draft.serviceId, 'serviceId')?.id,
    business_id: standing(draft.locationId, 'locationId')?.id,
    practitioner_id: standing(draft.practitionerId, 'practitionerId')?.id,
    patient_id: standing(draft.clientId, 'clientId')?.id,
  };
}

/** Refuses what this kind of appointment does not have. */
export function changeable(named: Readonly<Record<string, unknown>>, kind: Kind): void {
  for (const [field, instead] of Object.entries(NOT_OF[kind]))
    if (named[field] !== undefined && named[field] !== 'booked')
      throw new Refusal('capability_not_supported', field, instead);
}

/** What is done to an attendee of a group; `id` is the attendee's. */
export type AttendeeStep =
  | { readonly act: 'add'; readonly body: { readonly patient_id: string; readonly arrived?: boolean } }
  | { readonly act: 'change'; readonly id: string; readonly body: { readonly arrived: boolean | null } }
  | { readonly act: 'cancel' | 'archive'; readonly id: string };

const refusedAttendee = (why: string): Refusal => new Refusal('validation_failed', 'attendees', why);
/**
 * What turns a group's attendees into the whole list as it shall be. A client who cancelled and comes again is a new
 * attendee, because cancelling is final at Cliniko. Adding is likeliest to be refused and comes first, where there is room.
 */
export function attendeeSteps(wanted: Attendees, held: Attendees, room: number): readonly AttendeeStep[] {
  const left = [...held];
  const take = (client: RemoteRef, isCancelled: boolean): Attendees[number] | undefined => {
    const fits = (one: Attendees[number]): boolean =>
      one.clientId.id === client.id && (one.status === 'cancelled') === isCancelled;
    const at = left.findIndex(fits);
    return at === -1 ? undefined : left.splice(at, 1)[0];
  };
  const coming = wanted.filter(({ status }) => status !== 'cancelled');
  if (new Set(coming.map(({ clientId }) => clientId.id)).size < coming.length)
    throw refusedAttendee('names a client twice');
  if (coming.length > room) throw refusedAttendee(`may have ${String(room)} clients at most here`);
  const stepsFor = ({ clientId, status }: Attendees[number]): readonly AttendeeStep[] => {
    if (status === 'cancelled') {
      const found = take(clientId, true) ?? take(clientId, false);
      if (!found) throw refusedAttendee('names as cancelled a client who is not in the group');
      return found.status === status ? [] : [{ act: 'cancel', id: found.remoteId ?? '' }];
    }
    const arrived = ARRIVED[status];
    if (arrived === undefined) throw refusedAttendee(`cannot hold the status ${status} here`);
    const found = take(clientId, false);
    const came = arrived === null ? {} : { arrived };
    if (!found) return [{ act: 'add', body: { patient_id: clientId.id, ...came } }];
    return found.status === status ? [] : [{ act: 'change', id: found.remoteId ?? '', body: { arrived } }];
  };
  const steps = wanted.flatMap(stepsFor);
  const adds = steps.filter(({ act }) => act === 'add');
  const others: readonly AttendeeStep[] = [
    ...steps.filter(({ act }) => act !== 'add'),
    ...left.map(({ remoteId }) => ({ act: 'archive' as const, id: remoteId ?? '' })),
  ];
  const standing = held.filter(({ status }) => status !== 'cancelled').length;
  return standing + adds.length > room ? [...others, ...adds] : [...adds, ...others];
}

type Creation = { readonly body: object; readonly steps: readonly AttendeeStep[] };
const [LEAST_ATTENDEES, MOST_ATTENDEES] = [2, 99];
/** What makes an appointment: its body, and the attendees that a group begins with. `room` is the service's. */
export function creation(draft: Wanted, kind: Kind, room: number): Creation {
  const { patient_id, ...body } = appointmentBody(draft);
  const { attendees, clientId, status } = draft;
  if (kind === 'individual') {
    if (patient_id === undefined)
      throw new Refusal('validation_failed', 'clientId', 'is needed for this service');
    return { body: { ...body, patient_id }, steps: [] };
  }
  changeable({ status }, kind);
  if (attendees && clientId && !attendees.some((one) => one.clientId.id === clientId.id))
    throw new Refusal('validation_failed', 'clientId', 'is none of the attendees');
  const alone = { status: 'booked', arrivedAt: null, cancelledAt: null, remoteId: null } as const;
  const people = attendees ?? (clientId ? [{ ...alone, clientId }] : []);
  const steps = attendeeSteps(people, [], MOST_ATTENDEES);
  const size = Math.max(steps.length, LEAST_ATTENDEES);
  return { body: room < size ? { ...body, max_attendees: size } : body, steps };
}

/** Whether an appointment is what a create of the draft makes: a group that did not get all of its attendees too. */
export function isMadeOf(draft: Wanted, record: Appointment<RemoteRef>, kind: Kind): boolean {
  const given = Object.entries(record).filter(([field, value]) => value !== null && field !== 'status');
  const held: Readonly<Record<string, unknown>> = { ...appointmentBody(Object.fromEntries(given)) };
  const { patient_id: client, ...named } = appointmentBody(draft);
  const people = new Set([client, ...(draft.attendees ?? []).map(({ clientId }) => clientId.id)]);
  const hasPeople =
    kind === 'group'
      ? record.attendees.every(({ clientId }) => people.has(clientId.id))
      : client === held['patient_id'];
  const isNamed = ([field, value]: [string, unknown]): boolean =>
    value === undefined || text(value) === text(held[field]);
  return hasPeople && Object.entries(named).every(isNamed);
}

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
  toVendor: appointmentBody,
};
