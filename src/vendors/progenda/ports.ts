import type { RemoteRef } from '../../canonical/ids';
import type { ResourceName } from '../../canonical/index';
import { text, type Instant } from '../../canonical/values';
import type { ListQuery, Mapper, Page, Port, Seen } from '../contract';
import type { VendorHttp } from '../kit/policy';
import { mapPage, piecesOf, walk, type WirePage } from '../kit/pages';
import * as api from './api';
import { appointmentMapper } from './appointment.mapper';
import { clientMapper } from './client.mapper';
import { locationMapper } from './location.mapper';
import { practitionerMapper } from './practitioner.mapper';
import type { ProgendaSettings } from './progenda.config';
import { serviceMapper } from './service.mapper';
import * as wire from './wire';
import { writes, type Lists } from './writes';

const DAY = 86_400; // seconds, as all times in this file
const DAYS_A_REQUEST = 31;
/** Where little lies; never so long that an answer could grow too large. */
const MOST_DAYS_A_REQUEST = 4 * DAYS_A_REQUEST;
/** What changed lately, or what is looked through for one record, is little enough for a year at once. */
const DAYS_A_REQUEST_WIDE = 366;
/** Whether `since` includes the second itself, and how exact Progenda's clock is, nobody says. */
const SINCE_OVERLAP = 5 * 60;
/** Not finding a record proves its absence only where its whole list was seen. */
const MOST_PARTS_SEARCHED = 50;
const TOO_LONG = 'The list is too long to look one record up in it, and Progenda reads none by its own id';

/** What a walk through a list is after. */
interface Reading {
  readonly window: { readonly from: number; readonly to: number };
  readonly since: number | null;
  readonly daysARequest: number;
}

/** A resource as Progenda lists it: one list for each owner (a center, a calendar), whose id is the scope of its records. */
interface Source<R extends ResourceName, Owner, Wire> {
  readonly mapper: Mapper<R, Wire, ProgendaSettings>;
  readonly raw: (one: Wire) => { readonly id: wire.Id; readonly remote_id?: wire.Id | null };
  readonly owners: () => Promise<ReadonlyMap<string, Owner>>;
  /** The owner's list from `at` on, where an earlier part's `next` is an `at`. */
  readonly parts: (owner: Owner, at: string | null, reading: Reading) => AsyncIterable<WirePage<Wire>>;
}

/** The ports of one connection. */
export function ports(http: VendorHttp, settings: ProgendaSettings) {
  const centers = (): Promise<wire.WireCenter[]> => api.centersOf(http, settings);
  const calendars = (): Promise<wire.WireCalendar[]> => api.calendarsOf(http, settings);
  const owners = async (): Promise<ReadonlyMap<string, wire.WireCalendar>> => byId(await calendars());
  const clients = port<'clients', wire.WireCenter, wire.ListedPatient>(settings, {
    mapper: clientMapper,
    raw: ({ patient }) => patient,
    owners: async () => byId(await centers()),
    parts: (center, at, { since }) => patientsOf(http, String(center.id), { at, since }),
  });
  const appointments = port<'appointments', wire.WireCalendar, wire.ListedAppointment>(settings, {
    mapper: appointmentMapper,
    raw: ({ appointment }) => appointment,
    owners,
    parts: (calendar, at, reading) => appointmentsOf(http, calendar, { at, reading }),
  });
  const lists = { clients: clients.lists, appointments: appointments.lists };
  const written = writes({ http, settings, lists });
  return {
    locations: port(settings, sole(locationMapper, centers)).reads,
    practitioners: port(settings, sole(practitionerMapper, calendars)).reads,
    services: port<'services', wire.WireCalendar, wire.ListedService>(settings, {
      mapper: serviceMapper,
      raw: ({ service }) => service,
      owners,
      parts: (calendar) => whole(servicesOf(http, String(calendar.id))),
    }).reads,
    clients: { ...clients.reads, ...written.clients, mayMiss: true as const }, // one goes, one comes: the count stays
    appointments: { ...appointments.reads, ...written.appointments },
  };
}

/** Centers and calendars stand below nothing, and come in one answer. */
const sole = <R extends ResourceName, Wire extends { readonly id: wire.Id }>(
  mapper: Mapper<R, Wire, ProgendaSettings>,
  read: () => Promise<readonly Wire[]>,
): Source<R, null, Wire> => ({
  mapper,
  raw: (one) => one,
  owners: () => Promise.resolve(new Map([['', null]])),
  parts: () => whole(read()),
});

/** Lists the owners' lists in turn. Progenda reads no record by its own id: `get` looks its owner's list through. */
function port<R extends ResourceName, Owner, Wire>(
  settings: ProgendaSettings,
  source: Source<R, Owner, Wire>,
): { readonly reads: Pick<Port<R>, 'list' | 'get'>; readonly lists: Lists<R> } {
  const { mapper, raw, owners, parts } = source;
  const idOf = (one: Wire): string | null => text(raw(one).id);
  const pageOf = (items: readonly Wire[], next: string | null): Page<R> =>
    mapPage<R, Wire>(items, next, { map: (one) => mapper.toCanonical(one, settings), raw, idOf });
  const list = async function* (query: ListQuery): AsyncGenerator<Page<R>> {
    for await (const { items, next } of inTurn(source, query)) yield pageOf(items, next);
  };
  const get = async ({ id, scope }: RemoteRef): Promise<Seen<R> | null> => {
    const owner = (await owners()).get(scope);
    if (owner === undefined) return null;
    let searched = 0;
    for await (const { items, next } of parts(owner, null, readingForOne(settings))) {
      const { items: found, setAside } = pageOf(
        items.filter((one) => idOf(one) === id),
        null,
      );
      if (setAside[0]) throw wire.unexpected('get', setAside[0].message);
      if (found[0]) return found[0];
      if (++searched >= MOST_PARTS_SEARCHED && next !== null) throw wire.unexpected('get', TOO_LONG);
    }
    return null;
  };
  const marks = async (scope: string, updatedSince: Instant): Promise<ReadonlyMap<string, string | null>> => {
    const changed = new Map<string, string | null>();
    const owner = (await owners()).get(scope);
    const reading = { ...readingForOne(settings), since: seconds(updatedSince) - SINCE_OVERLAP };
    if (owner !== undefined)
      for await (const { items } of parts(owner, null, reading))
        for (const { id, remote_id } of items.map(raw)) changed.set(String(id), text(remote_id));
    return changed;
  };
  return { reads: { list, get }, lists: { get, marks } };
}

/** The cursor is `owner/at`: the owner's id, and where in its list to go on (nothing: at the beginning). */
async function* inTurn<R extends ResourceName, Owner, Wire>(
  { owners, parts }: Source<R, Owner, Wire>,
  query: ListQuery,
): AsyncGenerator<WirePage<Wire>> {
  const reading = readingOf(query);
  const [, resumed = '', at] = /^([^/]*)\/(.*)$/.exec(query.resumeAt ?? '') ?? [];
  const left = [...(await owners())].filter(([id]) => compareIds(id, resumed) >= 0);
  for (const [i, [id, owner]] of left.entries()) {
    const following = left[i + 1];
    const afterThis = following === undefined ? null : `${following[0]}/`;
    for await (const { items, next } of parts(owner, id === resumed ? text(at) : null, reading))
      yield { items, next: next === null ? afterThis : `${id}/${next}` };
  }
}

const seconds = (instant: Instant): number => Math.ceil(Date.parse(instant) / 1000);

function readingOf({ window, updatedSince }: ListQuery): Reading {
  return {
    window: { from: seconds(window.from), to: seconds(window.to) },
    since: updatedSince === null ? null : seconds(updatedSince) - SINCE_OVERLAP,
    daysARequest: updatedSince === null ? DAYS_A_REQUEST : DAYS_A_REQUEST_WIDE,
  };
}

/** A single appointment is looked for in the window that the connection keeps, and a day around it. */
function readingForOne({ window }: ProgendaSettings): Reading {
  const now = Math.floor(Date.now() / 1000);
  const range = { from: now - (window.pastDays + 1) * DAY, to: now + (window.futureDays + 1) * DAY };
  return { window: range, since: null, daysARequest: DAYS_A_REQUEST_WIDE };
}

/** A list that comes in one answer. */
async function* whole<Wire>(read: Promise<readonly Wire[]>): AsyncGenerator<WirePage<Wire>> {
  yield { items: await read, next: null };
}

const collator = new Intl.Collator('en', { numeric: true });
const compareIds = (a: string, b: string): number => collator.compare(a, b);

/** The owners by id, in the order in which they are read: the same in each run, so that a cursor finds its place. */
function byId<Owner extends { readonly id: wire.Id }>(owners: readonly Owner[]): ReadonlyMap<string, Owner> {
  const named = owners.map((owner): [string, Owner] => {
    const id = text(owner.id);
    if (id === null) throw wire.unexpected('list', 'A center or calendar has no id to read its records by');
    return [id, owner];
  });
  return new Map(named.sort(([a], [b]) => compareIds(a, b)));
}

const servicesOf = async (http: VendorHttp, calendarId: string): Promise<wire.ListedService[]> =>
  (await api.listServices(http, calendarId)).map((service) => ({ service, calendarId }));

/**
 * The pages of a center's patients; `at` is `page.count`. Where the count fell since the page before, records have slid
 * onto that page after it was read: it is read again, and `walk` drops what was seen.
 */
function patientsOf(
  http: VendorHttp,
  centerId: string,
  { at, since }: { at: string | null; since: number | null },
): AsyncGenerator<WirePage<wire.ListedPatient>> {
  const fetch = async (cursor: string): Promise<WirePage<wire.ListedPatient>> => {
    const [page = 1, before = 0] = cursor.split('.').map(Number);
    const found = await api.listPatients(http, { centerId, page, since });
    const hasSlid = found.total !== null && found.total < before;
    const slid = hasSlid ? (await api.listPatients(http, { centerId, page: page - 1, since })).items : [];
    const items = [...slid, ...found.items].map((patient) => ({ patient, centerId }));
    const next = isLast(page, found, since === null) ? null : `${page + 1}.${found.total ?? 0}`;
    return { items, next };
  };
  return walk(at ?? '1.0', fetch, {
    operation: 'list clients',
    idOf: ({ patient }) => text(patient.id) ?? '',
  });
}

/** A full list that ends before its own count is a broken one; with `since`, what the count counts is undocumented. */
function isLast(page: number, { items, total }: api.PatientPage, isFull: boolean): boolean {
  const isShort = items.length < api.PATIENTS_A_PAGE;
  const isBelowCount = total !== null && (page - 1) * api.PATIENTS_A_PAGE + items.length < total;
  if (isShort && isBelowCount && isFull)
    throw wire.unexpected('list clients', 'The list ended before its X-Total-Count');
  return isShort || (total !== null && !isBelowCount);
}

/**
 * A calendar's appointments in pieces of time, each with those that start in it. Nobody says whether Progenda's range
 * means the start, the whole or any part of an appointment, so each request asks a day more on both sides. What has no
 * start that can be read belongs to no piece: it comes with the first that shows it, and `at` (`from.id.id…`) knows it.
 */
async function* appointmentsOf(
  http: VendorHttp,
  calendar: wire.WireCalendar,
  { at, reading }: { at: string | null; reading: Reading },
): AsyncGenerator<WirePage<wire.ListedAppointment>> {
  const calendarId = String(calendar.id);
  const [from, ...undated] = at?.split('.') ?? [];
  const belongs = (piece: Reading['window'], { id, start }: wire.WireAppointment): boolean => {
    const [seconds, name] = [Number(text(start) ?? NaN), text(id) ?? ''];
    if (!Number.isNaN(seconds)) return seconds >= piece.from && seconds < piece.to;
    const isNew = !undated.includes(name);
    if (isNew && name !== '') undated.push(name);
    return isNew;
  };
  let known: ReturnType<typeof api.listServices> | null = null;
  const { window, since, daysARequest: days } = reading;
  const left = { from: Math.max(window.from, Number(from ?? window.from)), to: window.to };
  const lengths = { usual: days * DAY, most: Math.max(days, MOST_DAYS_A_REQUEST) * DAY };
  for (const piece of piecesOf(left, lengths)) {
    const range = { start: piece.from - DAY, stop: piece.to + DAY, since };
    const found = await api.listAppointments(http, { calendarId, ...range });
    const own = found.filter((one) => belongs(piece, one));
    piece.holds = own.length;
    const namesServices = own.some((one) => text(one.service_remote_id) !== null);
    const services = namesServices ? await (known ??= api.listServices(http, calendarId)) : [];
    const next = piece.to < window.to ? [piece.to, ...undated].join('.') : null;
    yield { items: own.map((appointment) => ({ appointment, calendar, services })), next };
  }
}
