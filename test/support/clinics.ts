import { Temporal } from 'temporal-polyfill';
import { sandboxOf } from '../../src/sandbox/host';
import type { ResourceName } from '../../src/canonical/index';
import type { Sandbox } from '../../src/vendors/kit/sandbox';
import { stamp, touch, word, type State as ClinikoState } from '../../src/vendors/cliniko/sandbox/state';
import { change, remove as removePenga, type PengaState } from '../../src/vendors/penga/sandbox/state';
import type { State as PexipState } from '../../src/vendors/pexip/sandbox/state';
import {
  put,
  remove,
  secondsNow,
  type State as ProgendaState,
} from '../../src/vendors/progenda/sandbox/state';

/** A stretch of time, half-open. */
export interface Window {
  readonly from: string;
  readonly to: string;
}
/** A vendor's clinic, looked at and changed behind the vendor's API. Ids are the vendor's. */
export interface Clinic {
  readonly sandbox: Sandbox;
  /** What the vendor's lists hold; appointments inside a window, and those without a date. */
  ids(resource: ResourceName, window?: Window): readonly string[];
  /** Changes a client's last name. */
  rename(clientId: string, lastName: string): void;
  /** Deletes, or archives, a client. */
  remove(clientId: string): void;
  /** Makes a client unreadable; what it gives back makes it readable again. */
  spoil(clientId: string): () => void;
  /** The requests that list a resource, as a fault's `path`. */
  readonly lists: Readonly<Record<'clients' | 'appointments', string>>;
}
type Facts = Omit<Clinic, 'sandbox'>;

/** How often a fault happens that shall last until it is healed. */
export const FOR_GOOD = Infinity;
const ALWAYS: Window = { from: '', to: '\uffff' };
const WEDNESDAY = 3;
/** Where the clinics are that are not around the corner from Greenwich. */
const ZONES: Readonly<Record<string, string>> = { cliniko: 'Australia/Sydney' };
const NO_DATE = 'yesterday';
const isIn = ({ from, to }: Window, start: string): boolean => start >= from && start < to;
const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();
/** What must be there, and is not where the test asks for a record that the clinic does not have. */
function known<T>(found: T | undefined, id: string): T {
  if (found === undefined) throw new Error(`the clinic has no ${id}`);
  return found;
}

function penga(state: PengaState): Facts {
  const client = (id: string) => known(state.clients.byId.get(id), id);
  const tables = {
    clients: state.clients,
    practitioners: state.users,
    services: state.types,
    locations: state.departments,
  };
  return {
    lists: { clients: '^/clients/perpage', appointments: '^/appointments/starttime' },
    ids: (resource, window = ALWAYS) =>
      resource === 'appointments'
        ? state.schedule.filter((row) => isIn(window, instant(row.start_time))).map((row) => row.external_id)
        : tables[resource].rows.filter((row) => row.deleted_at === null).map((row) => row.external_id),
    rename: (id, last_name) => {
      change(state, client(id), { last_name });
    },
    remove: (id) => {
      removePenga(state, client(id));
    },
    spoil: (id) => {
      state.odd.set(client(id).external_id, { created_at: NO_DATE });
      state.lists.clear();
      return () => {
        state.odd.delete(id);
        state.lists.clear();
      };
    },
  };
}

function cliniko(state: ClinikoState): Facts {
  const { tables } = state;
  const client = (id: string) => known(tables.patients.byId.get(id), id);
  const rowsOf = {
    clients: tables.patients,
    practitioners: tables.practitioners,
    services: tables.appointment_types,
    locations: tables.businesses,
  };
  const appointments = () => [...tables.individual_appointments.rows, ...tables.group_appointments.rows];
  return {
    lists: { clients: '^/v1/patients', appointments: '^/v1/(individual|group)_appointments' },
    ids: (resource, window = ALWAYS) =>
      (resource === 'appointments'
        ? appointments().filter((row) => isIn(window, new Date(word(row, 'starts_at')).toISOString()))
        : rowsOf[resource].rows
      ).map((row) => word(row, 'id')),
    rename: (id, last_name) => {
      touch(state, client(id), { last_name });
    },
    remove: (id) => {
      touch(state, client(id), { archived_at: stamp(state.now()) });
    },
    spoil: (id) => {
      const { created_at } = client(id);
      touch(state, client(id), { created_at: NO_DATE });
      return () => {
        touch(state, client(id), { created_at });
      };
    },
  };
}

function progenda(state: ProgendaState): Facts {
  const tableOf = (id: string) =>
    known(
      [...state.patients.values()].find(({ byId }) => byId.has(Number(id))),
      id,
    );
  const client = (id: string) => known(tableOf(id).byId.get(Number(id)), id);
  const rowsOf = {
    clients: () => [...state.patients.values()].flatMap(({ rows }) => rows),
    practitioners: () => state.calendars,
    services: () => [...state.services.values()].flatMap(({ rows }) => rows),
    locations: () => state.centers,
  };
  const appointments = () => [...state.appointments.values()].flatMap(({ rows }) => rows);
  return {
    lists: { clients: '/centers/\\d+/patients', appointments: '/calendars/\\d+/appointments' },
    ids: (resource, window = ALWAYS) =>
      (resource === 'appointments'
        ? appointments().filter(({ start, odd }) => odd?.['start'] === null || isIn(window, instant(start)))
        : rowsOf[resource]()
      ).map(({ id }) => String(id)),
    rename: (id, lastName) => {
      put(tableOf(id), { ...client(id), lastName, updatedAt: secondsNow(state) });
    },
    remove: (id) => {
      remove(tableOf(id), client(id));
    },
    spoil: (id) => {
      const { birthdate } = client(id);
      put(tableOf(id), { ...client(id), birthdate: NO_DATE, updatedAt: secondsNow(state) });
      return () => {
        put(tableOf(id), { ...client(id), birthdate, updatedAt: secondsNow(state) });
      };
    },
  };
}

function pexip(state: PexipState): Facts {
  const client = (id: string) => known(state.customers.get(id), id);
  const now = (): string => state.now().toISOString();
  const rowsOf = {
    clients: () => state.customers.all(),
    practitioners: () => state.employees.all().filter(({ status }) => status !== 'SUSPENDED'),
    services: () => state.subjects.all(),
    locations: () => state.offices.all(),
  };
  return {
    lists: { clients: '/customers\\?', appointments: '/appointments\\?' },
    ids: (resource, window = ALWAYS) =>
      resource === 'appointments'
        ? state.appointments
            .all()
            .filter(({ start }) => start === null || isIn(window, start))
            .map(({ id }) => id)
        : rowsOf[resource]()
            .filter((row) => !('deletedAt' in row) || row.deletedAt === null)
            .map(({ id }) => id),
    rename: (id, lastName) => {
      state.customers.put({ ...client(id), lastName, updatedAt: now() });
    },
    remove: (id) => {
      state.customers.put({ ...client(id), deletedAt: now(), updatedAt: now() });
    },
    spoil: (id) => {
      const { createdAt } = client(id);
      state.customers.put({ ...client(id), createdAt: NO_DATE });
      return () => {
        state.customers.put({ ...client(id), createdAt });
      };
    },
  };
}

/** How to look into each vendor's clinic. A vendor that is not here has no end-to-end tests, and they say so. */
const FACTS: Readonly<Record<string, (state: never) => Facts>> = { penga, cliniko, progenda, pexip };

/**
 * Noon of the clinic's last Wednesday: half of that day is past, and what a clinic holds does not hang on the hour, nor
 * on the day, of the run.
 */
function founded(vendor: string): Date {
  const now = Temporal.Now.zonedDateTimeISO(ZONES[vendor] ?? 'Europe/London');
  const noon = now
    .startOfDay()
    .with({ hour: 12 })
    .subtract({ days: (now.dayOfWeek - WEDNESDAY + 7) % 7 });
  const past = Temporal.ZonedDateTime.compare(noon, now) <= 0 ? noon : noon.subtract({ weeks: 1 });
  return new Date(past.epochMilliseconds);
}

/** Starts a vendor's sandbox without its limit of requests; its clock stands until it is open. */
export async function startClinic(
  vendor: string,
  size: { clients: number; appointments: number },
  seed = 1,
): Promise<Clinic> {
  const factsOf = FACTS[vendor];
  if (!factsOf) throw new Error(`test/support/clinics.ts does not know how to look into ${vendor}`);
  let now = () => founded(vendor);
  const sandbox = await sandboxOf(vendor)({ size, seed, now: () => now() });
  now = () => new Date();
  const state = sandbox.state as { requestsPerMinute?: number | null };
  if ('requestsPerMinute' in state) state.requestsPerMinute = null;
  return { sandbox, ...factsOf(state as never) };
}
