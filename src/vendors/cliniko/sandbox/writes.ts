import type { FastifyInstance, FastifyReply } from 'fastify';
import { accepted, BODIES, type Writable } from './bodies';
import { invalid, notFound } from './query';
import { baseOf, recordOf, send, type Request } from './reads';
import { RENDER } from './render';
import {
  attendeesOf,
  idOf,
  make,
  patientIds,
  reindex,
  stamp,
  stands,
  touch,
  type Row,
  type State,
  word,
} from './state';

/** What Cliniko fills in by itself: the end from the type's duration, the size of a group, the names shown. */
function derive(state: State, name: Writable, row: Row): Row {
  const type = state.tables.appointment_types.byId.get(word(row, 'appointment_type_id'));
  if ('starts_at' in row) timed(row, Number(type?.['duration_in_minutes'] ?? 60));
  if (name === 'group_appointments') row['max_attendees'] ??= type?.['max_attendees'] ?? 1;
  if (name === 'businesses') row['display_name'] = word(row, 'business_name');
  if (name !== 'individual_appointments') return row;
  const patient = state.tables.patients.byId.get(word(row, 'patient_id')) ?? {};
  return { ...row, patient_name: `${word(patient, 'first_name')} ${word(patient, 'last_name')}` };
}
function timed(row: Row, minutes: number): void {
  const start = word(row, 'starts_at');
  row['ends_at'] ??= stamp(new Date(Date.parse(start) + minutes * 60_000));
  if (word(row, 'ends_at') <= start) throw invalid({ ends_at: 'must be after starts_at' });
}

function create(state: State, name: Writable, body: unknown): Row {
  const fields = accepted(state, name, body, true);
  const group =
    name === 'attendees' ? recordOf(state.tables.group_appointments, word(fields, 'booking_id')) : null;
  if (group && patientIds(state, group).length >= Number(group['max_attendees']))
    throw invalid({ booking_id: 'has no room left (max_attendees)' });
  if (group && patientIds(state, group).includes(word(fields, 'patient_id')))
    throw invalid({ patient_id: 'already attends' });
  const row = make(state, state.tables[name], derive(state, name, fields));
  row['telehealth_url'] = `https://telehealth.example.com/${name}/${idOf(row)}`; // Cliniko fills it for every type
  if (group) group['patient_ids'] = patientIds(state, group);
  if (name === 'individual_appointments')
    make(state, state.tables.attendees, {
      booking_id: idOf(row),
      patient_id: row['patient_id'],
      arrived: null,
      telehealth_url: `https://telehealth.example.com/client/${idOf(row)}`,
    });
  return row;
}

/** What a change brings about elsewhere: an arrival shows on the individual appointment, whose patient is its attendee's. */
function spread(state: State, name: Writable, row: Row, fields: Row): void {
  if (name === 'individual_appointments' && 'patient_id' in fields)
    for (const attendee of attendeesOf(state, row)) {
      const before = { ...attendee };
      reindex(state.tables.attendees, touch(state, attendee, { patient_id: fields['patient_id'] }), before);
    }
  const booking = state.tables.individual_appointments.byId.get(word(row, 'booking_id'));
  if (name !== 'attendees' || booking === undefined || !('arrived' in fields)) return;
  const { arrived } = fields; // null: neither flag says anything. https://github.com/redguava/cliniko-api/issues/153
  Object.assign(booking, {
    patient_arrived: arrived === null ? null : arrived === true,
    did_not_arrive: arrived === null ? null : arrived === false,
  });
}

/** That a patient came does not count as a change of the appointment on which it shows. */
function change(state: State, name: Writable, row: Row, body: unknown): Row {
  const fields = accepted(state, name, body, false);
  const before = { ...row };
  const changed = derive(state, name, { ...row, ...fields });
  spread(state, name, row, fields);
  touch(state, row, changed);
  reindex(state.tables[name], row, before);
  return row;
}

/** Making and changing records. */
export function writes(app: FastifyInstance, state: State): void {
  for (const name of Object.keys(BODIES) as Writable[]) {
    app.post(`/${name}`, (request: Request, reply) => {
      const row = create(state, name, request.body);
      // The documented header has no /v1.
      void reply.header('location', `${baseOf(request).replace(/\/v1$/, '')}/${name}/${idOf(row)}`);
      return send(reply, 201, RENDER[name](row, baseOf(request)));
    });
    const update = (request: Request, reply: FastifyReply): FastifyReply => {
      const row = recordOf(state.tables[name], request.params['id']);
      const isKnown = request.method === 'PUT' ? state.acceptsPut : state.acceptsPatch;
      if (!stands(row) || !isKnown) throw notFound();
      return send(reply, 200, RENDER[name](change(state, name, row, request.body), baseOf(request)));
    };
    app.patch(`/${name}/:id`, update);
    app.put(`/${name}/:id`, update);
  }
}
