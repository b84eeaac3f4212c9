import type { ResourceName } from '../../canonical/index';
import type { RemoteRef } from '../../canonical/ids';
import { InvalidRecord, parseInstant, text } from '../../canonical/values';
import type { Draft, Mapped, Port, Seen } from '../contract';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { Refusal } from '../kit/refusal';
import * as api from './api';
import {
  appointmentMapper,
  checkAttendees,
  checkChange,
  lacks,
  participantsWith,
  timesOf,
} from './appointment.mapper';
import { clientMapper, holds } from './client.mapper';
import { writtenAgain } from './location.mapper';
import type { PexipSettings } from './pexip.config';
import { FINAL_ACTIONS, USUAL_MEETING_TYPE } from './tables';
import { missing, unexpected, type PexipAppointment, type PexipCustomer, type WrittenLocation } from './wire';

/** A record in our words beside the vendor's own. */
type Held<R extends ResourceName, Wire> = Seen<R> & { readonly raw: Wire };

/**
 * A 409, by which the vendor says that somebody changed the record meanwhile, and an answer that tells nothing: whether
 * what was wanted holds, only reading shows. Neither is ever sent again.
 */
const isUnclear = (error: unknown): boolean =>
  error instanceof VendorError && (error.at.status === 409 || error.kind === 'invalid_response');

/** The records of a resource as the vendor holds them before and after a write. */
function records<R extends ResourceName, Wire>(
  map: (wire: Wire) => Mapped<R>,
  get: (id: string) => Promise<Wire | null>,
  marked: (mark: string) => Promise<readonly Wire[]>,
) {
  const held = (wire: Wire): Held<R, Wire> => {
    try {
      return { ...map(wire), raw: wire };
    } catch (error) {
      if (!(error instanceof InvalidRecord || error instanceof TypeError)) throw error;
      throw unexpected('read a record', `The record cannot be read: ${error.message}`, 'unknown');
    }
  };
  const seen = async (id: string): Promise<Held<R, Wire> | null> => {
    const wire = await get(id);
    return wire && held(wire);
  };
  const read = async (id: string): Promise<Held<R, Wire>> => {
    const now = await seen(id);
    if (now) return now;
    throw missing('read a record');
  };
  const find = async (mark: string): Promise<readonly Held<R, Wire>[]> => (await marked(mark)).map(held);
  /** The record out of an answer, else the one that is found. */
  const sent = async (request: Promise<Wire | null>, look: () => Promise<Held<R, Wire> | undefined>) => {
    try {
      const answer = await request;
      if (answer !== null) return held(answer);
      throw unexpected('write a record', 'The answer holds no record', 'unknown');
    } catch (error) {
      const found = isUnclear(error) ? await look() : undefined;
      if (found === undefined) throw error;
      return found;
    }
  };
  return {
    seen,
    read,
    find,
    create: (request: Promise<Wire | null>, mark: string) =>
      sent(request, async () => {
        const [first, ...others] = await find(mark);
        return others.length === 0 ? first : undefined;
      }),
    change: (id: string, request: Promise<Wire | null>, isDone: (now: Held<R, Wire>) => boolean) =>
      sent(request, async () => {
        const now = await read(id);
        return isDone(now) ? now : undefined;
      }),
  };
}

type Patch = Draft<'appointments'>;
type Now = Held<'appointments', PexipAppointment>;
/** One request of a change, sent only while the record lacks what it brings. */
interface Step {
  readonly what: string;
  readonly isWanted: (now: Now) => boolean;
  readonly send: (now: Now) => Promise<PexipAppointment | null>;
}

/** The two actions that move an appointment. Words for the client go with the first of them that is needed, once. */
function moves(http: VendorHttp, patch: Patch, now: Now): readonly Step[] {
  const { id } = now.ref;
  const { messageForCustomer } = appointmentMapper.toVendor(patch);
  const isMoved = lacks.time(patch, now);
  const time: Step = {
    what: 'the time',
    isWanted: (held) => lacks.time(patch, held) || (isMoved && lacks.message(patch, held)),
    send: (held) => api.reschedule(http, id, { ...timesOf(patch, held), messageForCustomer }),
  };
  const place: Step = {
    what: 'the practitioner and the location',
    isWanted: (held) =>
      lacks.practitioner(patch, held) ||
      lacks.location(patch, held) ||
      (!isMoved && lacks.message(patch, held)),
    send: ({ record }) =>
      api.reassign(http, id, {
        officeId: (patch.locationId ?? record.locationId)?.id ?? '',
        primaryEmployeeId: (patch.practitionerId ?? record.practitionerId)?.id ?? '',
        messageForCustomer: isMoved ? undefined : messageForCustomer,
      }),
  };
  // A new time is tested against the practitioner whom the appointment then has: it must be the right one.
  return lacks.practitioner(patch, now) ? [place, time] : [time, place];
}

/** What else there is to change; PATCH, which no status forbids, comes last. */
function edits(http: VendorHttp, patch: Patch, id: string, location?: WrittenLocation): readonly Step[] {
  const { meetingType, internalNotes } = appointmentMapper.toVendor(patch);
  return [
    {
      what: 'the modality',
      isWanted: (held) => lacks.modality(patch, held),
      send: () => api.updateMeetingType(http, id, { meetingType, location }),
    },
    {
      what: 'the status',
      isWanted: (held) => lacks.status(patch, held),
      send: () => {
        const action = FINAL_ACTIONS[patch.status ?? 'booked'];
        return action ? api.finish(http, id, action) : api.accept(http, id);
      },
    },
    {
      what: 'the notes and attendees',
      isWanted: (held) => lacks.notes(patch, held) || lacks.attendees(patch, held),
      send: (held) =>
        api.updateAppointment(http, id, {
          internalNotes,
          appointmentParticipants: lacks.attendees(patch, held)
            ? participantsWith(patch.attendees, held.raw)
            : undefined,
        }),
    },
  ];
}

/** An error in a change of which something has been done already says so: the same change again does the rest. */
function withDone(error: unknown, done: readonly string[]): unknown {
  if (!(error instanceof VendorError) || done.length === 0) return error;
  return new VendorError(error.kind, `${error.message} (changed before that: ${done.join(', ')})`, error.at);
}

/** Where a home visit goes: to the client's address as the vendor holds it. */
async function homeOf(http: VendorHttp, client: RemoteRef | null): Promise<WrittenLocation> {
  const customer = client ? await api.getCustomer(http, client.id) : null;
  const home = writtenAgain(customer?.location);
  if (home) return home;
  const why = 'a home visit needs the address of the client, who has none at the vendor';
  throw new Refusal('validation_failed', 'modality', why);
}

/** A new practitioner at a new time takes two requests; this tells beforehand where the second would be refused. */
async function checkIsFree(http: VendorHttp, patch: Patch, now: Now): Promise<void> {
  if (!patch.practitionerId || !lacks.practitioner(patch, now) || !lacks.time(patch, now)) return;
  const { start, end } = timesOf(patch, now);
  const { data } = await api.listAppointmentsOf(http, patch.practitionerId.id, { from: start, to: end });
  const isTaken = data.some((wire) => {
    const [from, until] = [parseInstant(text(wire.start) ?? ''), parseInstant(text(wire.end) ?? '')];
    return from !== null && until !== null && from < end && until > start;
  });
  if (!isTaken) return;
  const why = 'has another appointment then; if that is meant, change practitioner and time one by one';
  throw new Refusal('validation_failed', 'practitionerId', why);
}

type AppointmentWrites = Pick<Port<'appointments'>, 'create' | 'update' | 'cancel' | 'find'>;
/** How appointments are made, changed and cancelled. */
export function appointmentWrites(http: VendorHttp, settings: PexipSettings): AppointmentWrites {
  const kept = records<'appointments', PexipAppointment>(
    (wire) => appointmentMapper.toCanonical(wire, settings),
    (id) => api.getAppointment(http, id),
    (mark) => api.listAppointmentsMarked(http, mark),
  );
  const update = async ({ id }: RemoteRef, patch: Patch): Promise<Now> => {
    appointmentMapper.toVendor(patch);
    let now = await kept.read(id);
    checkChange(patch, now);
    await checkIsFree(http, patch, now);
    const isVisit = patch.modality === 'home_visit' && lacks.modality(patch, now);
    const home = isVisit && !now.raw.location ? await homeOf(http, now.record.clientId) : undefined;
    const done: string[] = [];
    for (const step of [...moves(http, patch, now), ...edits(http, patch, id, home)]) {
      if (!step.isWanted(now)) continue;
      try {
        now = await kept.change(id, step.send(now), (fresh) => !step.isWanted(fresh));
        done.push(step.what);
      } catch (error) {
        throw withDone(error, done);
      }
    }
    return now;
  };
  return {
    create: async (draft, { id }) => {
      const clientId = draft.clientId ?? draft.attendees?.[0]?.clientId ?? null;
      const body = appointmentMapper.toVendor({ ...draft, clientId });
      checkAttendees(draft, 'booked');
      const location = draft.modality === 'home_visit' ? await homeOf(http, clientId) : undefined;
      const meetingType = body.meetingType ?? USUAL_MEETING_TYPE;
      const json = { ...body, meetingType, location, externalId: id };
      return kept.create(api.createAppointment(http, json), id);
    },
    update,
    cancel: (ref) => update(ref, { status: 'cancelled' }),
    find: (_draft, { id }) => kept.find(id),
  };
}

type ClientWrites = Pick<Port<'clients'>, 'create' | 'update' | 'delete' | 'find'>;
/** How clients are made, changed and deleted; only changing is documented. */
export function clientWrites(http: VendorHttp, settings: PexipSettings): ClientWrites {
  const kept = records<'clients', PexipCustomer>(
    (wire) => clientMapper.toCanonical(wire, settings),
    (id) => api.getCustomer(http, id),
    (mark) => api.listCustomersMarked(http, mark),
  );
  return {
    create: async (draft, { id }) => {
      const json = { ...clientMapper.toVendor(draft, settings), externalId: id };
      return kept.create(api.createCustomer(http, json), id);
    },
    update: async ({ id }, patch) => {
      const request = api.updateCustomer(http, id, clientMapper.toVendor(patch, settings));
      return kept.change(id, request, ({ record }) => holds(record, patch, settings));
    },
    delete: async ({ id }) => {
      await api.deleteCustomer(http, id).catch(async (error: unknown) => {
        if (!isUnclear(error) || (await kept.seen(id))?.deletedAt === null) throw error;
      });
      return kept.seen(id);
    },
    find: (_draft, { id }) => kept.find(id),
  };
}
