import type { FastifyInstance, FastifyRequest } from 'fastify';
import { notFound, paged, params, translated, type Asked, type RawQuery } from './query';
import {
  EMPLOYEE_ROLES,
  EMPLOYEE_STATUSES,
  MEETING_TYPES,
  STATUSES,
  type Appointment,
  type State,
  type Translations,
} from './state';
import type { Table } from './table';

const PAGED = { isPaged: true };
const BY_ID = { id: null, 'external-id': null };
type Lists = Readonly<Record<string, readonly string[] | undefined>>;

const queryOf = (request: FastifyRequest): RawQuery => request.query as RawQuery;
export const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;
/** The record of the path. */
export function found<Row>(table: Pick<Table<Row>, 'get'>, id: string): Row {
  const row = table.get(id);
  if (!row) throw notFound();
  return row;
}
export const itself = <Row>(row: Row): Row => row;
/** How the records of an answer are written: with texts in the language that was asked for. */
export const rendered = ({ headers }: FastifyRequest): ReturnType<typeof translated> =>
  translated(headers['accept-language']);

/** Whether a filter by a list lets a value pass. */
const passes = (
  wanted: readonly string[] | undefined,
  ...values: readonly (string | null | undefined)[]
): boolean =>
  wanted === undefined ||
  values.some((value) => value !== null && value !== undefined && wanted.includes(value));

const APPOINTMENT_FILTERS: Asked = {
  ...PAGED,
  instants: ['from', 'to'],
  lists: {
    ...BY_ID,
    'meeting-type': MEETING_TYPES,
    status: STATUSES,
    'callback-request-id': null,
    'listing-id': null,
    'lead-segment-id': null,
    'subject-id': null,
    'office-id': null,
    'customer-id': null,
    'employee-id': null,
  },
};
const participantsOf = (row: Appointment, type: string): string[] =>
  row.appointmentParticipants.filter((one) => one.type === type).map((one) => one.participant.id);

/** `from` bounds the start and `to` the end, as their descriptions say; what has no date is then left out (assumed). */
function appointmentTest(lists: Lists, from?: string, to?: string): (row: Appointment) => boolean {
  return (row) =>
    (from === undefined || (row.start !== null && row.start >= from)) &&
    (to === undefined || (row.end !== null && row.end <= to)) &&
    passes(lists['id'], row.id) &&
    passes(lists['external-id'], row.externalId) &&
    passes(lists['meeting-type'], row.meetingType) &&
    passes(lists['status'], row.status) &&
    linkTests(row, lists);
}
const linkTests = (row: Appointment, lists: Lists): boolean =>
  passes(lists['callback-request-id'], row.callbackRequest?.id) &&
  passes(lists['listing-id'], row.listing?.id) &&
  passes(lists['lead-segment-id'], row.leadSegment?.id) &&
  passes(lists['subject-id'], row.subject.id) &&
  passes(lists['office-id'], row.office.id) &&
  passes(lists['customer-id'], ...participantsOf(row, 'CUSTOMER')) &&
  passes(lists['employee-id'], ...participantsOf(row, 'EMPLOYEE'));

function appointments(app: FastifyInstance, state: State): void {
  app.get('/appointments', (request) => {
    const asked = params(queryOf(request), APPOINTMENT_FILTERS);
    const { lists, one } = asked;
    const people = lists['employee-id'] ?? lists['customer-id'];
    const among = people && (() => [...new Set(people.flatMap((id) => state.appointments.of(id)))]);
    const name = JSON.stringify([lists, one['from'], one['to']]);
    const rows = state.appointments.select(name, appointmentTest(lists, one['from'], one['to']), among);
    return paged(rows, asked, state, itself);
  });
  app.get('/appointments/:id', (request) => ({ data: found(state.appointments, idOf(request)) }));
}

/** The rows that a list shows: not the deleted ones, the name of the parameter that brings them is not public. */
type Listable = {
  readonly id: string;
  readonly externalId: string | null;
  readonly deletedAt?: string | null;
};
function select<Row extends Listable>(
  table: Table<Row>,
  lists: Lists,
  test: (row: Row) => boolean = () => true,
): readonly Row[] {
  return table.select(
    JSON.stringify(lists),
    (row) =>
      (row.deletedAt ?? null) === null &&
      passes(lists['id'], row.id) &&
      passes(lists['external-id'], row.externalId) &&
      test(row),
  );
}

function people(app: FastifyInstance, state: State): void {
  app.get('/customers', (request) => {
    const asked = params(queryOf(request), { ...PAGED, lists: { ...BY_ID, email: null } });
    const rows = select(state.customers, asked.lists, ({ email }) => passes(asked.lists['email'], email));
    return paged(rows, asked, state, itself);
  });
  app.get('/customers/:id', (request) => ({ data: found(state.customers, idOf(request)) }));

  const lists = {
    ...BY_ID,
    email: null,
    username: null,
    'available-role': EMPLOYEE_ROLES,
    status: EMPLOYEE_STATUSES,
  };
  app.get('/employees', (request) => {
    const asked = params(queryOf(request), { ...PAGED, lists });
    const rows = select(
      state.employees,
      asked.lists,
      (row) =>
        passes(asked.lists['email'], row.email) &&
        passes(asked.lists['username'], row.username) &&
        passes(asked.lists['status'], row.status) &&
        passes(asked.lists['available-role'], ...row.availableRoles),
    );
    return paged(rows, asked, state, rendered(request));
  });
  app.get('/employees/:id', (request) => ({
    data: rendered(request)(found(state.employees, idOf(request))),
  }));
}

/** A list and its single records, with nothing to filter by but ids. */
function catalogue<Row extends Listable & { readonly translations: Translations }>(
  app: FastifyInstance,
  state: State,
  { at, table }: { at: string; table: () => Table<Row> },
): void {
  app.get(at, (request) => {
    const asked = params(queryOf(request), { ...PAGED, lists: BY_ID });
    return paged(select(table(), asked.lists), asked, state, rendered(request));
  });
  app.get(`${at}/:id`, (request) => ({ data: rendered(request)(found(table(), idOf(request))) }));
}

/** Everything that is listed or got by its id. */
export function reads(app: FastifyInstance, state: State): void {
  appointments(app, state);
  people(app, state);
  catalogue(app, state, { at: '/subjects', table: () => state.subjects });
  catalogue(app, state, { at: '/subject-groups', table: () => state.subjectGroups });
  catalogue(app, state, { at: '/offices', table: () => state.offices });
}
