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

/** Creates or updates every row. What a row that is refused does to the others, and what the answer shows, is the state's to say. */
function bulk<T extends Held>(
  { collectionRefuses, collectionShows }: State,
  own: Table<T>,
  rows: readonly Fields[],
  from: (fields: Fields, held: T | null) => T,
): T[] {
  const undo: (() => void)[] = [];
  const written: T[] = [];
  for (const fields of rows) {
    const held = meant(own, fields);
    try {
      const row = put(own, from(fields, held));
      written.push(row);
      undo.unshift(() => {
        remove(own, row);
        if (held !== null) put(own, held);
      });
    } catch (error) {
      if (collectionRefuses === 'record') continue;
      for (const step of undo) step();
      throw error;
    }
  }
  return collectionShows === 'all' ? written : written.slice(-1);
}

const EMPTY = { birthdate: null, address: null, notes: null, language_code: null };

/** The answer to a single write. */
function answered(
  { writesShow }: State,
  reply: FastifyReply,
  [name, record, { id, remoteId: mark }]: readonly [string, object, Held],
): FastifyReply {
  if (writesShow === 'nothing') return reply.code(204).send();
  return reply.send(writesShow === 'ids' ? { [name]: { id, remote_id: mark } } : record);
}

function writesOfPatients(app: FastifyInstance, state: State): void {
  app.post('/centers/:owner/patients', (request, reply) => {
    const own = tableOf(state.patients, request);
    const fields = inEnvelope(request.body, 'patient');
    demand(fields, ['remote_id']);
    const row = put(own, patientFrom(state, own, fields, null));
    return answered(state, reply.code(201), ['patient', patientWire(row), row]);
  });
  app.put('/centers/:owner/patients/:key', (request, reply) => {
    const own = tableOf(state.patients, request);
    const held = rowOf(own, request);
    const fields = inEnvelope(request.body, 'patient');
    demand(fields, isRemoteKey(request) ? PATIENT_FIELDS : ['remote_id']);
    const whole = state.putKeeps ? fields : { ...EMPTY, ...fields };
    const heeded = isRemoteKey(request) ? whole : { remote_id: fields.remote_id }; // by its own id it is only assigned one
    const row = put(own, patientFrom(state, own, heeded, held));
    return answered(state, reply, ['patient', patientWire(row), row]);
  });
  app.delete('/centers/:owner/patients/:key', (request, reply) =>
    erase(tableOf(state.patients, request), request, reply),
  );
  app.post('/centers/:owner/patients_collections', (request) => {
    const own = tableOf(state.patients, request);
    const rows = inCollection(request.body, ['patients', 'patient']);
    return {
      patients: bulk(state, own, rows, (fields, held) => patientFrom(state, own, fields, held)).map(
        patientWire,
      ),
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
    const row = put(own, appointmentFrom(state, { calendar, own }, fields, null));
    return answered(state, reply.code(201), ['appointment', appointmentWire(state, calendar, row), row]);
  });
  // By its own id too it takes every field: a client in the field moves appointments that way.
  app.put('/calendars/:owner/appointments/:key', (request, reply) => {
    const { calendar, own } = agendaOf(state, request);
    const held = rowOf(own, request);
    const fields = inEnvelope(request.body, 'appointment');
    const row = put(own, appointmentFrom(state, { calendar, own }, fields, held));
    return answered(state, reply, ['appointment', appointmentWire(state, calendar, row), row]);
  });
  app.delete('/calendars/:owner/appointments/:key', (request, reply) =>
    erase(tableOf(state.appointments, request), request, reply),
  );
  app.post('/calendars/:owner/appointments_collections', (request) => {
    const { calendar, own } = agendaOf(state, request);
    const rows = inCollection(request.body, ['appointments', 'appointment']);
    const written = bulk(state, own, rows, (fields, held) =>
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
      services: bulk(state, own, rows, (fields, held) => serviceFrom(state, own, fields, held)).map(
        serviceWire,
      ),
    };
  });
}
