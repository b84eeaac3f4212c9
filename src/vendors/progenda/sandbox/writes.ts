import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { appointmentFrom, patientFrom, PATIENT_FIELDS, serviceFrom, type Agenda, type Held } from './changes';
import { demand, has, remoteId } from './fields';
import { appointmentWire, patientWire, serviceWire } from './reads';
import {
  calendarOf,
  inCollection,
  inEnvelope,
  isRemoteKey,
  refuse,
  rowOf,
  tableOf,
  type Fields,
} from './requests';
import { put, remove, type State, type Table } from './state';

/** The record that a row of a bulk body means: by Progenda's id, else by the caller's; null where it is a new one. */
function meant<T extends Held>(
  { byId, byRemoteId }: { byId: ReadonlyMap<number, T>; byRemoteId: ReadonlyMap<string, T> },
  fields: Fields,
): T | null {
  const own = fields.id === undefined || fields.id === null ? undefined : byId.get(Number(fields.id));
  return (
    own ??
    (has(fields, 'remote_id') ? byRemoteId.get(remoteId(fields.remote_id, 'remote_id')) : undefined) ??
    null
  );
}

/** Creates or updates every row, or none where one is refused: what Progenda does with a half-good collection is unknown. */
function bulk<T extends Held>(
  own: Table<T>,
  rows: readonly Fields[],
  from: (fields: Fields, held: T | null) => T,
): T[] {
  const undo: (() => void)[] = [];
  try {
    return rows.map((fields) => {
      const held = meant(own, fields);
      const row = put(own, from(fields, held));
      undo.unshift(() => {
        remove(own, row);
        if (held !== null) put(own, held);
      });
      return row;
    });
  } catch (error) {
    for (const step of undo) step();
    throw error;
  }
}

function writesOfPatients(app: FastifyInstance, state: State): void {
  app.post('/centers/:owner/patients', (request, reply) => {
    const own = tableOf(state.patients, request);
    const fields = inEnvelope(request.body, 'patient');
    demand(fields, ['remote_id']);
    return reply.code(201).send(patientWire(put(own, patientFrom(state, own, fields, null))));
  });
  app.put('/centers/:owner/patients/:key', (request) => {
    const own = tableOf(state.patients, request);
    const held = rowOf(own, request);
    const fields = inEnvelope(request.body, 'patient');
    demand(fields, isRemoteKey(request) ? PATIENT_FIELDS : ['remote_id']);
    const heeded = isRemoteKey(request) ? fields : { remote_id: fields.remote_id }; // by its own id it is only assigned one
    return patientWire(put(own, patientFrom(state, own, heeded, held)));
  });
  app.delete('/centers/:owner/patients/:key', (request, reply) =>
    erase(tableOf(state.patients, request), request, reply),
  );
  app.post('/centers/:owner/patients_collections', (request) => {
    const own = tableOf(state.patients, request);
    const rows = inCollection(request.body, ['patients', 'patient']);
    return {
      patients: bulk(own, rows, (fields, held) => patientFrom(state, own, fields, held)).map(patientWire),
    };
  });
}

const agendaOf = (state: State, request: FastifyRequest): Agenda => ({
  calendar: calendarOf(state, request),
  own: tableOf(state.appointments, request),
});

function writesOfAppointments(app: FastifyInstance, state: State): void {
  app.post('/calendars/:owner/appointments', (request, reply) => {
    const { calendar, own } = agendaOf(state, request);
    const fields = inEnvelope(request.body, 'appointment');
    demand(fields, ['remote_id']);
    return reply
      .code(201)
      .send(
        appointmentWire(state, calendar, put(own, appointmentFrom(state, { calendar, own }, fields, null))),
      );
  });
  // By its own id too it takes every field: a client in the field moves appointments that way.
  app.put('/calendars/:owner/appointments/:key', (request) => {
    const { calendar, own } = agendaOf(state, request);
    const held = rowOf(own, request);
    const fields = inEnvelope(request.body, 'appointment');
    return appointmentWire(
      state,
      calendar,
      put(own, appointmentFrom(state, { calendar, own }, fields, held)),
    );
  });
  app.delete('/calendars/:owner/appointments/:key', (request, reply) =>
    erase(tableOf(state.appointments, request), request, reply),
  );
  app.post('/calendars/:owner/appointments_collections', (request) => {
    const { calendar, own } = agendaOf(state, request);
    const rows = inCollection(request.body, ['appointments', 'appointment']);
    const written = bulk(own, rows, (fields, held) =>
      appointmentFrom(state, { calendar, own }, fields, held),
    );
    return { appointments: written.map((row) => appointmentWire(state, calendar, row)) };
  });
}

/** Deletes by the caller's id alone; the record is in no list any more. */
function erase<T extends Held>(own: Table<T>, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!isRemoteKey(request)) throw refuse(404, 'Not Found');
  remove(own, rowOf(own, request));
  return reply.code(204).send();
}

/** Adds what can be written; centers and calendars cannot. */
export function writes(app: FastifyInstance, state: State): void {
  writesOfPatients(app, state);
  writesOfAppointments(app, state);
  app.post('/calendars/:owner/services_collections', (request) => {
    const own = tableOf(state.services, request);
    const rows = inCollection(request.body, ['services', 'service']);
    return {
      services: bulk(own, rows, (fields, held) => serviceFrom(state, own, fields, held)).map(serviceWire),
    };
  });
}
