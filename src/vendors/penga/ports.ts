import type { ResourceName } from '../../canonical/index';
import { text } from '../../canonical/values';
import type { ListQuery, Mapper, Page, Port, Remote } from '../contract';
import type { VendorHttp } from '../kit/policy';
import { mapPage, walk } from '../kit/pages';
import { ReadAhead } from '../kit/read-ahead';
import * as api from './api';
import { appointmentMapper } from './appointment.mapper';
import { clientMapper } from './client.mapper';
import { locationMapper } from './location.mapper';
import type { PengaSettings } from './penga.config';
import { practitionerMapper } from './practitioner.mapper';
import { serviceMapper } from './service.mapper';
import type { WireRecord } from './wire';
import { appointmentWrites, clientWrites } from './writes';

/** Where a reading of a list stands; the cursor is these numbers, so that a reading resumed elsewhere still knows what it missed. */
interface Position {
  /** 1, or 2 where the first round brought fewer records than the vendor counted. */
  readonly round: number;
  /** The page to read next. */
  readonly page: number;
  /** How many records came, each counted once. */
  readonly seen: number;
  /** How many must come: the first count, less what was removed meanwhile. */
  readonly due: number;
  /** The vendor's latest count. */
  readonly total: number;
}

const ROUNDS = 2;
const startOf = (round: number): Position => ({ round, page: 1, seen: 0, due: 0, total: 0 });
const cursorOf = ({ round, page, seen, due, total }: Position): string =>
  [round, page, seen, due, total].join('.');

function positionOf(cursor: string | null): Position {
  const numbers = /^([12])\.([1-9]\d*)\.(\d+)\.(\d+)\.(\d+)$/
    .exec(cursor ?? '')
    ?.slice(1)
    .map(Number);
  if (!numbers) return startOf(1);
  const [round, page, seen, due, total] = numbers as [number, number, number, number, number];
  return { round, page, seen, due, total };
}

/** A resource as Penga lists and reads it. */
interface Source<R extends ResourceName, Wire> {
  readonly name: R;
  readonly mapper: Mapper<R, Wire, PengaSettings>;
  page(page: number, query: ListQuery): Promise<api.VendorPage<Wire>>;
  one(id: string): Promise<Wire>;
  /** What of a list belongs to the answer; all of it where left out. */
  keeps?(record: Remote<R>, query: ListQuery): boolean;
}

interface Read<Wire> {
  readonly items: readonly Wire[];
  readonly position: Position;
  readonly isLast: boolean;
}

const idOf = (wire: WireRecord): string | null => text(wire.external_id);

/** Pages that were read already, again: where the count fell, the records behind them slid into them. */
async function slid<Wire>(
  { page, total }: Pick<Position, 'page' | 'total'>,
  now: number,
  fetch: (page: number) => Promise<api.VendorPage<Wire>>,
): Promise<Wire[]> {
  const back = Math.ceil(Math.max(0, total - now) / api.PER_PAGE);
  const rows: Wire[] = [];
  for (let again = Math.max(1, page - back); again < page; again += 1)
    rows.push(...(await fetch(again)).rows);
  return rows;
}

/**
 * Pages by their numbers, each asked for while those before it are on their way. Where the vendor's count has moved, what
 * came early may be from before: it is asked for again.
 */
function pagesAhead<Wire>(fetch: (page: number) => Promise<api.VendorPage<Wire>>) {
  const ahead = new ReadAhead(fetch);
  return async (page: number, total: number): Promise<api.VendorPage<Wire>> => {
    const isEarly = ahead.isEarly(page);
    let found = await ahead.take(page);
    if (isEarly && found.total !== total) {
      ahead.forget();
      found = await fetch(page);
    }
    ahead.expect({ first: page + 1, end: found.lastPage + 1 });
    return found;
  };
}

/** One round through a list. Page numbers are counted here: the vendor's links lose their query. */
async function* roundOf<Wire extends WireRecord>(
  start: Position,
  operation: string,
  fetch: (page: number) => Promise<api.VendorPage<Wire>>,
): AsyncGenerator<Read<Wire>> {
  let { seen, due, total } = start;
  const pageAt = pagesAhead(fetch);
  const read = async (cursor: string): Promise<{ items: Wire[]; next: string | null }> => {
    const page = Number(cursor);
    const { rows, lastPage, total: now } = await pageAt(page, total);
    const before = page === 1 ? [] : await slid({ page, total }, now, fetch);
    due = page === 1 ? now : due - Math.max(0, total - now);
    total = now;
    return { items: [...before, ...rows], next: page < lastPage ? String(page + 1) : null };
  };
  for await (const { items, next } of walk(String(start.page), read, {
    operation,
    idOf: (wire) => idOf(wire) ?? '',
  })) {
    seen += items.length;
    const page = next === null ? start.page : Number(next);
    yield { items, position: { round: start.round, page, seen, due, total }, isLast: next === null };
  }
}

/**
 * Reads a list whole. A record that changes its place between two pages is missed: the vendor's count then says so, and
 * the list is read once more; a reading that stays short fails, since a record that is missing in it is not a deleted one.
 */
async function* readAll<R extends ResourceName, Wire extends WireRecord>(
  source: Source<R, Wire>,
  query: ListQuery,
  pageOf: (rows: readonly Wire[], next: string | null) => Page<R>,
): AsyncGenerator<Page<R>> {
  const operation = `list ${source.name}`;
  for (let start = positionOf(query.resumeAt); start.round <= ROUNDS; start = startOf(start.round + 1)) {
    let isShort = false;
    for await (const { items, position, isLast } of roundOf(start, operation, (page) =>
      source.page(page, query),
    )) {
      isShort = position.seen < position.due;
      const again = isShort && start.round < ROUNDS ? cursorOf(startOf(start.round + 1)) : null;
      const page = pageOf(items, isLast ? again : cursorOf(position));
      yield { ...page, items: page.items.filter(({ record }) => source.keeps?.(record, query) ?? true) };
    }
    if (!isShort) return;
  }
  throw api.invalidAnswer(
    operation,
    'The list changed while it was read: fewer records came than the vendor counts',
  );
}

type Reading<R extends ResourceName> = Pick<Port<R>, 'list' | 'get' | 'mayMiss'>;

function port<R extends ResourceName, Wire extends WireRecord>(
  source: Source<R, Wire>,
  settings: PengaSettings,
): Reading<R> {
  const how = {
    map: (wire: Wire) => source.mapper.toCanonical(wire, settings),
    raw: (wire: Wire) => wire,
    idOf,
  };
  const pageOf = (rows: readonly Wire[], next: string | null): Page<R> => mapPage<R, Wire>(rows, next, how);
  return {
    mayMiss: true, // pages have no border to look at, and where one goes and one comes, the count stays
    list: (query) => readAll(source, query, pageOf),
    get: async ({ id }) => {
      const wire = await api.orNull(source.one(id));
      if (wire === null) return null;
      const { items, setAside } = pageOf([wire], null);
      if (setAside[0]) throw api.invalidAnswer(`read ${source.name}`, setAside[0].message);
      return items[0] ?? null;
    },
  };
}

const DAY = 86_400;
const secondsOf = (instant: string): number => Math.floor(Date.parse(instant) / 1000);

/** A day more on both sides: whether Penga means appointments inside a period or ones that touch it is not documented. */
const periodOf = ({ window }: ListQuery): api.Period => ({
  from: secondsOf(window.from) - DAY,
  to: secondsOf(window.to) + DAY,
});

/** Reads each resource of one connection, and writes appointments and clients. */
export function ports(http: VendorHttp, settings: PengaSettings) {
  const portOf = <R extends ResourceName, Wire extends WireRecord>(source: Source<R, Wire>): Reading<R> =>
    port(source, settings);
  const appointments = portOf({
    name: 'appointments',
    mapper: appointmentMapper,
    page: (page, query) => api.listAppointments(http, page, periodOf(query)),
    one: (id) => api.readAppointment(http, id),
    keeps: ({ start }, { window }) => start === null || (start >= window.from && start < window.to),
  });
  const clients = portOf({
    name: 'clients',
    mapper: clientMapper,
    page: (page) => api.listClients(http, page),
    one: (id) => api.readClient(http, id),
  });
  return {
    appointments: { ...appointments, ...appointmentWrites(http, settings) },
    clients: { ...clients, ...clientWrites(http, settings) },
    practitioners: portOf({
      name: 'practitioners',
      mapper: practitionerMapper,
      page: (page) => api.listUsers(http, page),
      one: async (id) => (await api.orNull(api.readUser(http, id))) ?? api.readDeletedUser(http, id),
    }),
    services: portOf({
      name: 'services',
      mapper: serviceMapper,
      page: (page) => api.listTypes(http, page),
      one: (id) => api.readType(http, id),
    }),
    locations: portOf({
      name: 'locations',
      mapper: locationMapper,
      page: (page) => api.listDepartments(http, page),
      one: (id) => api.readDepartment(http, id),
    }),
  };
}
