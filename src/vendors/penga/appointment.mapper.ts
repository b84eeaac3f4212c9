import type { AppointmentStatus, Cancellation } from '../../canonical/appointment';
import { ref, type RemoteRef } from '../../canonical/ids';
import { color, idText, instantFromSeconds, text } from '../../canonical/values';
import type { Draft, Mapper } from '../contract';
import { atMost, Refusal } from '../kit/refusal';
import type { Warning } from '../kit/words';
import type { PengaSettings } from './penga.config';
import { FIELD_BY_NAME, isSame, meaningOf, statusOf } from './tables';
import type { AppointmentBody, WireAppointment, WireEntry, WirePointer } from './wire';

/** Penga keeps neither the time nor the reason of a cancellation. */
const CANCELLED: Cancellation = { at: null, reason: null, remoteReason: null, note: null };

function pointed(wire: WirePointer | null | undefined): RemoteRef | null {
  const id = text(wire?.external_id);
  return id === null ? null : ref(id);
}

/** Seconds as digits. Penga has no smaller part of time, so one that is given must not vanish. */
function seconds(instant: string | null, field: string): string {
  const ms = Date.parse(needed(instant, field));
  if (ms < 0 || ms % 1000 !== 0)
    throw new Refusal('validation_failed', field, 'must be a whole second after 1970 here');
  return String(ms / 1000);
}

function needed<T>(value: T | null, field: string): T {
  if (value === null)
    throw new Refusal('validation_failed', field, 'cannot be cleared here: no appointment is without it');
  return value;
}

const TEXT = 255;

function noteOf(notes: string | null): string {
  const note = text(notes);
  atMost(TEXT, note, 'notes');
  if (note !== null) return note;
  throw new Refusal(
    'capability_not_supported',
    'notes',
    'cannot be cleared here: each text is added as a note of its own, and stays',
  );
}

function descriptionOf(value: string | null): string | null {
  const description = text(value);
  atMost(TEXT, description, 'description');
  return description;
}

/** The parts of an appointment as a request names them; null where the record has none. */
type Whole = { readonly [F in Exclude<keyof AppointmentBody, 'note' | 'send_alerts'>]-?: string | null };

/** What the record holds, in the words of a request: a change has to send all of it back. */
export const wholeAppointment = (wire: WireAppointment): Whole => ({
  start_time: text(wire.start_time),
  end_time: text(wire.end_time),
  user_id: text(wire.user?.external_id),
  client_id: text(wire.client?.external_id),
  appointmenttype_id: text(wire.appointmenttype?.external_id),
  appointmentstatus_id: text(wire.appointmentstatus?.external_id),
  description: wire.description ?? null,
});

/** The status record that says a word: the lowest id of those that do. */
export function statusFor(
  wanted: AppointmentStatus,
  statuses: readonly WireEntry[],
  map: PengaSettings['statusMap'],
): string {
  const known = statuses.map((one) => ({ id: text(one.external_id) ?? '', means: meaningOf(one, map) }));
  const [first] = known
    .filter(({ id, means }) => id !== '' && means === wanted)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  if (first) return first.id;
  const words = [...new Set(known.flatMap(({ means }) => means ?? []))].sort().join(', ');
  throw new Refusal(
    'capability_not_supported',
    'status',
    `no appointment status of this practice means ${wanted} (there are some for: ${words === '' ? 'nothing' : words}); settings.statusMap can say that one does`,
  );
}

/** The body of a change: all that the record holds, with what changes. */
export function changedAppointment(held: WireAppointment, changes: AppointmentBody): AppointmentBody {
  const body = { ...wholeAppointment(held), ...changes };
  const { description, ...needed } = body;
  const [missing] = Object.entries(needed).filter(([, value]) => value === null);
  if (missing)
    throw new Refusal(
      'validation_failed',
      FIELD_BY_NAME[missing[0]] ?? missing[0],
      'must be given as well: the vendor wants it with every change, and the record has none',
    );
  const isMoved = changes.start_time !== undefined || changes.end_time !== undefined;
  if (isMoved && Number(body.start_time) >= Number(body.end_time))
    throw new Refusal(
      'validation_failed',
      changes.end_time === undefined ? 'start' : 'end',
      'would make the appointment end before it starts, as the vendor has it now',
    );
  return body as AppointmentBody;
}

/** Whether the record holds all that a create asks for, and nothing else; its status apart. */
export function isMade(wire: WireAppointment, asked: AppointmentBody): boolean {
  const { appointmentstatus_id, ...held } = wholeAppointment(wire);
  return isSame(held, { ...asked });
}

/** An appointment of Penga: one client with one user. */
export const appointmentMapper = {
  toCanonical(wire, settings) {
    const warnings: Warning[] = [];
    const status = statusOf(wire.appointmentstatus, settings.statusMap, warnings);
    const practitionerId = pointed(wire.user);
    const clientId = pointed(wire.client);
    return {
      ref: ref(idText(wire.external_id, 'external_id')),
      mark: null, // Penga has no field for a caller's id
      createdAt: instantFromSeconds(wire.created_at, 'created_at'),
      updatedAt: instantFromSeconds(wire.updated_at, 'updated_at'),
      deletedAt: instantFromSeconds(wire.deleted_at, 'deleted_at'),
      record: {
        status,
        remoteStatus: text(wire.appointmentstatus?.name),
        start: instantFromSeconds(wire.start_time, 'start_time'),
        end: instantFromSeconds(wire.end_time, 'end_time'),
        title: null, // Penga has none
        description: text(wire.description),
        notes: null, // notes are records of their own, which an appointment does not show
        clientMessage: null, // Penga has none
        modality: null, // Penga has none
        videoUrl: null, // Penga has none
        practitionerId,
        practitionerIds: practitionerId === null ? [] : [practitionerId],
        clientId,
        attendees:
          clientId === null ? [] : [{ clientId, status, arrivedAt: null, cancelledAt: null, remoteId: null }],
        serviceId: pointed(wire.appointmenttype),
        locationId: pointed(wire.departments?.[0]),
        arrivedAt: null, // Penga keeps no time of arrival
        cancellation: status === 'cancelled' ? CANCELLED : null,
        color: color(wire.appointmenttype?.color),
        timeZone: settings.timeZone,
      },
      warnings,
    };
  },

  /** All but the status: which of the practice's records says a word, only the practice's list can tell. */
  toVendor({ start, end, practitionerId, clientId, serviceId, description, notes }: Draft<'appointments'>) {
    return {
      ...(start !== undefined && { start_time: seconds(start, 'start') }),
      ...(end !== undefined && { end_time: seconds(end, 'end') }),
      ...(practitionerId !== undefined && { user_id: needed(practitionerId, 'practitionerId').id }),
      ...(clientId !== undefined && { client_id: needed(clientId, 'clientId').id }),
      ...(serviceId !== undefined && { appointmenttype_id: needed(serviceId, 'serviceId').id }),
      ...(description !== undefined && { description: descriptionOf(description) }),
      ...(notes !== undefined && { note: noteOf(notes) }),
    } satisfies AppointmentBody;
  },
} satisfies Mapper<'appointments', WireAppointment, PengaSettings>;
