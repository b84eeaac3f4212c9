import { InvalidRecord, parseInstant, text } from '../../canonical/values';
import type { ResourceName } from '../../canonical/index';
import type { ListQuery, Mapper, Page, Port, Seen } from '../contract';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { mapPage, walk, type WirePage } from '../kit/pages';
import { ReadAhead } from '../kit/read-ahead';
import * as api from './api';
import { appointmentMapper } from './appointment.mapper';
import { clientMapper } from './client.mapper';
import { locationMapper } from './location.mapper';
import type { PexipSettings } from './pexip.config';
import { practitionerMapper } from './practitioner.mapper';
import { serviceMapper } from './service.mapper';
import { UNDATED_STATUSES } from './tables';
import {
  idOf,
  unexpected,
  type Listed,
  type PexipAppointment,
  type PexipAvailabilitySetting,
  type PexipCustomer,
  type PexipLink,
  type PexipOffice,
  type PexipSubject,
  type ServiceWire,
} from './wire';
import { appointmentWrites, clientWrites } from './writes';

type Reads<R extends ResourceName> = Pick<Port<R>, 'list' | 'get'>;
type Fetch<Row> = (offset: number) => Promise<Listed<Row>>;

/** How far a list is read: so many records, of so many that it was said to hold, the last of them by its id. */
interface Position {
  readonly reached: number;
  readonly total: number;
  readonly last: string;
}
const START = '0/0/';
const cursorOf = ({ reached, total, last }: Position): string =>
  `${reached}/${total}/${encodeURIComponent(last)}`;
function positionOf(cursor: string): Position {
  const [reached, total, last = ''] = cursor.split('/');
  return { reached: Number(reached), total: Number(total), last: decodeURIComponent(last) };
}

/** One reading of a list, from `start` to its end. `seenIn` knows each id that was ever seen, and in which reading last. */
function reading<Row extends PexipLink>(
  fetch: Fetch<Row>,
  { start, pass, seenIn }: { start: Position; pass: number; seenIn: Map<string, number> },
) {
  let { total } = start;
  let found = start.reached;
  let isSteady = true;
  const ahead = new ReadAhead(fetch);
  if (start.last !== '') seenIn.set(start.last, pass);
  return {
    /** Pages overlap by a record: where it is not the same, something moved across the border between them. */
    page: async (cursor: string): Promise<WirePage<Row>> => {
      const { reached: done, last } = positionOf(cursor);
      const offset = last === '' ? done : done - 1;
      const { data, meta } = await ahead.take(offset);
      const [first] = data;
      if (meta.totalCount < total || (last !== '' && (!first || idOf(first) !== last))) isSteady = false;
      total = meta.totalCount;
      const reached = offset + data.length;
      const end = data.length > 1 ? data.at(-1) : undefined;
      const next = cursorOf({ reached, total, last: end ? idOf(end) : '' });
      if (end) ahead.expect({ first: reached - 1, end: total - 1, step: data.length - 1 });
      return { items: data, next: data.length > 0 && reached < total ? next : null };
    },
    isFresh: (row: Row): boolean => {
      const id = idOf(row);
      const seen = seenIn.get(id);
      if (id !== '') seenIn.set(id, pass);
      if (seen !== pass) found += 1;
      return seen === undefined;
    },
    isComplete: (): boolean => isSteady && found === total,
  };
}

/**
 * A whole list, each record once. The vendor promises no order, so its own count is what tells whether all of it was
 * seen: where the two disagree, or the list moved, it is read once more, for what the first reading missed; where they
 * disagree again, the read fails after all that came was handed on. The ids seen are kept for that, the records are not.
 */
async function* everyRecord<Row extends PexipLink>(
  resumeAt: string | null,
  operation: string,
  fetch: Fetch<Row>,
): AsyncGenerator<WirePage<Row>> {
  const seenIn = new Map<string, number>();
  for (const [pass, cursor] of [resumeAt ?? START, START].entries()) {
    const { page, isFresh, isComplete } = reading(fetch, { start: positionOf(cursor), pass, seenIn });
    for await (const { items, next } of walk(cursor, page, { operation, idOf })) {
      const fresh = items.filter(isFresh);
      yield { items: fresh, next: next ?? (isComplete() ? null : START) };
    }
    if (isComplete()) return;
  }
  throw unexpected(operation, 'The list moved while it was read, twice: it may not be complete');
}

/** What turns a vendor's records into ours: `record` is the vendor's own in what is mapped. */
interface Reader<R extends ResourceName, Wire> {
  readonly mapper: Mapper<R, Wire, PexipSettings>;
  readonly settings: PexipSettings;
  readonly record: (wire: Wire) => PexipLink;
}
const toPage = <R extends ResourceName, Wire>(
  { items, next }: WirePage<Wire>,
  { mapper, settings, record }: Reader<R, Wire>,
): Page<R> =>
  mapPage(items, next, {
    map: (wire) => mapper.toCanonical(wire, settings),
    raw: record,
    idOf: (wire) => text(record(wire).id),
  });
const toSeen = <R extends ResourceName, Wire>(
  wire: Wire | null,
  { mapper, settings, record }: Reader<R, Wire>,
): Seen<R> | null => wire && { ...mapper.toCanonical(wire, settings), raw: record(wire) };

const itself = <Row>(row: Row): Row => row;

/** A resource that is one list and whose records need no neighbours. */
const plain = <R extends ResourceName, Row extends PexipLink>(
  mapper: Mapper<R, Row, PexipSettings>,
  settings: PexipSettings,
  by: { operation: string; fetch: Fetch<Row>; get: (id: string) => Promise<Row | null> },
): Reads<R> => ({
  async *list({ resumeAt }) {
    for await (const page of everyRecord(resumeAt, by.operation, by.fetch))
      yield toPage(page, { mapper, settings, record: itself });
  },
  get: async ({ id }) => toSeen(await by.get(id), { mapper, settings, record: itself }),
});

const OPEN: ReadonlySet<string> = new Set(UNDATED_STATUSES);
const isWithoutDate = ({ start }: PexipAppointment): boolean => text(start) === null;
/** Which of the two lists an appointment is taken from: it may stand in both. */
const isOfOpenList = (wire: PexipAppointment): boolean =>
  isWithoutDate(wire) && OPEN.has(text(wire.status) ?? '');
/** An unreadable start is kept: the mapper sets the record aside, where it is seen. */
function isInside(wire: PexipAppointment, { from, to }: ListQuery['window']): boolean {
  const start = parseInstant(text(wire.start) ?? '');
  return start === null || (start >= from && start < to);
}

/** Appointments are two lists: those with a date, then those of the states in which there may be none. */
function appointments(http: VendorHttp, settings: PexipSettings): Reads<'appointments'> {
  const reader = { mapper: appointmentMapper, settings, record: itself<PexipAppointment> };
  const operation = 'list appointments';
  return {
    async *list({ window, resumeAt }) {
      const [part, at = START] = resumeAt?.split(':') ?? ['dated'];
      const dated: Fetch<PexipAppointment> = (offset) => api.listDatedAppointments(http, window, offset);
      if (part === 'dated')
        for await (const { items, next } of everyRecord(at, operation, dated)) {
          const own = items.filter((wire) => !isOfOpenList(wire) && isInside(wire, window));
          yield toPage({ items: own, next: next === null ? `open:${START}` : `dated:${next}` }, reader);
        }
      const open: Fetch<PexipAppointment> = (offset) => api.listOpenAppointments(http, offset);
      for await (const { items, next } of everyRecord(part === 'open' ? at : START, operation, open))
        yield toPage(
          { items: items.filter(isOfOpenList), next: next === null ? null : `open:${next}` },
          reader,
        );
    },
    get: async ({ id }) => toSeen(await api.getAppointment(http, id), reader),
  };
}

const minutesOf = ({ estimatedDuration: minutes }: PexipAvailabilitySetting): number | null =>
  typeof minutes === 'number' && Number.isInteger(minutes) && minutes > 0 ? minutes : null;

async function* settingsOfOffices(http: VendorHttp): AsyncGenerator<PexipAvailabilitySetting> {
  const fetch: Fetch<PexipOffice> = (offset) => api.listOffices(http, offset);
  for await (const { items } of everyRecord(null, 'list offices', fetch))
    for (const office of items) yield* await api.availabilitySettings(http, idOf(office));
}

/** By subject: the minutes on which every office and meeting type agrees, null where they do not. */
async function durations(http: VendorHttp): Promise<ReadonlyMap<string, number | null>> {
  const agreed = new Map<string, number | null>();
  try {
    for await (const setting of settingsOfOffices(http)) {
      const [subject, minutes] = [idOf(setting.subject ?? {}), minutesOf(setting)];
      const known = agreed.get(subject);
      agreed.set(subject, known === undefined || known === minutes ? minutes : null);
    }
    return agreed;
  } catch (error) {
    // Offices may be closed to us while subjects are not. Where one cannot be heard, nobody can say that all agree.
    const isClosed =
      error instanceof VendorError && (error.kind === 'forbidden' || error.kind === 'not_found');
    if (isClosed || error instanceof InvalidRecord) return new Map();
    throw error;
  }
}

function services(http: VendorHttp, settings: PexipSettings): Reads<'services'> {
  const reader = { mapper: serviceMapper, settings, record: ({ subject }: ServiceWire) => subject };
  const withDuration =
    (minutes: ReadonlyMap<string, number | null>) =>
    (subject: PexipSubject): ServiceWire => ({
      subject,
      durationMinutes: minutes.get(idOf(subject)) ?? null,
    });
  return {
    async *list({ resumeAt }) {
      const toWire = withDuration(await durations(http));
      for await (const { items, next } of everyRecord(resumeAt, 'list subjects', (at) =>
        api.listSubjects(http, at),
      ))
        yield toPage({ items: items.map(toWire), next }, reader);
    },
    async get({ id }) {
      const subject = await api.getSubject(http, id);
      return subject && toSeen(withDuration(await durations(http))(subject), reader);
    },
  };
}

/** What can be read of an enterprise, and written. */
export const ports = (http: VendorHttp, settings: PexipSettings) => ({
  appointments: { ...appointments(http, settings), ...appointmentWrites(http, settings) },
  clients: {
    ...plain<'clients', PexipCustomer>(clientMapper, settings, {
      operation: 'list customers',
      fetch: (offset) => api.listCustomers(http, offset),
      get: (id) => api.getCustomer(http, id),
    }),
    ...clientWrites(http, settings),
  },
  practitioners: plain(practitionerMapper, settings, {
    operation: 'list employees',
    fetch: (offset) => api.listEmployees(http, offset),
    get: (id) => api.getEmployee(http, id),
  }),
  services: services(http, settings),
  locations: plain(locationMapper, settings, {
    operation: 'list offices',
    fetch: (offset) => api.listOffices(http, offset),
    get: (id) => api.getOffice(http, id),
  }),
});
