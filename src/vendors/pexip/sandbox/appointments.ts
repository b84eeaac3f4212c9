import type { FastifyInstance } from 'fastify';
import { found, idOf } from './reads';
import { unprocessable } from './query';
import {
  answers,
  anything,
  fieldsOf,
  flag,
  instant,
  location,
  nullable,
  oneOf,
  participants,
  text,
  whole,
  type Fields,
} from './shape';
import {
  MEETING_TYPES,
  nextId,
  stamp,
  type Appointment,
  type Link,
  type Participant,
  type State,
} from './state';
import { isBusy } from './unavailability';
import { readLocation } from './writes';

const link = nullable(text());
export const COMMUNICATION = { userCommunication: nullable(anything) };
/** What may be changed later: neither the time, the status, the subject nor the office. */
const CHANGEABLE = {
  appointmentParticipants: nullable(participants),
  answers,
  callbackRequestId: link,
  location: nullable(location),
  listingId: link,
  leadSegmentId: link,
  meetingRoomId: link,
  externalId: nullable(text(255)),
  internalNotes: nullable(text()),
  metadata: nullable(anything),
  ...COMMUNICATION,
};
const NEW = {
  ...CHANGEABLE,
  appointmentParticipants: participants,
  start: instant,
  end: instant,
  subjectId: text(),
  officeId: text(),
  meetingType: oneOf(MEETING_TYPES),
  hybrid: nullable(flag),
  trailingBufferTime: nullable(whole),
  messageForCustomer: nullable(text()),
};
const { start: _start, end: _end, ...UNTIMED } = NEW;
const INVITE = { ...UNTIMED, message: nullable(text()) };

interface WrittenParticipant {
  readonly role: string;
  readonly participantId: string;
  readonly type: string;
}

/** Refuses somebody who takes part twice. */
export function checkUnique(names: readonly string[]): void {
  if (new Set(names).size < names.length)
    throw unprocessable('APPOINTMENT_PARTICIPANTS_NOT_UNIQUE', 'Participants need to be unique');
}

/** Who takes part, as it is read back; a customer and an employee come first, nobody twice. */
export function readParticipants(state: State, given: unknown, meetingType: string): readonly Participant[] {
  const written = given as readonly WrittenParticipant[];
  checkUnique(written.map(({ type, participantId }) => `${type} ${participantId}`));
  for (const type of ['CUSTOMER', 'EMPLOYEE'])
    if (!written.some((one) => one.type === type && one.role === 'PRIMARY'))
      throw unprocessable(`APPOINTMENT_PRIMARY_${type}_MISSING`, `There is no primary ${type.toLowerCase()}`);
  const room = meetingType === 'VIDEO' ? nextId(state).slice(0, 8) : null;
  return written.map(({ role, participantId, type }) => {
    const known = (type === 'CUSTOMER' ? state.customers : state.employees).get(participantId);
    if (!known) throw unprocessable('APPOINTMENT_PARTICIPANT_NOT_FOUND', 'A participant does not exist');
    const video = room === null ? null : `https://video.example.com/${room}/${type.toLowerCase()}`;
    return {
      role,
      participant: { id: participantId },
      type,
      videoUrl: video,
      videoTestUrl: video && `${video}/test`,
    };
  });
}

export const primaryOf = (
  { appointmentParticipants: all }: Pick<Appointment, 'appointmentParticipants'>,
  type: string,
): string => all.find((one) => one.type === type && one.role === 'PRIMARY')?.participant.id ?? '';

/** Refuses a time that ends before it starts, and one in which an employee of the appointment is booked already. */
export function checkTime(state: State, wanted: Appointment): Appointment {
  const { id, start, end } = wanted;
  if (start === null || end === null) return wanted;
  if (start >= end) throw unprocessable('APPOINTMENT_START_AFTER_END', 'The start must be before the end');
  const staff = wanted.appointmentParticipants.filter(({ type }) => type === 'EMPLOYEE');
  const isTaken = staff.some(({ participant }) =>
    state.appointments
      .of(participant.id)
      .some(
        (other) => other.id !== id && isBusy(other) && (other.start ?? '') < end && (other.end ?? '') > start,
      ),
  );
  if (isTaken)
    throw unprocessable('APPOINTMENT_NO_AVAILABILITY', 'An employee is not available at that time');
  return wanted;
}

/** A meeting at the customer's needs a place. */
export function checkPlace(wanted: Appointment): Appointment {
  if (wanted.meetingType === 'ON_LOCATION' && wanted.location === null)
    throw unprocessable('APPOINTMENT_LOCATION_REQUIRED', 'A meeting on location needs a location');
  return wanted;
}

/** An instant of a body as it is read back. */
export const asUtc = (value: unknown): string => new Date(value as string).toISOString();
const asLink = (id: unknown): Link | null => (typeof id === 'string' ? { id } : null);
const LINKS = ['callbackRequest', 'listing', 'leadSegment', 'meetingRoom'] as const;
const TEXTS = ['externalId', 'internalNotes', 'messageForCustomer'] as const;

/** The fields of a body under the names under which they are read. */
function asRead(fields: Fields): Partial<Appointment> {
  const links = LINKS.filter((name) => `${name}Id` in fields).map(
    (name) => [name, asLink(fields[`${name}Id`])] as const,
  );
  const texts = TEXTS.filter((name) => name in fields).map((name) => [name, fields[name] ?? null] as const);
  const places = 'location' in fields ? [['location', readLocation(fields['location'])] as const] : [];
  return Object.fromEntries<unknown>([...links, ...texts, ...places]);
}

/** What changes with every write. */
export const touched = (
  state: State,
): Pick<Appointment, 'updatedAt' | 'updatedBy' | 'updatedByType' | 'updatedFrom'> => ({
  updatedAt: stamp(state),
  updatedBy: null,
  updatedByType: 'OTHER',
  updatedFrom: 'OTHER',
});

/** A new appointment out of a body; without times it is an invite. */
function made(state: State, fields: Fields): Appointment {
  const [subject, office] = [String(fields['subjectId']), String(fields['officeId'])];
  if (!state.subjects.get(subject))
    throw unprocessable('APPOINTMENT_SUBJECT_NOT_FOUND', 'The subject does not exist');
  if (!state.offices.get(office))
    throw unprocessable('APPOINTMENT_OFFICE_NOT_FOUND', 'The office does not exist');
  const meetingType = (fields['meetingType'] as string | undefined) ?? 'OFFICE';
  const isInvite = fields['start'] === undefined;
  return {
    id: nextId(state),
    externalId: null,
    start: isInvite ? null : asUtc(fields['start']),
    end: isInvite ? null : asUtc(fields['end']),
    subject: { id: subject },
    office: { id: office },
    appointmentParticipants: readParticipants(state, fields['appointmentParticipants'], meetingType),
    answers: [],
    callbackRequest: null,
    listing: null,
    leadSegment: null,
    meetingRoom: null,
    meetingType,
    status: isInvite ? 'OUTGOING_INVITE' : 'ACCEPTED',
    hybrid: fields['hybrid'] === true,
    trailingBufferTime: (fields['trailingBufferTime'] as number | null | undefined) ?? 0,
    internalNotes: null,
    messageForCustomer: null,
    createdAt: stamp(state),
    createdBy: null,
    createdByType: 'OTHER',
    createdFrom: 'OTHER',
    ...touched(state),
    location: null,
    ...asRead(fields),
  };
}

/** Making, inviting and updating. */
export function appointmentWrites(app: FastifyInstance, state: State): void {
  app.post('/appointments', (request, reply) => {
    const needed = ['start', 'end', 'subjectId', 'officeId', 'appointmentParticipants', 'meetingType'];
    const fields = fieldsOf(request.body, NEW, needed);
    const wanted = made(state, fields);
    return reply.code(201).send({ data: state.appointments.put(checkPlace(checkTime(state, wanted))) });
  });
  app.post('/appointments/_actions/invite', (request, reply) => {
    const fields = fieldsOf(request.body, INVITE, ['subjectId', 'officeId', 'appointmentParticipants']);
    return reply.code(201).send({ data: state.appointments.put(checkPlace(made(state, fields))) });
  });
  app.patch('/appointments/:id', (request) => {
    const fields = fieldsOf(request.body, CHANGEABLE);
    const known = found(state.appointments, idOf(request));
    const given = fields['appointmentParticipants'];
    const all =
      (given ?? null) === null
        ? known.appointmentParticipants
        : readParticipants(state, given, known.meetingType);
    const wanted = { ...known, ...asRead(fields), appointmentParticipants: all, ...touched(state) };
    if (['CUSTOMER', 'EMPLOYEE'].some((type) => primaryOf(wanted, type) !== primaryOf(known, type)))
      throw unprocessable('APPOINTMENT_PRIMARY_PARTICIPANT_ADDED_OR_REMOVED', 'Primary participants stay');
    return { data: state.appointments.put(checkPlace(wanted)) };
  });
}
