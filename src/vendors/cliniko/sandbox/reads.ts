import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { badRequest, notFound, select, shows, type Filterable, type QueryParameters } from './query';
import { RENDER, toJson } from './render';
import type { Collections, Row, State, Table } from './state';

const MADE = { id: 'number', created_at: 'datetime', updated_at: 'datetime' } as const;
const REMOVED = { archived_at: 'datetime', deleted_at: 'datetime' } as const;
const BOOKED = {
  ...MADE,
  ...REMOVED,
  business_id: 'number',
  practitioner_id: 'number',
  repeated_from_id: 'number',
  starts_at: 'datetime',
  ends_at: 'datetime',
} as const;
/** What each collection may be filtered and sorted by. */
export const FILTERABLE: Readonly<Record<Collections, Filterable>> = {
  individual_appointments: {
    ...BOOKED,
    appointment_type_id: 'number',
    cancelled_at: 'datetime',
    patient_id: 'number',
  },
  group_appointments: { ...BOOKED, appointment_type_id: 'number', patient_ids: 'array' },
  unavailable_blocks: BOOKED,
  attendees: {
    ...MADE,
    ...REMOVED,
    cancelled_at: 'datetime',
    appointment_id: 'number',
    booking_id: 'number',
    patient_case_id: 'number',
    patient_id: 'number',
  },
  patients: {
    ...MADE,
    archived_at: 'datetime',
    date_of_birth: 'date',
    email: 'string',
    first_name: 'string',
    last_name: 'string',
    old_reference_id: 'string',
    preferred_first_name: 'string',
  },
  practitioners: { ...MADE, user_id: 'number', show_in_online_bookings: 'boolean' },
  businesses: { ...MADE, ...REMOVED, appointment_type_ids: 'array', show_in_online_bookings: 'boolean' },
  appointment_types: {
    ...MADE,
    archived_at: 'datetime',
    category: 'string',
    show_in_online_bookings: 'boolean',
    online_payments_mode: 'string',
  },
  services: {},
  daily_availabilities: { ...MADE, business_id: 'number', practitioner_id: 'number' },
  users: MADE,
};
export type Request = FastifyRequest<{
  Querystring: Record<string, string | string[] | undefined>;
  Params: Record<string, string>;
}>;
/** The API root as the caller wrote it: links are made of it. */
export const baseOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}/v1`;
export const send = (reply: FastifyReply, status: number, body: unknown): FastifyReply =>
  reply.code(status).type('application/json; charset=utf-8').serializer(String).send(toJson(body));

function positive(query: QueryParameters, name: string, otherwise: number, most: number): number {
  const written = query[name];
  if (written === undefined) return otherwise;
  const value = Number(written);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw badRequest(`${name} must be between 1 and ${String(most)}`);
  return value;
}

/** The rows of a list, and how one of them is written. */
export interface Listing {
  readonly key: string;
  readonly rows: readonly Row[];
  readonly render: (row: Row, base: string) => unknown;
}

/** Answers a page in Cliniko's envelope. */
export function sendPage(
  request: Request,
  reply: FastifyReply,
  { key, rows, render }: Listing,
): FastifyReply {
  const { query } = request;
  const [page, perPage] = [
    positive(query, 'page', 1, Number.MAX_SAFE_INTEGER),
    positive(query, 'per_page', 50, 100),
  ];
  const base = baseOf(request);
  const pageUrl = (number: number): string => {
    const url = new URL(base + request.url.replace(/^\/v1/, ''));
    url.searchParams.set('page', String(number));
    return url.toString();
  };
  const links = {
    self: pageUrl(page),
    ...(page * perPage < rows.length ? { next: pageUrl(page + 1) } : {}),
    ...(page > 1 ? { previous: pageUrl(page - 1) } : {}),
  };
  const shown = rows.slice((page - 1) * perPage, page * perPage).map((row) => render(row, base));
  return send(reply, 200, { [key]: shown, total_entries: rows.length, links });
}

/** The record of that id, whatever became of it; Cliniko's 404 where there never was one. */
export function recordOf(table: Table, id: string | undefined): Row {
  const row = table.byId.get(id ?? '');
  if (row === undefined) throw notFound();
  return row;
}

type Handler = (request: Request, reply: FastifyReply) => FastifyReply;

/** Lists what of a collection the request's filters leave, of those the ones that `only` lets through. */
export function lister(state: State) {
  return (name: Collections, only?: (row: Row, params: Record<string, string>) => boolean): Handler =>
    (request, reply) => {
      const rows = select(state.tables[name], request.query, FILTERABLE[name], state);
      const chosen = only === undefined ? rows : rows.filter((row) => only(row, request.params));
      return sendPage(request, reply, { key: name, rows: chosen, render: RENDER[name] });
    };
}

/** The reads of whole collections and of single records. */
export function reads(app: FastifyInstance, state: State): void {
  const { tables } = state;
  const list = lister(state);
  const single =
    (name: Collections): Handler =>
    (request, reply) => {
      const row = recordOf(tables[name], request.params['id']);
      if (!shows(row, request.query, FILTERABLE[name], state)) throw notFound();
      return send(reply, 200, RENDER[name](row, baseOf(request)));
    };
  const isActive = (row: Row): boolean => row['active'] === true;
  for (const name of Object.keys(tables) as Collections[]) {
    app.get(`/${name}`, list(name, name === 'practitioners' ? isActive : undefined));
    if (name !== 'services') app.get(`/${name}/:id`, single(name));
  }
  app.get(
    '/practitioners/inactive',
    list('practitioners', (row) => !isActive(row)),
  );
  app.get('/user', (request, reply) =>
    send(reply, 200, RENDER.users(tables.users.rows[0] as Row, baseOf(request))),
  );
  for (const path of ['/settings', '/settings/public'])
    app.get(path, (_request, reply) => send(reply, 200, { account: { name: 'Harbour Health' } }));
}
