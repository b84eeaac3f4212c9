import type { Clinic } from './clinics';
import {
  idOf,
  make,
  stamp,
  touch,
  word,
  type State as ClinikoState,
} from '../../src/vendors/cliniko/sandbox/state';
import { schedule, unschedule } from '../../src/vendors/penga/sandbox/schedule';
import {
  add,
  change,
  remove as removePenga,
  seconds,
  type PengaState,
} from '../../src/vendors/penga/sandbox/state';
import {
  nextId as nextPexipId,
  stamp as pexipStamp,
  type State as PexipState,
} from '../../src/vendors/pexip/sandbox/state';
import {
  nextId,
  put,
  remove,
  secondsNow,
  type State as ProgendaState,
} from '../../src/vendors/progenda/sandbox/state';

/** What the vendor's own staff does in its own program, where the gateway does not see it. Ids are the vendor's. */
export interface Life {
  /** A client who was not there before; gives its id. */
  admit(likeClientId: string, lastName: string): string;
  /** Lets an appointment begin, and end, so many minutes later. */
  move(appointmentId: string, minutes: number): void;
  /** Calls an appointment off in the way in which this vendor keeps it: cancelled, or gone. */
  callOff(appointmentId: string): void;
}

const MINUTE_MS = 60_000;
const later = (instant: string, minutes: number): string =>
  new Date(Date.parse(instant) + minutes * MINUTE_MS).toISOString();

function must<T>(found: T | null | undefined, id: string): T {
  if (found === null || found === undefined) throw new Error(`the clinic has no ${id}`);
  return found;
}

const penga = (state: PengaState): Life => ({
  admit: (like, last_name) => {
    const { first_name, description, email, mobile, address, marketing } = must(
      state.clients.byId.get(like),
      like,
    );
    const kept = { ...must(state.marketing.byId.get(marketing), marketing) };
    const now = seconds(state);
    const own = add(state.marketing, kept, now);
    const fields = { first_name, last_name, description, email, mobile, address, marketing: own.external_id };
    const { external_id } = add(state.clients, fields, now);
    state.lists.clear();
    return external_id;
  },
  move: (id, minutes) => {
    const row = must(state.appointments.byId.get(id), id);
    unschedule(state, row);
    change(state, row, { start_time: row.start_time + minutes * 60, end_time: row.end_time + minutes * 60 });
    schedule(state, row);
  },
  callOff: (id) => {
    const row = must(state.appointments.byId.get(id), id);
    unschedule(state, row);
    removePenga(state, row);
  },
});

const cliniko = (state: ClinikoState): Life => {
  const { individual_appointments: single, group_appointments: group, patients } = state.tables;
  const booked = (id: string) => must(single.byId.get(id) ?? group.byId.get(id), id);
  return {
    admit: (like, last_name) => {
      const { id: _id, ...fields } = must(patients.byId.get(like), like);
      const at = stamp(state.now());
      return idOf(make(state, patients, { ...fields, last_name, created_at: at, updated_at: at }));
    },
    move: (id, minutes) => {
      const row = booked(id);
      const moved = (field: string): string => stamp(new Date(later(word(row, field), minutes)));
      touch(state, row, { starts_at: moved('starts_at'), ends_at: moved('ends_at') });
    },
    callOff: (id) => {
      const row = booked(id);
      if (group.byId.has(id)) touch(state, row, { deleted_at: stamp(state.now()) });
      else touch(state, row, { cancelled_at: stamp(state.now()), cancellation_reason: 50 });
    },
  };
};

const progenda = (state: ProgendaState): Life => {
  const tableOf = (id: string) =>
    must(
      [...state.appointments.values()].find(({ byId }) => byId.has(Number(id))),
      id,
    );
  return {
    admit: (like, lastName) => {
      const table = must(
        [...state.patients.values()].find(({ byId }) => byId.has(Number(like))),
        like,
      );
      const model = must(table.byId.get(Number(like)), like);
      const { id } = put(table, {
        ...model,
        id: nextId(state),
        remoteId: null,
        lastName,
        updatedAt: secondsNow(state),
      });
      return String(id);
    },
    move: (id, minutes) => {
      const table = tableOf(id);
      const row = must(table.byId.get(Number(id)), id);
      const [start, stop] = [row.start + minutes * 60, row.stop + minutes * 60];
      put(table, { ...row, start, stop, updatedAt: secondsNow(state) });
    },
    callOff: (id) => {
      const table = tableOf(id);
      remove(table, must(table.byId.get(Number(id)), id));
    },
  };
};

const pexip = (state: PexipState): Life => ({
  admit: (like, lastName) => {
    const model = must(state.customers.get(like), like);
    const [id, now] = [nextPexipId(state), pexipStamp(state)];
    state.customers.put({ ...model, id, externalId: null, lastName, createdAt: now, updatedAt: now });
    return id;
  },
  move: (id, minutes) => {
    const row = must(state.appointments.get(id), id);
    const moved = (at: string | null): string | null => at && later(at, minutes);
    state.appointments.put({
      ...row,
      start: moved(row.start),
      end: moved(row.end),
      updatedAt: pexipStamp(state),
    });
  },
  callOff: (id) => {
    const row = must(state.appointments.get(id), id);
    state.appointments.put({ ...row, status: 'CANCELLED', updatedAt: pexipStamp(state) });
  },
});

const LIVES: Readonly<Record<string, (state: never) => Life>> = { penga, cliniko, progenda, pexip };

/** The staff of a vendor's clinic. */
export function lifeOf({ sandbox }: Clinic): Life {
  const life = LIVES[sandbox.vendor];
  if (!life)
    throw new Error(`test/support/clinic-life.ts does not know how ${sandbox.vendor} is worked with`);
  return life((sandbox as unknown as { state: never }).state);
}
