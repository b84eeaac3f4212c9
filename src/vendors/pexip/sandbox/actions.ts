import type { FastifyInstance, FastifyRequest } from 'fastify';
import { asUtc, checkPlace, checkTime, checkUnique, COMMUNICATION, touched } from './appointments';
import { malformed, notFound, unprocessable } from './query';
import { found, idOf } from './reads';
import {
  answers,
  fieldsOf,
  instant,
  location,
  nullable,
  oneOf,
  text,
  type Fields,
  type Shape,
} from './shape';
import { MEETING_TYPES, type Appointment, type State } from './state';
import { readLocation } from './writes';

const WORDS = { message: nullable(text()), messageForCustomer: nullable(text()) };
const OPEN = ['ACCEPTED', 'ALTERNATIVE_DATE_REQUESTED', 'INCOMING_REQUEST', 'OUTGOING_INVITE'];

/** One of the actions of an appointment: from which states, with which fields, and what becomes of it. */
interface Action {
  readonly from: readonly string[];
  readonly shape: Shape | null;
  readonly required?: readonly string[];
  readonly isUndocumented?: boolean;
  readonly apply: (known: Appointment, fields: Fields, state: State) => Appointment;
}

const messageOf = (known: Appointment, fields: Fields): string | null =>
  'messageForCustomer' in fields ? (fields['messageForCustomer'] as string | null) : known.messageForCustomer;

const RESCHEDULE: Action = {
  from: OPEN,
  shape: { start: instant, end: instant, ...WORDS, answers, ...COMMUNICATION },
  required: ['start', 'end'],
  apply: (known, fields, state) =>
    checkTime(state, {
      ...known,
      start: asUtc(fields['start']),
      end: asUtc(fields['end']),
      messageForCustomer: messageOf(known, fields),
    }),
};
const ACCEPT: Action = {
  from: ['ALTERNATIVE_DATE_REQUESTED', 'INCOMING_REQUEST'],
  shape: null,
  apply: (known) => {
    if (known.start === null)
      throw unprocessable('APPOINTMENT_STATUS_INVALID', 'There is no date to accept yet');
    return { ...known, status: 'ACCEPTED' };
  },
};
/** Its documented refusals do not name the availability: nobody is asked for theirs. */
const REASSIGN: Action = {
  from: OPEN,
  shape: { officeId: text(), primaryEmployeeId: text(), ...WORDS, ...COMMUNICATION },
  required: ['officeId', 'primaryEmployeeId'],
  apply: (known, fields, state) => {
    const [office, employee] = [String(fields['officeId']), String(fields['primaryEmployeeId'])];
    if (!state.offices.get(office))
      throw unprocessable('APPOINTMENT_OFFICE_NOT_FOUND', 'The office does not exist');
    if (!state.employees.get(employee))
      throw unprocessable('APPOINTMENT_PARTICIPANT_NOT_FOUND', 'The employee does not exist');
    const appointmentParticipants = known.appointmentParticipants.map((one) =>
      one.type === 'EMPLOYEE' && one.role === 'PRIMARY' ? { ...one, participant: { id: employee } } : one,
    );
    checkUnique(appointmentParticipants.map(({ type, participant }) => `${type} ${participant.id}`));
    return {
      ...known,
      office: { id: office },
      appointmentParticipants,
      messageForCustomer: messageOf(known, fields),
    };
  },
};
const UPDATE_MEETING_TYPE: Action = {
  from: OPEN,
  shape: { meetingType: oneOf(MEETING_TYPES), location: nullable(location), ...WORDS, ...COMMUNICATION },
  required: ['meetingType'],
  apply: (known, fields) =>
    checkPlace({
      ...known,
      meetingType: String(fields['meetingType']),
      location: 'location' in fields ? readLocation(fields['location']) : known.location,
      appointmentParticipants: known.appointmentParticipants.map((one) => ({
        ...one,
        videoUrl:
          fields['meetingType'] === 'VIDEO'
            ? `https://video.example.com/${known.id.slice(0, 8)}/${one.type.toLowerCase()}`
            : null,
        videoTestUrl: null,
      })),
    }),
};
/** Assumed: the body of reschedule without its times. */
const CANCEL: Action = {
  from: OPEN,
  isUndocumented: true,
  shape: { ...WORDS, answers, ...COMMUNICATION },
  apply: (known, fields) => ({ ...known, status: 'CANCELLED', messageForCustomer: messageOf(known, fields) }),
};
/** Assumed; that there is such an action follows from the error code that it may give. */
const COMPLETE: Action = {
  from: ['ACCEPTED'],
  isUndocumented: true,
  shape: { answers, ...COMMUNICATION },
  apply: (known, _fields, state) => {
    if ((known.start ?? '~') > state.now().toISOString())
      throw unprocessable('APPOINTMENT_COMPLETION_TOO_EARLY', 'It has not begun yet', {
        completionAllowedDaysBeforeStart: 0,
      });
    return { ...known, status: 'COMPLETED' };
  },
};
/** Assumed, as COMPLETE is. */
const NO_SHOW: Action = {
  from: ['ACCEPTED'],
  isUndocumented: true,
  shape: { answers, ...COMMUNICATION },
  apply: (known) => ({ ...known, status: 'NO_SHOW' }),
};
const ACTIONS: Readonly<Record<string, Action>> = {
  reschedule: RESCHEDULE,
  accept: ACCEPT,
  reassign: REASSIGN,
  'update-meeting-type': UPDATE_MEETING_TYPE,
  cancel: CANCEL,
  complete: COMPLETE,
  'no-show': NO_SHOW,
};

function run(
  request: FastifyRequest,
  state: State,
  { from, shape, required = [], apply }: Action,
): Appointment {
  const known = found(state.appointments, idOf(request));
  const body = request.body ?? (required.length === 0 ? {} : null);
  if (shape === null && request.body !== undefined && request.body !== null)
    throw malformed('There is no body');
  const fields = fieldsOf(body, shape ?? {}, required);
  if (!from.includes(known.status))
    throw unprocessable('APPOINTMENT_STATUS_INVALID', `The status is ${known.status}`, {
      allowedStates: from,
    });
  return state.appointments.put({ ...apply(known, fields, state), ...touched(state) });
}

/** What is done to an appointment by name: everything that PATCH does not reach. */
export function actions(app: FastifyInstance, state: State): void {
  for (const [name, action] of Object.entries(ACTIONS))
    app.post(`/appointments/:id/_actions/${name}`, (request) => {
      if (action.isUndocumented === true && !state.undocumentedActions) throw notFound();
      return { data: run(request, state, action) };
    });
}
