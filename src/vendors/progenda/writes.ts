import type { RemoteRef } from '../../canonical/ids';
import type { ResourceName } from '../../canonical/index';
import { InvalidRecord, text, type Instant } from '../../canonical/values';
import type { BulkItem, Draft, KnownRecord, Mapped, Port, Seen, WriteCall } from '../contract';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { Refusal } from '../kit/refusal';
import * as api from './api';
import { appointmentMapper, CANCELLED, dependsOnHeld, fitted, mustLink, named } from './appointment.mapper';
import { clientMapper, wholePatient } from './client.mapper';
import { centerFor } from './location.mapper';
import type { ProgendaSettings } from './progenda.config';
import * as wire from './wire';

type Written = wire.Written;
type Raw<R extends Written> = wire.WireRecords[R];
type Deed = wire.Deed;
type Services = ReturnType<typeof api.serviceLists>;
type Outcomes<R extends Written> = Map<BulkItem<R>, Seen<R> | Error>;
type Writes<R extends Written> = Pick<Port<R>, 'create' | 'update' | 'delete' | 'find' | 'bulk'>;

/** What writing needs of reading. `marks`: the remote ids of what changed since then, by Progenda's own ids. */
export interface Lists<R extends ResourceName> {
  get(ref: RemoteRef): Promise<Seen<R> | null>;
  marks(scope: string, since: Instant): Promise<ReadonlyMap<string, string | null>>;
}
interface Office {
  readonly http: VendorHttp;
  readonly settings: ProgendaSettings;
  readonly lists: { readonly [R in Written]: Lists<R> };
}

/** What a draft shall become: its own fields, the record that it changes (where that was read), and whose it is. */
interface Target<R extends Written> {
  readonly fields: wire.WireBodies[R];
  readonly record: Raw<R> | null;
  readonly owner: string;
  readonly call: WriteCall;
}
/** How a resource is written; made for one write or one bulk, within which it reads each list once. */
interface Desk<R extends Written> {
  readonly shelf: wire.Shelf<R>;
  /** The fields that the draft fills by itself; it asks nobody. */
  fields: (draft: Draft<R>, call: WriteCall, isNew: boolean) => wire.WireBodies[R];
  /** Where it stands, or shall stand; refused where what the draft names does not belong there. It sends nothing but reads. */
  owner(draft: Draft<R>, call: WriteCall, held?: string): Promise<string>;
  mustRead(patch: Draft<R>): boolean;
  hold: (ref: RemoteRef, call: WriteCall, mustRead: boolean) => Promise<wire.Held<R>>;
  body(draft: Draft<R>, target: Target<R>): Promise<wire.WireBodies[R]>;
  mapped(record: Raw<R>, owner: string): Promise<Mapped<R>>;
}

/** The writing half of both ports. Progenda has no field for the reason of a cancellation. */
export function writes(office: Office) {
  const clients = writing(() => clientDesk(office));
  const appointments = writing(() => appointmentDesk(office));
  const cancel = (ref: RemoteRef, _why: unknown, call: WriteCall) =>
    appointments.update(ref, CANCELLED, call);
  return { clients, appointments: { ...appointments, cancel } };
}

/** Makes a write ready to be sent. `isSure`: what is changed must have been seen to be there. */
async function deedOf<R extends Written>(desk: Desk<R>, item: BulkItem<R>, isSure: boolean): Promise<Deed> {
  const { call } = item;
  const isNew = item.op === 'create';
  const draft = isNew ? item.draft : item.op === 'update' ? item.patch : (CANCELLED as Draft<R>);
  const fields = desk.fields(draft, call, isNew);
  const owner = await desk.owner(draft, call, isNew ? undefined : item.ref.scope);
  const { mark, record } = isNew
    ? { mark: call.id, record: null }
    : await desk.hold(item.ref, call, isSure || desk.mustRead(draft));
  const body = await desk.body(draft, { fields, record, owner, call });
  return { owner, mark, id: isNew ? null : item.ref.id, body };
}

async function seenBy<R extends Written>(desk: Desk<R>, owner: string, raw: Raw<R>): Promise<Seen<R>> {
  try {
    return { ...(await desk.mapped(raw, owner)), raw };
  } catch (error) {
    if (!(error instanceof InvalidRecord || error instanceof TypeError))
      throw wire.failedAs('unknown')(error);
    throw wire.unexpected('read what was written', error.message);
  }
}

/** The writing half of a port. */
function writing<R extends Written>(open: () => Desk<R>): Writes<R> {
  const write = async (item: BulkItem<R>): Promise<Seen<R>> => {
    const desk = open();
    const deed = await deedOf(desk, item, false);
    return seenBy(desk, deed.owner, await api.write(desk.shelf, deed));
  };
  return {
    create: (draft, call) => write({ op: 'create', draft, call }),
    update: (ref, patch, call) => write({ op: 'update', ref, patch, call }),
    delete: async (ref, call) => {
      const desk = open();
      const marked = { owner: ref.scope, mark: (await desk.hold(ref, call, false)).mark };
      const left = await api.erase(desk.shelf, marked);
      return left === null ? null : seenBy(desk, ref.scope, left);
    },
    find: async (draft, call) => {
      const desk = open();
      const owner = await desk.owner(draft, call);
      const made = await api.retrieve(desk.shelf, { owner, mark: call.id });
      return made === null ? [] : [await seenBy(desk, owner, made)];
    },
    bulk: async (items) => {
      const names = items.map(({ call }) => call.id);
      const isFirst = (_item: unknown, i: number): boolean => names.indexOf(names[i] ?? '') === i;
      const together = await allOf(open(), items.filter(isFirst));
      const outcomes: (Seen<R> | Error)[] = [];
      // The second write of a record is made from what the first has left.
      for (const item of items) outcomes.push(together.get(item) ?? (await write(item).catch(wire.asError)));
      return outcomes;
    },
  };
}

/** Writes of different records. A collection makes anew what is gone, so what shall be changed is read first. */
async function allOf<R extends Written>(desk: Desk<R>, items: readonly BulkItem<R>[]): Promise<Outcomes<R>> {
  const outcomes: Outcomes<R> = new Map();
  const sources = new Map<Deed, BulkItem<R>>();
  const prepare = async (item: BulkItem<R>): Promise<void> => {
    const deed = await deedOf(desk, item, true).catch(wire.failedAs('not_done'));
    if (deed instanceof Error) outcomes.set(item, deed);
    else sources.set(deed, item);
  };
  await Promise.all(items.map(prepare));
  for await (const [deed, record] of api.writeAll(desk.shelf, [...sources.keys()])) {
    const outcome =
      record instanceof Error ? record : await seenBy(desk, deed.owner, record).catch(wire.asError);
    outcomes.set(sources.get(deed) as BulkItem<R>, outcome);
  }
  return outcomes;
}

/** Addresses records that are known by Progenda's own ids: by the remote id that they have, or are given now. */
function holding<R extends Written>(shelf: wire.Shelf<R>, lists: Lists<R>): Desk<R>['hold'] {
  const { kind } = shelf;
  const changed = new Map<string, ReturnType<typeof lists.marks>>();
  const read = async ({ id, scope }: RemoteRef, mark: string): Promise<wire.Held<R> | null> => {
    const record = await api.retrieve(shelf, { owner: scope, mark });
    return text(record?.id) === id ? { mark, record } : null;
  };
  /** The remote id as it is now; `emptyAt` is when it was last seen empty, null where nothing is known. */
  const markNow = async (ref: RemoteRef, emptyAt: Instant | null): Promise<string | null> => {
    if (emptyAt === null) return (await lists.get(ref))?.mark ?? null;
    const since = `${emptyAt.slice(0, 10)}T00:00:00.000Z`; // the records of a bulk share the list of a day
    const list = changed.get(ref.scope + since) ?? lists.marks(ref.scope, since);
    changed.set(ref.scope + since, list);
    return (await list).get(ref.id) ?? null;
  };
  /** Finds the record's remote id, or gives it ours where it has none. */
  const marked = async (ref: RemoteRef, known: KnownRecord | null): Promise<wire.Held<R>> => {
    let mark = await markNow(ref, known?.mark === null ? known.seenAt : null);
    if (mark === null && known !== null) {
      mark = known.id;
      await api.assign(shelf, { owner: ref.scope, mark, id: ref.id });
    }
    const held = mark === null ? null : await read(ref, mark);
    if (held !== null) return held;
    throw wire.unexpected(`get ${kind.word}`, `No ${kind.one} has the remote id that it should have`);
  };
  return async (ref, call, mustRead) => {
    const known = call.known(kind.resource, ref);
    const last = known?.mark ?? null;
    // Our id is on no other record; an id of somebody else's making may have gone over to another.
    if (last !== null && last === known?.id && !mustRead) return { mark: last, record: null };
    const held = (last === null ? null : await read(ref, last)) ?? (await marked(ref, known));
    if (held.mark !== last) call.marked(kind.resource, ref, held.mark);
    return held;
  };
}

function clientDesk({ http, settings, lists }: Office): Desk<'clients'> {
  const shelf = { http, kind: wire.KINDS.clients };
  let centers: Promise<wire.WireCenter[]> | null = null;
  return {
    shelf,
    hold: holding(shelf, lists.clients),
    fields: (draft) => clientMapper.toVendor(draft),
    owner: async (_draft, { location }, held) =>
      held ?? centerFor(await (centers ??= api.centersOf(http, settings)), location),
    mustRead: () => true,
    body: (_draft, { fields, record }) => Promise.resolve(wholePatient(record, fields)),
    mapped: (patient, centerId) => Promise.resolve(clientMapper.toCanonical({ patient, centerId }, settings)),
  };
}

/** A client who is gone is a fault in what was asked: the appointment itself may well be there. */
function clientGone(error: unknown): never {
  if (!(error instanceof VendorError && error.kind === 'not_found')) throw error;
  throw new Refusal('validation_failed', 'clientId', 'is no longer a client at Progenda');
}

function appointmentDesk({ http, settings, lists }: Office): Desk<'appointments'> {
  const shelf = { http, kind: wire.KINDS.appointments };
  const holdClient = holding({ http, kind: wire.KINDS.clients }, lists.clients);
  const services = api.serviceLists(http);
  let calendars: Promise<wire.WireCalendar[]> | null = null;
  const calendarOf = async (id: string | undefined): Promise<wire.WireCalendar> => {
    calendars ??= api.calendarsOf(http, settings);
    const calendar = (await calendars).find((one) => text(one.id) === id);
    if (calendar !== undefined) return calendar;
    throw new Refusal('validation_failed', 'practitionerId', 'is no practitioner of this connection');
  };
  return {
    shelf,
    hold: holding(shelf, lists.appointments),
    fields: (draft, { since }, isNew) => named(draft, isNew, since),
    owner: async (draft, _call, held) => {
      const calendar = await calendarOf(held ?? draft.practitionerId?.id);
      mustLink(draft, calendar);
      return String(calendar.id);
    },
    mustRead: dependsOnHeld,
    body: async ({ clientId, serviceId }, { fields, record, call }) => {
      const change = record === null ? fields : fitted(record, fields);
      const service = serviceId ? await serviceMark(services, serviceId, call) : undefined;
      const client = clientId ? await holdClient(clientId, call, false).catch(clientGone) : undefined;
      return { ...change, service_remote_id: service, patient_remote_id: client?.mark };
    },
    mapped: async (appointment, owner) => {
      const calendar = await calendarOf(owner);
      const own = text(appointment.service_remote_id) === null ? [] : await services.of(owner);
      return appointmentMapper.toCanonical({ appointment, calendar, services: own }, settings);
    },
  };
}

/** The remote id of a service; one that has none is given ours, as appointments name services by nothing else. */
async function serviceMark(services: Services, ref: RemoteRef, call: WriteCall): Promise<string> {
  const isIt = ({ id }: wire.WireService): boolean => text(id) === ref.id;
  const known = call.known('services', ref);
  const service = (await services.of(ref.scope)).find(isIt);
  if (service === undefined || known === null)
    throw new Refusal('validation_failed', 'serviceId', "is no longer among the practitioner's services");
  let mark = text(service.remote_id);
  if (mark === null) {
    await services.assign(ref.scope, { ...service, remote_id: known.id });
    mark = text((await services.of(ref.scope)).find(isIt)?.remote_id);
  }
  if (mark === null) throw wire.unexpected('link service', 'Progenda says yes, and has kept no remote id');
  if (mark !== known.mark) call.marked('services', ref, mark);
  return mark;
}
