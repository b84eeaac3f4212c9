import type { AppointmentStatus } from '../../canonical/appointment';
import { ref, type RemoteRef } from '../../canonical/ids';
import { idText, instant, required, text } from '../../canonical/values';
import type { Draft, Mapper, Remote } from '../contract';
import { Refusal } from '../kit/refusal';
import { word, type Warning } from '../kit/words';
import { writtenText } from './location.mapper';
import type { PexipSettings } from './pexip.config';
import {
  IS_PRIMARY,
  MEETING_TYPE_OF,
  MEETING_TYPES,
  PARTICIPANT_TYPES,
  STATUSES,
  TRANSITIONS,
} from './tables';
import type { PexipAppointment, PexipParticipant, WrittenAppointment, WrittenParticipant } from './wire';

/** Somebody's part in an appointment. */
interface Part {
  readonly ref: RemoteRef;
  readonly kind: 'client' | 'practitioner' | null;
  readonly isPrimary: boolean;
  readonly videoUrl: string | null;
}

function partOf({ participant, type, role, videoUrl }: PexipParticipant, warnings: Warning[]): Part {
  const [ofType, ofRole] = ['appointmentParticipants.type', 'appointmentParticipants.role'] as const;
  return {
    ref: ref(idText(participant?.id, 'appointmentParticipants.participant.id')),
    kind: word(PARTICIPANT_TYPES, type, { field: ofType, fallback: null, warnings }),
    isPrimary: word(IS_PRIMARY, role, { field: ofRole, fallback: false, warnings }),
    videoUrl: text(videoUrl),
  };
}

/** Everybody's part, the primary ones first. The schema demands two at least, the documented example has one. */
function partsOf({ appointmentParticipants: given }: PexipAppointment, warnings: Warning[]): readonly Part[] {
  return required(
    Array.isArray(given) ? (given as readonly PexipParticipant[]) : null,
    'appointmentParticipants',
  )
    .map((participant) => partOf(participant, warnings))
    .sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary));
}

const attendee = ({ ref: clientId }: Part, status: AppointmentStatus) => ({
  clientId,
  status, // a participant has none of its own
  arrivedAt: null,
  cancelledAt: null,
  remoteId: null,
});

/** A value without which there is no appointment; absent stays absent. */
function kept<T>(value: T | null | undefined, field: string): T | undefined {
  if (value === null) throw new Refusal('validation_failed', field, 'must have a value here');
  return value;
}

const participant = (type: string, role: string, { id }: RemoteRef): WrittenParticipant => ({
  role,
  participantId: id,
  type,
});

/** The clients: the first of them is `clientId`, the others come second; without it, all of them do. */
function clientsOf({ clientId, attendees }: Draft<'appointments'>): readonly WrittenParticipant[] {
  const first = kept(clientId, 'clientId');
  const refs = attendees?.map((one) => one.clientId) ?? (first ? [first] : []);
  if (new Set(refs.map(({ id }) => id)).size < refs.length)
    throw new Refusal('validation_failed', 'attendees', 'nobody may take part twice');
  if (first && !refs.some(({ id }) => id === first.id))
    throw new Refusal('validation_failed', 'attendees', 'the client of clientId must be among them');
  return refs.map((one) => participant('CUSTOMER', one.id === first?.id ? 'PRIMARY' : 'SECONDARY', one));
}

/** Who takes part, as far as the draft says; undefined where it says nothing. */
function participantsOf(draft: Draft<'appointments'>): readonly WrittenParticipant[] | undefined {
  const practitioner = kept(draft.practitionerId, 'practitionerId');
  const staff = practitioner ? [participant('EMPLOYEE', 'PRIMARY', practitioner)] : [];
  const isGiven = practitioner !== undefined || draft.clientId !== undefined || draft.attendees !== undefined;
  return isGiven ? [...staff, ...clientsOf(draft)] : undefined;
}

/** Appointments, invites and requests. https://developer.pexipengage.com */
export const appointmentMapper = {
  toCanonical(wire, settings) {
    const warnings: Warning[] = [];
    const remoteStatus = idText(wire.status, 'status');
    const status = word<AppointmentStatus>(STATUSES, remoteStatus, {
      field: 'status',
      fallback: 'pending',
      warnings,
    });
    const parts = partsOf(wire, warnings);
    const clients = parts.filter(({ kind }) => kind === 'client');
    const practitioners = parts.filter(({ kind }) => kind === 'practitioner');
    return {
      ref: ref(idText(wire.id, 'id')),
      mark: text(wire.externalId),
      createdAt: instant(wire.createdAt, 'createdAt'),
      updatedAt: instant(wire.updatedAt, 'updatedAt'),
      deletedAt: null, // appointments are cancelled, never deleted
      record: {
        status,
        remoteStatus,
        start: instant(wire.start, 'start'), // none: an invite or a request without a date
        end: instant(wire.end, 'end'),
        title: null,
        description: null,
        notes: text(wire.internalNotes),
        clientMessage: text(wire.messageForCustomer),
        modality: word(MEETING_TYPES, wire.meetingType, { field: 'meetingType', fallback: null, warnings }),
        videoUrl: clients.find(({ videoUrl }) => videoUrl !== null)?.videoUrl ?? null,
        practitionerId: practitioners[0]?.ref ?? null,
        practitionerIds: practitioners.map((part) => part.ref),
        clientId: clients[0]?.ref ?? null,
        attendees: clients.map((part) => attendee(part, status)),
        serviceId: ref(idText(wire.subject?.id, 'subject.id')),
        locationId: ref(idText(wire.office?.id, 'office.id')),
        arrivedAt: null,
        cancellation:
          status === 'cancelled' ? { at: null, reason: null, remoteReason: null, note: null } : null,
        color: null,
        timeZone: settings.timeZone,
      },
      warnings,
    };
  },
  /** What POST /appointments takes. A change hands its parts to PATCH and to the actions; `status` is an action of its own. */
  toVendor(draft): WrittenAppointment {
    const modality = kept(draft.modality, 'modality');
    return {
      start: kept(draft.start, 'start'),
      end: kept(draft.end, 'end'),
      subjectId: kept(draft.serviceId, 'serviceId')?.id,
      officeId: kept(draft.locationId, 'locationId')?.id,
      appointmentParticipants: participantsOf(draft),
      meetingType: modality && MEETING_TYPE_OF[modality],
      internalNotes: writtenText(draft.notes),
      messageForCustomer: writtenText(draft.clientMessage),
    };
  },
} satisfies Mapper<'appointments', PexipAppointment, PexipSettings>;

/** An appointment as it was read: in our words, and the vendor's own. */
export interface HeldAppointment {
  readonly record: Remote<'appointments'>;
  readonly raw: PexipAppointment;
}
type Patch = Draft<'appointments'>;

const isOther = (wanted: RemoteRef | null | undefined, now: RemoteRef | null): boolean =>
  wanted !== null && wanted !== undefined && wanted.id !== now?.id;
const isNew = <T>(wanted: T | undefined, now: T): boolean => wanted !== undefined && wanted !== now;
const namesOf = (attendees: Remote<'appointments'>['attendees']): string =>
  JSON.stringify(attendees.map(({ clientId }) => clientId.id).sort());

/** What of a patch an appointment does not have yet. Each is a request of its own. */
export const lacks = {
  practitioner: (patch, { record }) => isOther(patch.practitionerId, record.practitionerId),
  location: (patch, { record }) => isOther(patch.locationId, record.locationId),
  time: ({ start, end }, { record }) => isNew(start, record.start) || isNew(end, record.end),
  message: (patch, { record }) => isNew(writtenText(patch.clientMessage), record.clientMessage),
  modality: ({ modality }, { record }) => isNew(modality, record.modality),
  status: ({ status }, { record }) => isNew(status, record.status),
  notes: (patch, { record }) => isNew(writtenText(patch.notes), record.notes),
  attendees: ({ attendees }, { record }) =>
    attendees !== undefined && namesOf(attendees) !== namesOf(record.attendees),
} satisfies Record<string, (patch: Patch, now: HeldAppointment) => boolean>;

const wrong = (field: string, message: string): Refusal => new Refusal('validation_failed', field, message);

/** Both ends of the time that is wanted: the vendor takes no single one. */
export function timesOf(patch: Patch, { record }: HeldAppointment): { start: string; end: string } {
  const [start, end] = [patch.start ?? record.start, patch.end ?? record.end];
  if (start === null || end === null)
    throw wrong(start === null ? 'start' : 'end', 'is needed: the appointment has no date yet');
  if (start >= end) throw wrong('end', 'must be after the start');
  return { start, end };
}

/** Everybody who takes part when `attendees` are the clients: whoever stays keeps the part that they have. */
export function participantsWith(
  attendees: Patch['attendees'] = [],
  { appointmentParticipants: now }: PexipAppointment,
): readonly WrittenParticipant[] {
  const all = (now ?? []).map(({ participant: link, role, type }) => ({
    role: text(role) ?? '',
    participantId: text(link?.id) ?? '',
    type: text(type) ?? '',
  }));
  const wanted = attendees.map(({ clientId }) => clientId.id);
  const clients = new Set(all.filter(({ type }) => type === 'CUSTOMER').map((one) => one.participantId));
  return [
    ...all.filter(({ type, participantId }) => type !== 'CUSTOMER' || wanted.includes(participantId)),
    ...wanted.filter((id) => !clients.has(id)).map((id) => participant('CUSTOMER', 'SECONDARY', ref(id))),
  ];
}

/** An attendee has no status of its own here: one that says something else than the appointment's would be lost. */
export function checkAttendees({ attendees = [] }: Patch, status: AppointmentStatus): void {
  const odd = attendees.find((one) => one.status !== 'booked' && one.status !== status);
  const why = 'cannot have a status one by one: the appointment alone has one here';
  if (odd) throw new Refusal('capability_not_supported', 'attendees', why);
}

function checkPeople(patch: Patch, now: HeldAppointment): void {
  const { record, raw } = now;
  if (
    lacks.practitioner(patch, now) &&
    record.practitionerIds.some(({ id }) => id === patch.practitionerId?.id)
  )
    throw wrong('practitionerId', 'takes part already, and the vendor wants everybody once');
  if (lacks.location(patch, now) && !(patch.practitionerId ?? record.practitionerId))
    throw wrong('practitionerId', 'is needed for another location: the appointment has none');
  if (!patch.attendees) return;
  checkAttendees(patch, record.status);
  const stays = new Set(patch.attendees.map(({ clientId }) => clientId.id));
  const isPrimary = ({ type, role }: PexipParticipant): boolean => type === 'CUSTOMER' && role === 'PRIMARY';
  const first = (raw.appointmentParticipants ?? []).filter(isPrimary);
  if (!first.every(({ participant: link }) => stays.has(text(link?.id) ?? '')))
    throw wrong('attendees', 'the client who comes first must stay among them');
}

function checkStatus(patch: Patch, now: HeldAppointment): void {
  const { status, start } = patch;
  if (status === undefined || !lacks.status(patch, now)) return;
  const { remoteStatus, start: date } = now.record;
  const isReached = TRANSITIONS[status]?.includes(remoteStatus ?? '') === true;
  if (isReached && (status !== 'booked' || (date ?? start))) return;
  const why = isReached ? 'there is no date to accept yet' : `it is ${remoteStatus ?? 'without a status'}`;
  throw new Refusal('transition_not_allowed', 'status', `cannot become ${status}: ${why} at the vendor`);
}

/** Refuses what the vendor would refuse, or could not hold, as the appointment stands: before any part of it is sent. */
export function checkChange(patch: Patch, now: HeldAppointment): void {
  const isMoved = lacks.time(patch, now);
  if (isMoved) timesOf(patch, now);
  checkPeople(patch, now);
  checkStatus(patch, now);
  const goesOut = isMoved || lacks.practitioner(patch, now) || lacks.location(patch, now);
  const why = 'goes out with a new start, end, practitionerId or locationId alone here';
  if (lacks.message(patch, now) && !goesOut)
    throw new Refusal('capability_not_supported', 'clientMessage', why);
}
