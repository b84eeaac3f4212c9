import type { FastifyInstance, FastifyRequest } from 'fastify';
import { paged, params, unprocessable, type RawQuery } from './query';
import { found, idOf, itself } from './reads';
import { answers, day, fieldsOf, instant } from './shape';
import { nextId, UNAVAILABILITY_TYPES, type Appointment, type State, type Unavailability } from './state';

const BUSY = new Set(['ACCEPTED', 'ALTERNATIVE_DATE_REQUESTED', 'INCOMING_REQUEST']);
/** Whether an appointment takes its practitioners' time. */
export const isBusy = ({ start, status }: Appointment): boolean => start !== null && BUSY.has(status);

const asUnavailability = (appointment: Appointment): Unavailability[] =>
  appointment.appointmentParticipants
    .filter(({ type }) => type === 'EMPLOYEE')
    .map(({ participant }) => ({
      id: `${appointment.id}-${participant.id}`,
      employee: participant,
      start: appointment.start,
      startDate: null,
      end: appointment.end,
      endDate: null,
      type: 'APPOINTMENT',
      externalId: appointment.externalId,
    }));

function unavailabilityList(request: FastifyRequest, state: State, employee: string | null): unknown {
  const asked = params(request.query as RawQuery, {
    isPaged: true,
    instants: ['start', 'end'],
    lists: { type: UNAVAILABILITY_TYPES },
    required: ['start', 'end'],
  });
  const [from, to, types] = [asked.one['start'] ?? '', asked.one['end'] ?? '', asked.lists['type']];
  const wants = (type: string): boolean => types?.includes(type) ?? true;
  const appointments = wants('APPOINTMENT')
    ? state.appointments.select(
        `unavailability ${from} ${to} ${employee ?? ''}`,
        (row) => isBusy(row) && (row.start ?? '') < to && (row.end ?? '') > from,
        employee === null ? undefined : () => state.appointments.of(employee),
      )
    : [];
  const defined = state.unavailability
    .all()
    .filter(
      (row) =>
        wants(row.type) &&
        (row.start ?? row.startDate ?? '') < to &&
        (row.end ?? row.endDate ?? '') >= from.slice(0, 10),
    );
  const rows = [...defined, ...appointments.flatMap(asUnavailability)];
  return paged(
    employee === null ? rows : rows.filter((row) => row.employee.id === employee),
    asked,
    state,
    itself,
  );
}

const own = (state: State, employee: string, times: Partial<Unavailability>): Unavailability => ({
  id: nextId(state),
  employee: { id: found(state.employees, employee).id },
  start: null,
  startDate: null,
  end: null,
  endDate: null,
  type: 'USER_DEFINED',
  externalId: null,
  ...times,
});

/** When employees cannot be booked: their appointments, and what they put down themselves. */
export function unavailability(app: FastifyInstance, state: State): void {
  app.get('/unavailability', (request) => unavailabilityList(request, state, null));
  app.get('/employees/:id/unavailability', (request) =>
    unavailabilityList(request, state, found(state.employees, idOf(request)).id),
  );
  app.post('/employees/:id/unavailability', (request, reply) => {
    const fields = fieldsOf(request.body, { startDate: day, endDate: day }, ['startDate', 'endDate']);
    const [startDate, endDate] = [String(fields['startDate']), String(fields['endDate'])];
    const made = own(state, idOf(request), { startDate, endDate });
    const isTaken = state.unavailability
      .all()
      .filter(({ employee }) => employee.id === made.employee.id)
      .some((row) => (row.startDate ?? '~') <= endDate && (row.endDate ?? '') >= startDate);
    if (isTaken) throw unprocessable('UNAVAILABILITY_OVERLAP', 'There is an unavailability already');
    return reply.code(201).send({ data: state.unavailability.put(made) });
  });
  app.post('/employees/:id/unavailability-event', (request, reply) => {
    const fields = fieldsOf(request.body, { start: instant, end: instant, answers }, ['start', 'end']);
    const times = { start: String(fields['start']), end: String(fields['end']) };
    return reply.code(201).send({ data: state.unavailability.put(own(state, idOf(request), times)) });
  });
}
