import type { FastifyInstance } from 'fastify';
import { notFound, select, shows, type Filterable } from './query';
import { baseOf, FILTERABLE, lister, recordOf, send, sendPage, type Request } from './reads';
import { RENDER } from './render';
import { HIDING, idOf, stands, type Row, type State, word } from './state';

const BOOKINGS: Filterable = {
  ...FILTERABLE.individual_appointments,
  patient_ids: 'array',
  did_not_arrive: 'boolean',
};
const BOOKING_TABLES = ['individual_appointments', 'group_appointments', 'unavailable_blocks'] as const;

/** Lists below another record, the lists of before 2023, and the union of bookings. */
export function nestedReads(app: FastifyInstance, state: State): void {
  below(app, state);
  attendeesBelow(app, state);
  withoutQuery(app, state);
  bookings(app, state);
}

/** Attendees below what they attend, and below who they are. */
function attendeesBelow(app: FastifyInstance, state: State): void {
  for (const [parent, field] of [
    ['individual_appointments', 'booking_id'],
    ['group_appointments', 'booking_id'],
    ['patients', 'patient_id'],
  ] as const)
    app.get(`/${parent}/:id/attendees`, (request: Request, reply) => {
      recordOf(state.tables[parent], request.params['id']);
      return lister(state)('attendees', (row, { id }) => row[field] === id)(request, reply);
    });
}

/** Lists below another record. */
function below(app: FastifyInstance, state: State): void {
  const { tables } = state;
  const list = lister(state);
  const offering =
    (field: string) =>
    (row: Row, { id }: Record<string, string>): boolean =>
      tables.services.rows.some(
        (service) =>
          service[field] === id && (service['practitioner_ids'] as readonly string[]).includes(idOf(row)),
      );
  for (const [parent, field] of [
    ['businesses', 'business_id'],
    ['appointment_types', 'appointment_type_id'],
  ] as const)
    for (const isActive of [true, false])
      app.get(`/${parent}/:id/practitioners${isActive ? '' : '/inactive'}`, (request: Request, reply) => {
        recordOf(tables[parent], request.params['id']);
        const offers = offering(field);
        return list('practitioners', (row, params) => row['active'] === isActive && offers(row, params))(
          request,
          reply,
        );
      });
  app.get('/practitioners/:id/appointment_types', (request: Request, reply) => {
    const id = idOf(recordOf(tables.practitioners, request.params['id']));
    const offered = new Set(
      tables.services.rows
        .filter((service) => (service['practitioner_ids'] as readonly string[]).includes(id))
        .map((service) => service['appointment_type_id']),
    );
    return list('appointment_types', (row) => offered.has(row['id']))(request, reply);
  });
  app.get(
    '/businesses/:id/services',
    list('services', (row, { id }) => row['business_id'] === id),
  );
  app.get(
    '/businesses/:id/daily_availabilities',
    list('daily_availabilities', (row, { id }) => row['business_id'] === id),
  );
  app.get(
    '/practitioners/:id/daily_availabilities',
    list('daily_availabilities', (row, { id }) => row['practitioner_id'] === id),
  );
}

/** The lists of hidden records of the pages of 2022, before filters brought them in. */
function withoutQuery(app: FastifyInstance, state: State): void {
  for (const name of ['individual_appointments', 'group_appointments', 'attendees', 'patients'] as const)
    for (const field of HIDING)
      app.get(`/${name}/${field.replace('_at', '')}`, (request: Request, reply) => {
        const rows = state.tables[name].rows.filter((row) => (row[field] ?? null) !== null);
        return sendPage(request, reply, { key: name, rows, render: RENDER[name] });
      });
}

/** The read-only union of appointments and blocks: its links say `bookings`, and the conflicts link what it really is. */
function bookings(app: FastifyInstance, state: State): void {
  const render = (row: Row, base: string): unknown => {
    const name = BOOKING_TABLES.find((one) => state.tables[one].byId.has(idOf(row))) ?? 'unavailable_blocks';
    return { ...(RENDER[name](row, base) as object), links: { self: `${base}/bookings/${idOf(row)}` } };
  };
  app.get('/bookings', (request: Request, reply) => {
    const rows = BOOKING_TABLES.flatMap((name) => select(state.tables[name], request.query, BOOKINGS, state));
    return sendPage(request, reply, { key: 'bookings', rows, render });
  });
  app.get('/bookings/:id', (request: Request, reply) => {
    const { id = '' } = request.params;
    const row = BOOKING_TABLES.map((name) => state.tables[name].byId.get(id)).find(
      (found) => found !== undefined,
    );
    if (row === undefined || !shows(row, request.query, BOOKINGS, state)) throw notFound();
    return send(reply, 200, render(row, baseOf(request)));
  });
  for (const name of BOOKING_TABLES)
    app.get(`/${name}/:id/conflicts`, (request: Request, reply) => {
      const row = recordOf(state.tables[name], request.params['id']);
      return send(reply, 200, {
        conflicts: { exist: overlapping(state, row).some((other) => other !== row) },
      });
    });
}

/** What stands in a practitioner's calendar at the time of a booking, that booking included. */
export function overlapping(state: State, slot: Row): readonly Row[] {
  const [practitioner, start, end] = [
    word(slot, 'practitioner_id'),
    word(slot, 'starts_at'),
    word(slot, 'ends_at'),
  ];
  return BOOKING_TABLES.flatMap(
    (name) => state.tables[name].indexes.get('practitioner_id')?.get(practitioner) ?? [],
  )
    .filter(stands)
    .filter((other) => word(other, 'starts_at') < end && word(other, 'ends_at') > start);
}
