import type { AppointmentStatus } from '../../canonical/appointment';
import type { ResourceName } from '../../canonical/index';
import { InvalidRecord, text } from '../../canonical/values';
import type { Draft, Mapped, Port, Seen, WriteCall } from '../contract';
import { VendorError, type VendorFailure } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import * as api from './api';
import { appointmentMapper, changedAppointment, isMade, statusFor } from './appointment.mapper';
import * as clients from './client.mapper';
import type { PengaSettings } from './penga.config';
import { meaningOf } from './tables';
import type { AddressBody, AppointmentBody, WireAppointment, WireClient, WireRecord } from './wire';

/** By how much the vendor's clock may be behind what its answers show. */
const SKEW_MS = 120_000;

const restated = (error: unknown, at: Partial<VendorFailure>): Error =>
  error instanceof VendorError
    ? new VendorError(error.kind, error.message, { ...error.at, ...at })
    : (error as Error);

/** What fails once the deed is done says nothing of the deed. */
const afterwards = <T>(asked: Promise<T>): Promise<T> =>
  asked.catch((error: unknown) => {
    throw restated(error, { outcome: 'unknown' });
  });

/** Reads a record; one that cannot be read is an invalid answer. */
function legible<T>(operation: string, read: () => T, outcome?: VendorFailure['outcome']): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidRecord || error instanceof TypeError)) throw error;
    throw api.invalidAnswer(operation, error.message, outcome);
  }
}

/** On a create, null asks for what a new record has anyway. */
const given = <D extends object>(draft: D): D =>
  Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== null)) as D;

const madeSince = <R extends ResourceName>(found: readonly Seen<R>[], { since }: WriteCall): Seen<R>[] =>
  found.filter(({ createdAt }) => Date.parse(createdAt ?? since) >= Date.parse(since) - SKEW_MS);

/** Fails where the vendor did not take the nulls of a change: how a field is cleared is not documented. */
function cleared<R extends ResourceName>(patch: Draft<R>, seen: Seen<R>): Seen<R> {
  const record = seen.record as unknown as Readonly<Record<string, unknown>>;
  const kept = Object.entries(patch).filter(([field, value]) => value === null && record[field] !== null);
  if (kept.length === 0) return seen;
  const fields = kept.map(([field]) => ({ field, message: 'was not cleared by the vendor' }));
  const said = 'The vendor kept what should be cleared; what else was asked for is done';
  throw restated(api.failure('rejected', said, 'clear fields'), { fields });
}

/** A kind of record: how one is read, and what of it the answer to a write must show. */
interface Kind<R extends ResourceName, Wire> {
  readonly operation: string;
  readonly parts: readonly (keyof Wire)[];
  readonly map: (wire: Wire) => Mapped<R>;
  readonly read: (id: string) => Promise<Wire>;
}

/** Reads what a write left behind; whatever goes wrong in that leaves the outcome unknown. */
function results<R extends ResourceName, Wire extends WireRecord>(kind: Kind<R, Wire>) {
  const { operation, map, parts, read } = kind;
  const seen = (wire: Wire): Seen<R> => legible(operation, () => ({ ...map(wire), raw: wire }), 'unknown');
  return {
    seen,
    readAgain: async (id: string): Promise<Seen<R>> => seen(await afterwards(read(id))),
    /** The answer to a write; where it lacks parts that the reference shows, the record itself. */
    whole: async (wire: Wire): Promise<Wire> => {
      const id = text(wire.external_id);
      if (id === null) throw api.invalidAnswer(operation, 'The answer holds no id', 'unknown');
      return parts.every((part) => wire[part] !== undefined) ? wire : afterwards(read(id));
    },
    /** What the vendor still shows of a record that it has deleted. */
    remains: async (id: string): Promise<Seen<R> | null> => {
      const wire = await afterwards(api.orNull(read(id)));
      return wire === null ? null : seen(wire);
    },
  };
}

type Writes<R extends ResourceName> = Pick<Port<R>, 'create' | 'update' | 'delete' | 'find'>;

const says = (wire: WireAppointment, word: AppointmentStatus, { statusMap }: PengaSettings): boolean =>
  meaningOf(wire.appointmentstatus, statusMap) === word;

async function statusId(http: VendorHttp, word: AppointmentStatus, settings: PengaSettings): Promise<string> {
  const statuses = await api.everyRow('list statuses', (page) => api.listStatuses(http, page));
  return statusFor(word, statuses, settings.statusMap);
}

/** The practitioner's appointments at just that time that are what a create asks for. */
async function twins(
  http: VendorHttp,
  draft: Draft<'appointments'>,
  settings: PengaSettings,
): Promise<WireAppointment[]> {
  const asked = appointmentMapper.toVendor(draft);
  const { user_id: user, start_time: start, end_time: end } = asked;
  if (user === undefined || start === undefined || end === undefined) return [];
  // A second more on both sides: whether a period's edges belong to it is not documented.
  const period = { from: Number(start) - 1, to: Number(end) + 1 };
  const read = (of?: string): Promise<WireAppointment[]> =>
    api.everyRow('find appointment', (page) => api.listAppointments(http, page, period, of));
  const rows = (await api.orNull(read(user))) ?? (await read()); // a user that is gone has no list
  return rows.filter((wire) => says(wire, draft.status ?? 'booked', settings) && isMade(wire, asked));
}

/** Writes the appointments of one connection. */
export function appointmentWrites(
  http: VendorHttp,
  settings: PengaSettings,
): Writes<'appointments'> & Pick<Port<'appointments'>, 'cancel'> {
  const { seen, whole, remains } = results<'appointments', WireAppointment>({
    operation: 'read appointment',
    parts: ['start_time', 'appointmentstatus', 'client', 'user'],
    map: (wire) => appointmentMapper.toCanonical(wire, settings),
    read: (id) => api.readAppointment(http, id),
  });
  /** Sends all of the record back. A status that says the word stays: several may say the same to us. */
  const put = async (
    id: string,
    held: WireAppointment,
    changes: AppointmentBody,
    { status, call }: { status: AppointmentStatus | undefined; call: WriteCall },
  ): Promise<Seen<'appointments'>> => {
    const word = status === undefined || says(held, status, settings) ? null : status;
    const body = changedAppointment(held, {
      ...changes,
      ...(word !== null && { appointmentstatus_id: await statusId(http, word, settings) }),
      send_alerts: call.notifyClient,
    });
    return seen(await whole(await api.updateAppointment(http, id, body)));
  };
  return {
    create: async (draft, call) => {
      const body = appointmentMapper.toVendor(given(draft));
      const appointmentstatus_id = await statusId(http, draft.status ?? 'booked', settings);
      const sent = { ...body, appointmentstatus_id, send_alerts: call.notifyClient };
      return seen(await whole(await api.createAppointment(http, sent)));
    },
    update: async ({ id }, patch, call) => {
      const changes = appointmentMapper.toVendor(patch);
      const held = await api.readAppointment(http, id);
      return cleared(patch, await put(id, held, changes, { status: patch.status, call }));
    },
    delete: async ({ id }) => {
      await api.deleteAppointment(http, id);
      return remains(id);
    },
    cancel: async ({ id }, _why, call) => {
      const held = await api.readAppointment(http, id);
      return says(held, 'cancelled', settings)
        ? seen(held)
        : put(id, held, {}, { status: 'cancelled', call });
    },
    find: async (draft, call) => madeSince((await twins(http, given(draft), settings)).map(seen), call),
  };
}

/** A refusal of a client's body in our words: what is the `description` of an appointment is our `notes` here. */
const ofClient = <T>(asked: Promise<T>): Promise<T> =>
  asked.catch((error: unknown) => {
    if (!(error instanceof VendorError)) throw error;
    const fields = (error.at.fields ?? []).map((one) =>
      one.field === 'description' ? { ...one, field: 'notes' } : one,
    );
    throw restated(error, { fields });
  });

/** The second of two requests: where it is refused the first is taken back, so that nothing stays half done. */
async function orBack<T>(step: () => Promise<T>, back: () => Promise<unknown>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof VendorError && error.at.outcome === 'not_done') await afterwards(back());
    throw error;
  }
}

const READ = 'read client';

/** The clients that are what a create asks for. Not by their consents: a create that was lost has not written them yet. */
async function namesakes(http: VendorHttp, asked: clients.ClientBodies): Promise<WireClient[]> {
  const term = clients.searchTerm(asked.client);
  if (term === null) return [];
  const rows = await api.everyRow('find client', (page) => api.searchClients(http, page, term));
  return rows.filter((wire) => legible(READ, () => clients.isMade(wire, asked)));
}

const pointAt = async (http: VendorHttp, address: AddressBody | string | null): Promise<string | null> =>
  typeof address === 'object' && address !== null ? api.createAddress(http, address) : address;

const flagsOf = ({ marketing_options: held }: WireClient, { consents }: Draft<'clients'>) =>
  consents === undefined ? null : legible(READ, () => clients.changedFlags(held, consents));

/** Writes the clients of one connection, with their addresses and consents, which are records of their own. */
export function clientWrites(http: VendorHttp, settings: PengaSettings): Writes<'clients'> {
  const { seen, readAgain, whole, remains } = results<'clients', WireClient>({
    operation: READ,
    parts: ['first_name', 'last_name', 'address', 'marketing_options'],
    map: (wire) => clients.clientMapper.toCanonical(wire, settings),
    read: (id) => api.readClient(http, id),
  });
  return {
    /** The address first, as it can be left over without harm; what the client may be sent is made with the client. */
    create: async (draft) => {
      const asked = given(draft);
      const { client, address } = clients.clientMapper.toVendor(asked, settings);
      const body = address ? { ...client, address_id: await pointAt(http, address) } : client;
      const made = await whole(await ofClient(api.createClient(http, body)));
      const consent = async () => {
        const flags = flagsOf(made, asked);
        return flags && api.updateMarketing(http, flags, api.REPEATABLE);
      };
      const takeBack = () => api.orNull(api.deleteClient(http, made.external_id, api.REPEATABLE));
      return (await orBack(consent, takeBack)) === null ? seen(made) : readAgain(made.external_id);
    },
    update: async ({ id }, patch) => {
      const { client, address } = clients.clientMapper.toVendor(patch, settings);
      const held = await api.readClient(http, id);
      const flags = flagsOf(held, patch);
      const own = legible(READ, () => clients.wholeClient(held));
      const target = clients.addressFor(held, address);
      if (Object.keys(client).length === 0 && target === own.address_id) {
        if (flags === null) return seen(held);
        await api.updateMarketing(http, flags);
        return readAgain(id);
      }
      const body = { ...own, ...client, address_id: await pointAt(http, target) };
      const wire = await whole(await ofClient(api.updateClient(http, id, body)));
      if (flags === null) return cleared(patch, seen(wire));
      const consent = () => api.updateMarketing(http, flags, api.REPEATABLE);
      await orBack(consent, () => api.updateClient(http, id, own, api.REPEATABLE));
      return cleared(patch, await readAgain(id));
    },
    delete: async ({ id }) => {
      await api.deleteClient(http, id);
      return remains(id);
    },
    find: async (draft, call) => {
      const asked = clients.clientMapper.toVendor(given(draft), settings);
      return madeSince((await namesakes(http, asked)).map(seen), call);
    },
  };
}
