import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Temporal } from 'temporal-polyfill';
import { malformed, notFound, params, type RawQuery } from './query';
import { found, idOf } from './reads';
import { flag, list, object, oneOf, text, whole } from './shape';
import { MEETING_TYPES, type AvailabilitySetting, type State } from './state';

const OPENS = 8;
const CLOSES = 18;
const MOST_DAYS = 62;
const queryOf = (request: FastifyRequest): RawQuery => request.query as RawQuery;

const settingsOf = (state: State, office: string): readonly AvailabilitySetting[] => {
  found(state.offices, office);
  return state.availabilitySettings.get(office) ?? [];
};

/** The durations and rules of an office, by meeting type and subject. */
function settings(app: FastifyInstance, state: State): void {
  const at = '/offices/:id/subject-availability-settings';
  app.get(at, (request) => ({ data: settingsOf(state, idOf(request)) }));
  const shape = {
    meetingType: oneOf(MEETING_TYPES),
    subjectId: text(),
    autoAccept: flag,
    estimatedDuration: whole,
    timeSlotGranularity: whole,
    trailingBufferTime: whole,
    timeSlotEarliestPossible: whole,
    timeSlotLatestPossible: whole,
    maxConcurrentAppointments: whole,
  };
  const isSettings = list(object(shape, Object.keys(shape)));
  app.put(at, (request) => {
    settingsOf(state, idOf(request));
    if (!isSettings(request.body)) throw malformed('The body must be an array of settings');
    const given = request.body as readonly (Omit<AvailabilitySetting, 'subject'> & { subjectId: string })[];
    const data = given.map(({ subjectId, ...rest }) => ({
      ...rest,
      subject: { id: found(state.subjects, subjectId).id },
    }));
    state.availabilitySettings.set(idOf(request), data);
    return { data };
  });
  app.get('/offices/:id/subject-scheduling-settings', (request) => {
    const { lists } = params(queryOf(request), {
      lists: { 'meeting-type': MEETING_TYPES, 'subject-id': null },
    });
    const [types, subjects] = [lists['meeting-type'], lists['subject-id']];
    const data = settingsOf(state, idOf(request))
      .filter(
        ({ meetingType, subject }) =>
          (types?.includes(meetingType) ?? true) && (subjects?.includes(subject.id) ?? true),
      )
      .map(({ meetingType, subject }) => ({ meetingType, subject }));
    return { data };
  });
}

/** The timetable, without its slots: every stored copy of the documentation is cut off before their shape. */
function timetable(app: FastifyInstance, state: State): void {
  app.get('/timetable', (request) => {
    const { one } = params(queryOf(request), {
      instants: ['from', 'to'],
      texts: ['office-id', 'subject-id', 'meeting-type', 'lead-segment-id', 'listing-id'],
      lists: { 'employee-id': null },
      required: ['from', 'to', 'office-id', 'subject-id', 'meeting-type'],
    });
    if (!oneOf(MEETING_TYPES)(one['meeting-type'])) throw malformed('meeting-type is not valid');
    const setting = settingsOf(state, one['office-id'] ?? '').find(
      ({ subject, meetingType }) => subject.id === one['subject-id'] && meetingType === one['meeting-type'],
    );
    if (!setting) throw notFound();
    const inMinutes = (minutes: number): string =>
      new Date(state.now().getTime() + minutes * 60_000).toISOString();
    return {
      data: {
        duration: setting.estimatedDuration,
        earliestPossible: inMinutes(setting.timeSlotEarliestPossible),
        latestPossible: inMinutes(setting.timeSlotLatestPossible),
        listing: null,
        meetingType: setting.meetingType,
      },
    };
  });
}

/** The working hours of each day that touches the range, in the office's zone. */
function workingHours(from: string, to: string, timeZone: string): { start: string; end: string }[] {
  const hours = [];
  let date = Temporal.Instant.from(from).toZonedDateTimeISO(timeZone).toPlainDate();
  for (let days = 0; days < MOST_DAYS; days += 1, date = date.add({ days: 1 })) {
    const at = (hour: number): string =>
      new Date(date.toZonedDateTime({ timeZone, plainTime: { hour } }).epochMilliseconds).toISOString();
    if (at(OPENS) >= to) break;
    if (date.dayOfWeek <= 5 && at(CLOSES) > from) hours.push({ start: at(OPENS), end: at(CLOSES) });
  }
  return hours;
}

/** The rules of who can be booked when: not the free time. */
function definedAvailability(app: FastifyInstance, state: State): void {
  app.get('/defined-availability', (request) => {
    const { lists, one } = params(queryOf(request), {
      instants: ['from', 'to'],
      texts: ['office-id'],
      lists: { 'employee-id': null, 'subject-id': null, 'meeting-type': MEETING_TYPES },
      required: ['from', 'to', 'office-id'],
    });
    const { id: office, timeZone } = found(state.offices, one['office-id'] ?? '');
    const hours = workingHours(one['from'] ?? '', one['to'] ?? '', timeZone);
    const allows = (name: string, value: string): boolean => lists[name]?.includes(value) ?? true;
    const staff = state.employees
      .all()
      .filter(({ status, deletedAt }) => status === 'ACTIVE' && deletedAt === null)
      .filter(
        ({ id, officeRelations }) =>
          allows('employee-id', id) && officeRelations.some((one) => one.office.id === office),
      );
    const offered = settingsOf(state, office).filter(
      ({ subject, meetingType }) => allows('subject-id', subject.id) && allows('meeting-type', meetingType),
    );
    const data = staff.flatMap(({ id }) =>
      hours.flatMap(({ start, end }) =>
        offered.map(({ subject, meetingType, autoAccept, maxConcurrentAppointments }) => ({
          start,
          end,
          employee: { id },
          office: { id: office },
          subject,
          meetingType,
          forceManualAccept: !autoAccept,
          maxConcurrentAppointments,
        })),
      ),
    );
    return { data };
  });
}

/** What offices and employees offer. */
export function availability(app: FastifyInstance, state: State): void {
  settings(app, state);
  timetable(app, state);
  definedAvailability(app, state);
}
