import type { RemoteRef } from '../../canonical/ids';
import { InvalidRecord, text } from '../../canonical/values';
import type { Draft, Port, Seen, WriteCall } from '../contract';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { Refusal } from '../kit/refusal';
import * as api from './api';
import * as mapper from './appointment.mapper';
import { patientBody, patientBodyOver } from './client.mapper';
import { roomOf } from './service.mapper';
import { ARRIVED, cancellationBody, madeSince } from './tables';
import * as wire from './wire';

const GONE: readonly wire.HidingField[] = ['deleted_at', 'archived_at'];

/**
 * Sends by the verb of today and, where Cliniko does not know that of a record which stands, by the one of its older
 * pages, which is then kept to. A cancelled record answers 404 too.
 */
function byVerb<M extends string>(
  read: api.Reader,
  [today, older]: readonly [M, M],
  hiding: readonly wire.HidingField[],
) {
  let known = today;
  return async <T>({ collection, id }: api.Target, send: (verb: M) => Promise<T>): Promise<T> => {
    try {
      return await send(known);
    } catch (error) {
      if (!(error instanceof VendorError) || ![404, 405].includes(error.at.status ?? 0)) throw error;
      const row = await read.find(collection, id);
      const hidden = hiding.find((field) => text(row?.[field]) !== null);
      if (hidden === 'cancelled_at')
        throw new VendorError('conflict', 'It is cancelled, which is final at Cliniko', error.at);
      if (row === null || hidden !== undefined || known === older) throw error;
      const answer = await send(older);
      known = older;
      return answer;
    }
  };
}

/** What the writes of a connection are done with; they share what they learn of Cliniko's verbs. */
export interface Writer {
  readonly http: VendorHttp;
  readonly read: api.Reader;
  readonly change: <Row extends wire.ClinikoRecord>(target: api.Target<Row>, json: object) => Promise<Row>;
  readonly archive: (target: api.Target) => Promise<void>;
  readonly cancel: (target: api.Target, json: wire.CancellationBody) => Promise<void>;
}
/** Opens the writes of a connection. */
export function writer(http: VendorHttp, read: api.Reader): Writer {
  const changing = byVerb(read, ['PATCH', 'PUT'], [...GONE, 'cancelled_at']);
  const archiving = byVerb(read, ['POST', 'DELETE'], GONE);
  const cancelling = byVerb(read, ['PATCH', 'PATCH'], [...GONE, 'cancelled_at']);
  return {
    http,
    read,
    change: (target, json) => changing(target, (verb) => api.changeRecord(http, target, verb, json)),
    archive: (target) => archiving(target, (verb) => api.archiveRecord(http, target, verb)),
    cancel: (target, json) => cancelling(target, () => api.cancelRecord(http, target, json)),
  };
}

/** What follows a write that was done: its failure is none of the write, which has to be looked at then. */
async function afterwards<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InvalidRecord || error instanceof TypeError)
      throw api.unexpected('read what was written', 200, error.message, 'unknown');
    if (!(error instanceof VendorError)) throw error;
    throw new VendorError(error.kind, error.message, { ...error.at, outcome: 'unknown' });
  }
}

/** The writes of patients; `old_reference_id` holds our id of those that we made, and finds them again. */
export function clientWrites(
  { http, read, change, archive }: Writer,
  see: (patient: wire.ClinikoPatient) => Seen<'clients'>,
): Pick<Port<'clients'>, 'create' | 'update' | 'delete' | 'find'> {
  const collection = wire.PATIENTS;
  return {
    create: async (draft, call) => {
      const body = { ...patientBody(draft), old_reference_id: call.id };
      const made = await api.createRecord(http, collection, body);
      return afterwards(() => see(made));
    },
    update: async ({ id }, patch) => {
      const body = patientBody(patch);
      const isShared = body.patient_phone_numbers !== undefined || body.reminder_type !== undefined;
      const held = isShared ? await read.find(collection, id) : null;
      const json = held === null ? body : patientBodyOver(patch, held);
      const changed = await change({ collection, id }, json);
      return afterwards(() => see(changed));
    },
    delete: async ({ id }) => {
      await archive({ collection, id });
      const left = await afterwards(() => read.find(collection, id));
      return left === null ? null : afterwards(() => see(left));
    },
    find: async (_draft, { id }) =>
      (await read.all(collection, [`old_reference_id:=${id}`])).map(see).filter(({ mark }) => mark === id),
  };
}

type Kind = wire.AppointmentWire['kind'];
type Wanted = Draft<'appointments'>;
type SeenAppointment = Seen<'appointments'>;
type Steps = readonly mapper.AttendeeStep[];
/** A look at appointments: the types, read once, and rows with all that their mapping needs. */
export interface AppointmentLook {
  types(): Promise<ReadonlyMap<string, wire.ClinikoAppointmentType>>;
  see(kind: Kind, rows: readonly wire.ClinikoAppointment[]): Promise<readonly SeenAppointment[]>;
}
/** What the writes of appointments stand on. */
interface Desk extends Writer {
  get(ref: RemoteRef): Promise<SeenAppointment | null>;
  look(): AppointmentLook;
}
const targetOf = ({ id, scope }: RemoteRef): api.Target<wire.ClinikoAppointment> => ({
  collection: wire.KINDS[wire.kindOf(scope)],
  id,
});

/** An appointment as Cliniko has it, `row` where an answer held it already. */
async function current({ read }: Desk, look: AppointmentLook, ref: RemoteRef, row?: wire.ClinikoAppointment) {
  const { collection, id } = targetOf(ref);
  const there = row ?? (await read.find(collection, id));
  const [seen] = there === null ? [] : await look.see(wire.kindOf(ref.scope), [there]);
  if (seen) return seen;
  throw api.unexpected('get appointments', 404, 'Cliniko shows no such appointment');
}

/** The same after a write, with a warning where its practitioner is booked twice at a new time. */
async function written(desk: Desk, see: Promise<SeenAppointment>, placed: RemoteRef | null) {
  const asked = placed && api.conflictsExist(desk.http, targetOf(placed)).catch(() => false); // no fault of the write
  const [seen, isDouble] = await afterwards(() => Promise.all([see, asked]));
  const warning = { field: 'conflicts', value: 'the practitioner is booked twice then' };
  return isDouble === true ? { ...seen, warnings: [...seen.warnings, warning] } : seen;
}

/** Does one step of those that make attendees what they shall be. */
async function take(desk: Desk, booking_id: string, step: mapper.AttendeeStep): Promise<void> {
  const target = { collection: wire.ATTENDEES, id: 'id' in step ? step.id : '' };
  if (step.act === 'add') await api.createRecord(desk.http, wire.ATTENDEES, { booking_id, ...step.body });
  else if (step.act === 'change') await desk.change(target, step.body);
  else if (step.act === 'cancel') await desk.cancel(target, cancellationBody(null, null));
  else await desk.archive(target);
}

/** What a draft asks to be made: a group where its service is for several, or where it names attendees. */
async function asked(draft: Wanted, look: AppointmentLook): Promise<{ kind: Kind; room: number }> {
  const room = roomOf((await look.types()).get(draft.serviceId?.id ?? '') ?? {});
  return { kind: draft.attendees !== undefined || room > 1 ? 'group' : 'individual', room };
}

/** The step that says whether the client of an individual appointment came, which stands on its one attendee. */
function arrival({ record: { status: known, attendees } }: SeenAppointment, status: Wanted['status']): Steps {
  const arrived = status && ARRIVED[status];
  if (arrived === undefined || known === status) return [];
  const id = attendees[0]?.remoteId ?? null;
  if (id !== null) return [{ act: 'change', id, body: { arrived } }];
  throw new Refusal('capability_not_supported', 'status', 'needs an attendee, and Cliniko shows none');
}

/** Makes the appointment, then what stands on attendees; where that is refused, takes the appointment away again. */
async function create(desk: Desk, draft: Wanted): Promise<SeenAppointment> {
  mapper.appointmentBody(draft); // refuses before anything is asked
  const look = desk.look();
  const { kind, room } = await asked(draft, look);
  const { body, steps } = mapper.creation(draft, kind, room);
  const row = await api.createRecord<wire.ClinikoAppointment>(desk.http, wire.KINDS[kind], body);
  const ref = { id: wire.idOf(row), scope: kind };
  const hasCome = kind === 'individual' && draft.status !== undefined && draft.status !== 'booked';
  try {
    const people = hasCome ? arrival(await current(desk, look, ref, row), draft.status) : steps;
    for (const step of people) await take(desk, ref.id, step);
  } catch (error) {
    const isOpen = error instanceof VendorError && error.at.outcome === 'unknown';
    if (!isOpen) await afterwards(() => desk.archive(targetOf(ref)));
    throw error;
  }
  const isWhole = !hasCome && steps.length === 0;
  return written(desk, current(desk, look, ref, isWhole ? row : undefined), ref);
}

/** The steps that make the attendees what the patch wants; none where it says nothing of them. */
async function stepsOf(desk: Desk, look: AppointmentLook, ref: RemoteRef, patch: Wanted): Promise<Steps> {
  if (patch.attendees !== undefined) {
    const { record, raw } = await current(desk, look, ref);
    return mapper.attendeeSteps(patch.attendees, record.attendees, roomOf(raw as wire.ClinikoAppointment));
  }
  if (patch.status === undefined || wire.kindOf(ref.scope) === 'group') return [];
  return arrival(await current(desk, look, ref), patch.status);
}

/** Changes the appointment, then its attendees; the refusal of a later step says that others were done. */
async function update(desk: Desk, ref: RemoteRef, patch: Wanted): Promise<SeenAppointment> {
  const look = desk.look();
  mapper.changeable(patch, wire.kindOf(ref.scope));
  const body = mapper.appointmentBody(patch);
  const people = await stepsOf(desk, look, ref, patch);
  const changed = JSON.stringify(body) === '{}' ? undefined : await desk.change(targetOf(ref), body);
  for (const [nth, step] of people.entries())
    await take(desk, ref.id, step).catch((error: unknown) => {
      const done = nth + (changed ? 1 : 0);
      if (!(error instanceof VendorError) || done === 0) throw error;
      throw new VendorError(error.kind, `${error.message} (steps done before it: ${String(done)})`, error.at);
    });
  const row = people.length === 0 ? changed : undefined;
  const moved = body.starts_at ?? body.ends_at ?? body.practitioner_id;
  return written(desk, current(desk, look, ref, row), moved === undefined ? null : ref);
}

/** What a create of the draft may have made since then, as far as it stands. */
async function find(desk: Desk, draft: Wanted, { since }: WriteCall): Promise<readonly SeenAppointment[]> {
  const look = desk.look();
  const { kind } = await asked(draft, look);
  const { practitioner_id: practitioner = '', patient_id: patient = '' } = mapper.appointmentBody(draft);
  const owner = kind === 'group' ? `practitioner_id:=${practitioner}` : `patient_id:=${patient}`;
  const rows = await desk.read.all(wire.KINDS[kind], [owner, ...madeSince(since, draft.start ?? since)]);
  const fits = ({ record, deletedAt }: SeenAppointment): boolean =>
    deletedAt === null && mapper.isMadeOf(draft, record, kind);
  return (await look.see(kind, rows)).filter(fits);
}

/** The writes of individual and group appointments. */
export function appointmentWrites(
  desk: Desk,
): Pick<Port<'appointments'>, 'create' | 'update' | 'delete' | 'cancel' | 'find'> {
  return {
    create: (draft) => create(desk, draft),
    update: (ref, patch) => update(desk, ref, patch),
    delete: async (ref) => {
      await desk.archive(targetOf(ref));
      return afterwards(() => desk.get(ref));
    },
    cancel: async (ref, { reason, note }) => {
      mapper.changeable({ status: 'cancelled' }, wire.kindOf(ref.scope));
      await desk.cancel(targetOf(ref), cancellationBody(reason, note));
      return written(desk, current(desk, desk.look(), ref), null);
    },
    find: (draft, call) => find(desk, draft, call),
  };
}
