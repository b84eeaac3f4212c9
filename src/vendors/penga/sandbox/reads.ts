import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  holds,
  MAX_LISTED,
  pageOf,
  parameters,
  periodOf,
  query,
  searchTerm,
  whole,
  type Oddities,
  type Stretch,
} from './paging';
import { invalid, need } from './refusal';
import { placeOf } from './schedule';
import {
  listed,
  seconds,
  standing,
  type Appointment,
  type Client,
  type Entry,
  type PengaState,
  type Row,
  type Table,
} from './state';
import type { Views } from './views';

/** A kind of record that is searched and listed in one way, whatever it is. */
interface Listing<T extends Row> {
  readonly path: string;
  readonly table: Table<T>;
  readonly texts: (row: T) => readonly (string | null | undefined)[];
  readonly view: (row: T) => unknown;
  readonly searchOddities?: Oddities;
}

/** `…/search` and its twin with pages, `…/perpage/{perPage}`, `…/{id}`: the reads that most kinds of record share. */
export function listing<T extends Row>(app: FastifyInstance, state: PengaState, kind: Listing<T>): void {
  const { path, table, texts, view } = kind;
  const search = (request: FastifyRequest): readonly T[] => {
    const term = searchTerm(request);
    return listed(state, `${path}?${term}`, () =>
      standing(state, table).filter((row) => holds(term, texts(row))),
    );
  };
  app.get(`${path}/search`, (request) => search(request).slice(0, MAX_LISTED).map(view));
  app.get(`${path}/search/perpage/:perPage`, (request) =>
    pageOf(request, whole(search(request)), view, kind.searchOddities),
  );
  app.get(`${path}/perpage/:perPage`, (request) => pageOf(request, whole(standing(state, table)), view));
  app.get(`${path}/:id`, (request) => view(need(table, parameters(request)['id'])));
}

/** What hangs on an appointment, a client or a user: a note or a text message. */
type Owned = Readonly<Record<'appointment' | 'client' | 'user', string | null>>;

/** `…/appointment/{id}`, `…/client/{id}`, `…/user/{id}` with pages: `page` answers for the rows that fit. */
export function perOwner(
  app: FastifyInstance,
  state: PengaState,
  path: string,
  page: (request: FastifyRequest, key: string, fits: (row: Owned) => boolean) => unknown,
): void {
  const tables = { appointment: state.appointments, client: state.clients, user: state.users };
  for (const name of ['appointment', 'client', 'user'] as const)
    app.get(`${path}/${name}/:id/perpage/:perPage`, (request) => {
      const { external_id: id } = need<Row>(tables[name], parameters(request)['id']);
      return page(request, `${name} ${id}`, (row) => row[name] === id);
    });
}

/** Departments, appointment types and appointment statuses: the three lists that are also given whole. */
function entries(app: FastifyInstance, state: PengaState, views: Views): void {
  const texts = ({ name, description }: Entry): (string | null)[] => [name, description];
  const kinds = [
    { path: '/departments', table: state.departments, searchInPath: false },
    { path: '/appointmenttypes', table: state.types, searchInPath: true },
    { path: '/appointmentstatuses', table: state.statuses, searchInPath: true },
  ];
  for (const { path, table, searchInPath } of kinds) {
    app.get(path, () => standing(state, table).map(views.entry));
    listing(app, state, { path, table, texts, view: views.entry, searchOddities: { searchInPath } });
  }
}

/** Clients, with what hangs on them; there is no list of all without pages. */
function clients(app: FastifyInstance, state: PengaState, views: Views): void {
  const texts = (row: Client): (string | null | undefined)[] => {
    const address = state.addresses.byId.get(row.address ?? '');
    return [
      `${row.first_name} ${row.last_name}`,
      row.email,
      row.mobile,
      row.description,
      address?.address_1,
      address?.town,
      address?.postcode,
    ];
  };
  listing(app, state, { path: '/clients', table: state.clients, texts, view: views.client });
  app.get('/postaladdress/:id', (request) => views.address(need(state.addresses, parameters(request)['id'])));
  app.get('/marketing-options-client/:id', (request) =>
    views.marketing(need(state.marketing, parameters(request)['id'])),
  );
}

type Filter = (row: Appointment) => boolean;

/** What a path names: appointments of one user, client, department, type or status. Unknown ids are refused. */
const FILTERS: Readonly<Record<string, (state: PengaState, id: string) => Filter>> = {
  user: (state, id) => (need(state.users, id), (row) => row.user === id),
  client: (state, id) => (need(state.clients, id), (row) => row.client === id),
  type: (state, id) => (need(state.types, id), (row) => row.type === id),
  status: (state, id) => (need(state.statuses, id), (row) => row.status === id),
  department: (state, id) => (
    need(state.departments, id),
    (row) => state.users.byId.get(row.user)?.departments.includes(id) ?? false
  ),
};

/** The appointments that fit every filter, by start. Filtered once, then kept until the next write. */
function filtered(state: PengaState, filters: Readonly<Record<string, string>>): readonly Appointment[] {
  const tests = Object.entries(filters).map(([name, id]) => FILTERS[name]?.(state, id) ?? (() => false));
  if (tests.length === 0) return state.schedule;
  const key = `appointments ${JSON.stringify(filters)}`;
  return listed(state, key, () => state.schedule.filter((row) => tests.every((fits) => fits(row))));
}

const PERIOD_RULES: Readonly<
  Record<PengaState['periodRule'], (row: Appointment, from: number, to: number) => boolean>
> = {
  starts: (row, from, to) => row.start_time >= from && row.start_time <= to,
  contained: (row, from, to) => row.start_time >= from && row.end_time <= to,
  overlaps: (row, from, to) => row.start_time <= to && row.end_time >= from,
};

/** The appointments of a period, edges included. Those of the whole clinic are found in the schedule without a pass over it. */
function within(
  state: PengaState,
  filters: Readonly<Record<string, string>>,
  request: FastifyRequest,
): Stretch<Appointment> {
  const { from, to } = periodOf(request);
  const rows = filtered(state, filters);
  if (state.periodRule === 'starts' && rows === state.schedule)
    return { rows, from: placeOf(state, from), to: Math.max(placeOf(state, from), placeOf(state, to + 1)) };
  const rule = PERIOD_RULES[state.periodRule];
  const key = `${state.periodRule} ${String(from)} ${String(to)} ${JSON.stringify(filters)}`;
  return whole(listed(state, key, () => rows.filter((row) => rule(row, from, to))));
}

const PERIOD = '/starttime/:startTime/endtime/:endTime';

/** Lists by what the path names, with and without a period. The reference gives the client's period no pages. */
function byPath(app: FastifyInstance, state: PengaState, { appointmentRow }: Views): void {
  const named = (request: FastifyRequest): Record<string, string> =>
    Object.fromEntries(Object.entries(parameters(request)).filter(([name]) => name in FILTERS));
  const listedWithin = (request: FastifyRequest): unknown[] => {
    const { rows, from, to } = within(state, named(request), request);
    return rows.slice(from, Math.min(to, from + MAX_LISTED)).map(appointmentRow);
  };
  for (const one of ['', '/user/:user', '/department/:department', '/client/:client'])
    app.get(`/appointments${one}${PERIOD}`, listedWithin);
  for (const one of ['', '/user/:user', '/department/:department'])
    app.get(`/appointments${one}${PERIOD}/perpage/:perPage`, (request) =>
      pageOf(request, within(state, named(request), request), appointmentRow),
    );
  const names = [
    '/client/:client',
    '/user/:user',
    '/department/:department',
    '/type/:type',
    '/status/:status',
  ];
  for (const one of [...names, '/user/:user/type/:type', '/user/:user/status/:status'])
    app.get(`/appointments${one}/perpage/:perPage`, (request) =>
      pageOf(request, whole(filtered(state, named(request))), appointmentRow),
    );
}

/** Appointments: future, search, filter, by path, one. */
function appointments(app: FastifyInstance, state: PengaState, views: Views): void {
  const search = (request: FastifyRequest): readonly Appointment[] => {
    const term = searchTerm(request);
    return listed(state, `appointments?${term}`, () =>
      state.schedule.filter((row) => {
        const client = state.clients.byId.get(row.client);
        return holds(term, [
          row.description,
          `${client?.first_name ?? ''} ${client?.last_name ?? ''}`,
          client?.email,
          client?.mobile,
        ]);
      }),
    );
  };
  app.get('/appointments/search', (request) =>
    search(request).slice(0, MAX_LISTED).map(views.appointmentRow),
  );
  app.get('/appointments/search/perpage/:perPage', (request) =>
    pageOf(request, whole(search(request)), views.appointmentRow),
  );
  app.get('/appointments/future/perpage/:perPage', (request) => {
    const from = placeOf(state, seconds(state) + 1);
    return pageOf(request, { rows: state.schedule, from, to: state.schedule.length }, views.appointmentRow);
  });
  app.post('/appointments/filter/perpage/:perPage', (request) => {
    const ids: Record<string, string> = {};
    for (const [name, field] of [
      ['type', 'appointmenttype_id'],
      ['status', 'appointmentstatus_id'],
      ['user', 'user_id'],
      ['department', 'department_id'],
    ] as const) {
      const id = query(request)[field];
      if (id === undefined) throw invalid({ [field]: [`The ${field} field is required.`] });
      ids[name] = id;
    }
    return pageOf(request, whole(filtered(state, ids)), views.appointmentRow, { losesQuery: true });
  });
  byPath(app, state, views);
  app.get('/appointments/:id', (request) =>
    views.appointment(need(state.appointments, parameters(request)['id'])),
  );
}

/** The calendar's lists: every example of the reference is empty, so the shape of an item is unknown and none is shown. */
function calendar(app: FastifyInstance, state: PengaState): void {
  for (const one of ['', '/user/:user', '/department/:department', '/client/:client'])
    app.get(`/calendar${one}${PERIOD}`, (request) => {
      periodOf(request);
      for (const [name, id] of Object.entries(parameters(request))) FILTERS[name]?.(state, id);
      return [];
    });
}

/** Reading of what is booked, for whom and where. */
export function reads(app: FastifyInstance, state: PengaState, views: Views): void {
  appointments(app, state, views);
  calendar(app, state);
  entries(app, state, views);
  clients(app, state, views);
}
