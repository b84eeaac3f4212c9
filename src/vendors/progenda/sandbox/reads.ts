import type { FastifyInstance, FastifyRequest } from 'fastify';
import { calendarOf, integerIn, isRemoteKey, refuse, rowOf, tableOf } from './requests';
import {
  changedSince,
  placeOf,
  type Appointment,
  type Calendar,
  type Center,
  type Patient,
  type Service,
  type State,
  type Table,
} from './state';
import { suggestions } from './suggestions';

const PATIENTS_A_PAGE = 1000;
const LONGEST_APPOINTMENT = 86_400;

/** A center as Progenda writes it. */
const centerWire = ({ id, slug, name }: Center): object => ({ center: { id, slug, name } });

/** A calendar as Progenda writes it. */
const calendarWire = ({ id, centerId, firstName, lastName, specialities }: Calendar): object => ({
  calendar: {
    id,
    center_id: centerId,
    first_name: firstName,
    last_name: lastName,
    full_name: `${firstName} ${lastName}`,
    slug: `${firstName}${lastName}`.toLowerCase().replace(/[^a-z]/g, ''),
    specialities: specialities.map((one) => ({ speciality: { name: one.name, id: one.id } })),
  },
});

/** A patient as Progenda writes it. */
export const patientWire = (patient: Patient): object => ({
  patient: {
    id: patient.id,
    remote_id: patient.remoteId,
    last_name: patient.lastName,
    first_name: patient.firstName,
    email: patient.email,
    phone_number: patient.phoneNumber,
    birthdate: patient.birthdate,
    address: patient.address,
    notes: patient.notes,
    status: patient.status,
    language_code: patient.languageCode,
    ...patient.odd,
  },
});

/** A service as Progenda writes it. */
export const serviceWire = ({ id, remoteId, duration, name, color, odd }: Service): object => ({
  service: { id, remote_id: remoteId, duration, name, color, ...odd },
});

const digits = (value: number | null): string | null => (value === null ? null : String(value));

/** An appointment as Progenda writes it: ids and seconds as text, `false` for no notes. */
export function appointmentWire(state: State, calendar: Calendar, appointment: Appointment): object {
  const { patientId, serviceId } = appointment;
  const patient = patientId === null ? null : state.patients.get(calendar.centerId)?.byId.get(patientId);
  const service = serviceId === null ? null : state.services.get(calendar.id)?.byId.get(serviceId);
  return {
    appointment: {
      id: String(appointment.id),
      remote_id: appointment.remoteId,
      start: digits(appointment.start),
      stop: digits(appointment.stop),
      notes: appointment.notes ?? false,
      warning: false,
      color: appointment.color,
      title: appointment.title,
      status: appointment.status,
      patient_id: digits(patientId),
      patient_remote_id: patient?.remoteId ?? null,
      service_remote_id: service?.remoteId ?? null,
      noshow: appointment.noshow,
      patient_arrived_at: digits(appointment.arrivedAt),
      ...appointment.odd,
    },
  };
}

const inRange: Readonly<
  Record<State['rangeMeans'], (row: Appointment, start: number, stop: number) => boolean>
> = {
  overlap: (row, start, stop) => row.start < stop && row.stop > start,
  start: (row, start, stop) => row.start >= start && row.start < stop,
  whole: (row, start, stop) => row.start >= start && row.stop <= stop,
};

/** The appointments in a range; those without a start are in every one. */
function appointmentsIn(
  state: State,
  own: Table<Appointment>,
  request: FastifyRequest,
): readonly Appointment[] {
  const [start, stop] = [integerIn(request, 'start') ?? -Infinity, integerIn(request, 'stop') ?? Infinity];
  if (start > stop) throw refuse(422, 'start is after stop');
  const since = integerIn(request, 'since') ?? -Infinity;
  const dateless = own.rows.filter((row) => row.odd?.start === null);
  const dated = own.rows
    .slice(placeOf(own, start - LONGEST_APPOINTMENT), placeOf(own, stop, Infinity))
    .filter((row) => row.odd?.start !== null && inRange[state.rangeMeans](row, start, stop));
  return [...dateless, ...dated].filter((row) => row.updatedAt > since);
}

/** Adds what can be read. */
export function reads(app: FastifyInstance, state: State): void {
  app.get('/centers', () => ({ centers: state.centers.map(centerWire) }));
  app.get('/calendars', () => ({ calendars: state.calendars.map(calendarWire) }));
  app.get('/centers/:owner/patients', (request, reply) => {
    const page = integerIn(request, 'page') ?? 1;
    if (page < 1) throw refuse(422, 'page must be 1 or more');
    const all = changedSince(tableOf(state.patients, request), integerIn(request, 'since'));
    const shown = all.slice((page - 1) * PATIENTS_A_PAGE, page * PATIENTS_A_PAGE);
    return reply.header('x-total-count', all.length).send({ patients: shown.map(patientWire) });
  });
  app.get('/centers/:owner/patients/:key', (request) => {
    if (!isRemoteKey(request)) throw refuse(404, 'Not Found'); // nothing is read by its own id
    return patientWire(rowOf(tableOf(state.patients, request), request));
  });
  app.get('/calendars/:owner/appointments', (request) => {
    const calendar = calendarOf(state, request);
    const found = appointmentsIn(state, tableOf(state.appointments, request), request);
    return { appointments: found.map((row) => appointmentWire(state, calendar, row)) };
  });
  app.get('/calendars/:owner/appointments/:key', (request) => {
    if (!isRemoteKey(request)) throw refuse(404, 'Not Found');
    return appointmentWire(
      state,
      calendarOf(state, request),
      rowOf(tableOf(state.appointments, request), request),
    );
  });
  app.get('/calendars/:owner/services', (request) => ({
    services: tableOf(state.services, request).rows.map(serviceWire),
  }));
  app.get('/suggestions', (request) => ({ suggestions: suggestions(state, request) }));
}
