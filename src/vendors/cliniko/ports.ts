import type { RemoteRef } from '../../canonical/ids';
import type { ResourceName } from '../../canonical/index';
import { text } from '../../canonical/values';
import type { ListQuery, Mapped, Page, Port, Seen } from '../contract';
import type { VendorHttp } from '../kit/policy';
import { mapPage } from '../kit/pages';
import { reader, type Reader, type Source } from './api';
import { appointmentMapper } from './appointment.mapper';
import { offers, workplaces } from './availability';
import { clientMapper } from './client.mapper';
import type { ClinikoSettings } from './cliniko.config';
import { locationMapper } from './location.mapper';
import { practitionerMapper } from './practitioner.mapper';
import { serviceMapper } from './service.mapper';
import { changedSince, startsWithin } from './tables';
import {
  APPOINTMENT_TYPES,
  ATTENDEES,
  BUSINESSES,
  idOf,
  INACTIVE_PRACTITIONERS,
  kindOf,
  KINDS,
  linkedId,
  LISTED_ATTENDEES,
  PATIENTS,
  PRACTITIONERS,
  type AppointmentWire,
  type ClinikoAppointment,
  type ClinikoAppointmentType,
  type ClinikoAttendee,
  type ClinikoPatient,
  type ClinikoPractitioner,
  type ClinikoRecord,
  type Collection,
  type PractitionerWire,
  type ServiceWire,
} from './wire';
import { appointmentWrites, clientWrites, writer, type AppointmentLook, type Writer } from './writes';

type ReadPort<R extends ResourceName> = Pick<Port<R>, 'list' | 'get'>;
type WritePort<R extends ResourceName> = Omit<Port<R>, 'cancel' | 'bulk'>;
type CancelPort = Pick<Port<'appointments'>, 'cancel'>;
type AccountPorts = { readonly [R in 'locations' | 'practitioners' | 'services']: ReadPort<R> } & {
  readonly clients: WritePort<'clients'>;
  readonly appointments: WritePort<'appointments'> & CancelPort;
};
/** How a resource's wire objects become records: the mapper, and which part of them is Cliniko's own record. */
interface Reading<R extends ResourceName, Wire> {
  readonly map: (wire: Wire) => Mapped<R>;
  readonly raw: (wire: Wire) => ClinikoRecord;
}

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
};

/** Walks the sources and maps what comes. */
async function* pages<R extends ResourceName, Wire>(
  read: Reader,
  sources: readonly Source<Wire>[],
  resumeAt: string | null,
  { map, raw }: Reading<R, Wire>,
): AsyncGenerator<Page<R>> {
  for await (const { items, next } of read.walkAll(sources, resumeAt))
    yield mapPage(items, next, { map, raw, idOf: (wire) => text(raw(wire).id) });
}
const seen = <R extends ResourceName, Wire>(wire: Wire, { map, raw }: Reading<R, Wire>): Seen<R> => ({
  ...map(wire),
  raw: raw(wire),
});

/** A resource besides appointments: its collections, and the ids of neighbours that a record's mapping needs. */
interface Shape<R extends ResourceName, Row extends ClinikoRecord, Wire> extends Reading<R, Wire> {
  readonly collections: readonly Collection<Row>[];
  /** By record; read once for a list, and only where the list holds anything. */
  readonly neighbours: () => Promise<ReadonlyMap<string, ReadonlySet<string>>>;
  readonly wire: (row: Row, neighbours: readonly string[], from: Collection<Row> | null) => Wire;
}
function port<R extends ResourceName, Row extends ClinikoRecord, Wire>(
  read: Reader,
  shape: Shape<R, Row, Wire>,
): ReadPort<R> {
  const { collections, neighbours, wire } = shape;
  return {
    list: (query) => {
      const known = once(neighbours);
      const sources = collections.map((collection) => ({
        collection,
        filters: changedSince(query.updatedSince),
        complete: async (rows: readonly Row[]): Promise<readonly Wire[]> => {
          if (rows.length === 0) return [];
          const by = await known();
          return rows.map((row) => wire(row, [...(by.get(idOf(row)) ?? [])], collection));
        },
      }));
      return pages(read, sources, query.resumeAt, shape);
    },
    get: async ({ id }) => {
      const row = await read.find(collections[0] as Collection<Row>, id);
      return row === null ? null : seen(wire(row, [...((await neighbours()).get(id) ?? [])], null), shape);
    },
  };
}
const none = (): Promise<ReadonlyMap<string, ReadonlySet<string>>> => Promise.resolve(new Map());

/** Reads what the mapping of appointments needs besides them: for a page of them their attendees at once, types and businesses once. */
function appointmentReader(read: Reader) {
  const byId = async <Row extends ClinikoRecord>(collection: Collection<Row>) =>
    new Map((await read.allIfOpen(collection)).map((row) => [idOf(row), row]));
  const types = once(() => byId(APPOINTMENT_TYPES));
  const businesses = once(() => byId(BUSINESSES));
  const complete = async (
    kind: AppointmentWire['kind'],
    rows: readonly ClinikoAppointment[],
  ): Promise<readonly AppointmentWire[]> => {
    const ids = rows.map(idOf).filter((id) => id !== '');
    if (ids.length === 0)
      return rows.map((appointment) => ({ kind, appointment, attendees: [], type: null, business: null }));
    const [attendees, typeById, businessById] = await Promise.all([
      read.all(LISTED_ATTENDEES, [`booking_id:=${ids.join(',')}`]),
      types(),
      businesses(),
    ]);
    const byBooking = new Map<string, ClinikoAttendee[]>(ids.map((id) => [id, []]));
    for (const attendee of attendees) byBooking.get(linkedId(attendee.booking))?.push(attendee);
    return rows.map((appointment) => ({
      kind,
      appointment,
      attendees: byBooking.get(idOf(appointment)) ?? [],
      type: typeById.get(linkedId(appointment.appointment_type)) ?? null,
      business: businessById.get(linkedId(appointment.business)) ?? null,
    }));
  };
  return { types, complete };
}

const APPOINTMENTS = Object.entries(KINDS) as [AppointmentWire['kind'], Collection<ClinikoAppointment>][];

/**
 * Individual and group appointments, two lists read one after the other. An arrival or a cancellation in a group changes
 * the attendee alone, so an incremental read ends with the appointments of attendees that changed.
 */
function appointmentSources(read: Reader, query: ListQuery): readonly Source<AppointmentWire>[] {
  const { window, updatedSince } = query;
  const { complete: completed } = appointmentReader(read);
  const filters = [...startsWithin(window.from, window.to), ...changedSince(updatedSince)];
  const lists = APPOINTMENTS.map(([kind, collection]) => ({
    collection,
    filters,
    complete: (rows: readonly ClinikoAppointment[]) => completed(kind, rows),
  }));
  if (updatedSince === null) return lists;
  const listedAlready = ({ updated_at }: ClinikoAppointment): boolean =>
    (updated_at ?? '').slice(0, 19) >= updatedSince.slice(0, 19);
  const ofChanged = async (attendees: readonly ClinikoAttendee[]): Promise<readonly AppointmentWire[]> => {
    const ids = [...new Set(attendees.map(({ booking }) => linkedId(booking)))].filter((id) => id !== '');
    if (ids.length === 0) return [];
    const found = APPOINTMENTS.map(async ([kind, collection]) => {
      const rows = await read.all(collection, [`id:=${ids.join(',')}`]);
      return completed(
        kind,
        rows.filter((row) => !listedAlready(row)),
      );
    });
    return (await Promise.all(found)).flat();
  };
  return [
    ...lists,
    { collection: ATTENDEES, filters: changedSince(query.updatedSince), complete: ofChanged },
  ];
}

function appointmentPort(desk: Writer, settings: ClinikoSettings): WritePort<'appointments'> & CancelPort {
  const { read } = desk;
  const reading: Reading<'appointments', AppointmentWire> = {
    map: (wire) => appointmentMapper.toCanonical(wire, settings),
    raw: ({ appointment }) => appointment,
  };
  const inWindow = ({ record: { start } }: Seen<'appointments'>, { window }: ListQuery): boolean =>
    start === null || (start >= window.from && start < window.to);
  const look = (): AppointmentLook => {
    const { types, complete } = appointmentReader(read);
    return {
      types,
      see: async (kind, rows) => (await complete(kind, rows)).map((wire) => seen(wire, reading)),
    };
  };
  const get = async ({ id, scope }: RemoteRef): Promise<Seen<'appointments'> | null> => {
    const row = await read.find(KINDS[kindOf(scope)], id);
    return row === null ? null : ((await look().see(kindOf(scope), [row]))[0] ?? null);
  };
  return {
    async *list(query) {
      for await (const page of pages(read, appointmentSources(read, query), query.resumeAt, reading))
        yield { ...page, items: page.items.filter((item) => inWindow(item, query)) };
    },
    get,
    ...appointmentWrites({ ...desk, get, look }),
  };
}

/** What the gateway reads and writes of a Cliniko account. */
export function ports(http: VendorHttp, settings: ClinikoSettings): AccountPorts {
  const read = reader(http);
  const writes = writer(http, read);
  const patients = {
    map: (patient: ClinikoPatient) => clientMapper.toCanonical(patient, settings),
    raw: (patient: ClinikoPatient) => patient,
  };
  return {
    locations: port(read, {
      collections: [BUSINESSES],
      neighbours: none,
      wire: (business) => business,
      map: (business) => locationMapper.toCanonical(business, settings),
      raw: (business) => business,
    }),
    practitioners: port<'practitioners', ClinikoPractitioner, PractitionerWire>(read, {
      collections: [PRACTITIONERS, INACTIVE_PRACTITIONERS],
      neighbours: () => workplaces(read),
      wire: (practitioner, businesses, from) => ({ practitioner, listed: listedIn(from), businesses }),
      map: (wire) => practitionerMapper.toCanonical(wire, settings),
      raw: ({ practitioner }) => practitioner,
    }),
    services: port<'services', ClinikoAppointmentType, ServiceWire>(read, {
      collections: [APPOINTMENT_TYPES],
      neighbours: () => offers(read),
      wire: (type, practitioners) => ({ type, practitioners }),
      map: (wire) => serviceMapper.toCanonical(wire, settings),
      raw: ({ type }) => type,
    }),
    clients: {
      ...port(read, { ...patients, collections: [PATIENTS], neighbours: none, wire: (patient) => patient }),
      ...clientWrites(writes, (patient) => seen(patient, patients)),
    },
    appointments: appointmentPort(writes, settings),
  };
}
const listedIn = (from: Collection<ClinikoPractitioner> | null): PractitionerWire['listed'] =>
  from === null ? null : from === PRACTITIONERS ? 'active' : 'inactive';
