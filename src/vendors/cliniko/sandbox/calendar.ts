import type { faker } from '@faker-js/faker/locale/en_AU';
import { bookings, type Booking } from '../../kit/people';
import type { SandboxSize } from '../../kit/sandbox';
import { cancelled, REASONS } from './removals';
import { BOOKED_MINUTES } from './clinic';
import { add, idOf, nextId, patientIds, stamp, stands, type Row, type State, word } from './state';

const HOUR_MS = 3_600_000;
const NOTES = ['', 'Left knee, week 6', null, 'Bring referral', '  '] as const;
const CODES = Object.keys(REASONS).map(Number);

/** A booking of the plan with what became of it; made some weeks before it starts, never after now. */
interface Planned {
  readonly booking: Booking;
  readonly business: Row;
  readonly practitioner: Row;
  readonly created: number;
  readonly nth: number;
}

/** Fills the calendars of the open businesses: individual appointments, groups, blocks, and their attendees. */
export function addCalendar(state: State, size: SandboxSize, random: typeof faker): void {
  const { businesses, practitioners, patients, appointment_types: types } = state.tables;
  const now = state.now().getTime();
  const open = businesses.rows.filter(stands);
  const planned = open.flatMap((business, at) => {
    const staff = practitioners.rows.filter((row, nth) => nth % open.length === at && row['active'] === true);
    const share =
      Math.floor(size.appointments / open.length) + (at < size.appointments % open.length ? 1 : 0);
    const made = bookings({
      faker: random,
      now: state.now(),
      timeZone: word(business, 'time_zone_identifier'),
      practitioners: staff.length,
      clients: patients.rows.length,
      minutes: BOOKED_MINUTES,
      count: share,
    });
    return made.map((booking, nth): Planned => {
      const created = Math.min(
        booking.start.getTime() - (1 + (nth % 40)) * 24 * HOUR_MS,
        now - (nth % 500) * HOUR_MS - HOUR_MS,
      );
      return { booking, business, practitioner: staff[booking.practitioner] as Row, created, nth };
    });
  });
  planned.sort((a, b) => a.created - b.created);
  for (const plan of planned) {
    const type = types.rows[plan.booking.service] as Row;
    if (Number(type['max_attendees']) > 1) addGroup(state, plan, type);
    else addIndividual(state, plan, type);
  }
  addBlocks(state);
}

function common(state: State, { booking, business, practitioner, created, nth }: Planned): Row {
  return {
    id: nextId(state),
    created_at: stamp(new Date(created)),
    updated_at: stamp(new Date(created + (nth % 30) * 60_000)),
    starts_at: stamp(booking.start),
    ends_at: stamp(new Date(booking.start.getTime() + booking.minutes * 60_000)),
    notes: NOTES[nth % NOTES.length] ?? null,
    business_id: idOf(business),
    practitioner_id: idOf(practitioner),
  };
}

/** What became of the nth appointment: cancelled, archived, deleted, or (past) arrived, missed, or left without a word. */
function fate({ nth, created, booking }: Planned, now: number): Row {
  const at = stamp(new Date(created + HOUR_MS));
  const reason = CODES[nth % CODES.length] ?? 50;
  if (nth % 97 === 50) return { ...cancelled(at, reason, null), archived_at: at, updated_at: at };
  if (nth % 9 === 4)
    return { ...cancelled(at, reason, nth % 2 === 0 ? 'Rang this morning' : null), updated_at: at };
  if (nth % 41 === 7) return { archived_at: at, updated_at: at };
  if (nth % 43 === 9) return { deleted_at: at, archived_at: at, updated_at: at };
  if (booking.start.getTime() > now || nth % 12 === 5) return {};
  return nth % 11 === 3 ? { did_not_arrive: true } : { patient_arrived: true };
}

const arrived = ({ did_not_arrive, patient_arrived }: Row): boolean | null =>
  did_not_arrive === true ? false : patient_arrived === true ? true : null;

function addIndividual(state: State, plan: Planned, type: Row): void {
  const patient = state.tables.patients.rows[plan.booking.client] as Row;
  const became = fate(plan, state.now().getTime());
  const row = add(state.tables.individual_appointments, {
    ...common(state, plan),
    ...became,
    appointment_type_id: idOf(type),
    patient_id: idOf(patient),
    patient_name: `${word(patient, 'first_name')} ${word(patient, 'last_name')}`,
    telehealth_url: `https://telehealth.example.com/practitioner/${String(plan.nth)}`,
  });
  const { did_not_arrive, patient_arrived, updated_at, ...gone } = became;
  addAttendee(state, row, patient, {
    ...gone,
    arrived: arrived({ did_not_arrive, patient_arrived, updated_at }),
  });
}

/** A group of the nth booking: up to seven patients; some called off, and one taken off the list. */
function addGroup(state: State, plan: Planned, type: Row): void {
  const { patients, group_appointments } = state.tables;
  const { nth, booking } = plan;
  const { archived_at, deleted_at } = fate(plan, state.now().getTime());
  const row = add(group_appointments, {
    ...common(state, plan),
    appointment_type_id: idOf(type),
    max_attendees: type['max_attendees'],
    archived_at: archived_at ?? null,
    deleted_at: deleted_at ?? null,
  });
  const isPast = booking.start.getTime() < state.now().getTime();
  for (let at = 0; at < Math.min(nth % 8, patients.rows.length); at += 1) {
    const patient = patients.rows[(booking.client + at) % patients.rows.length] as Row;
    const gone =
      at === 2
        ? cancelled(word(row, 'updated_at'), 40, null)
        : at === 3
          ? { deleted_at: row['updated_at'] }
          : {};
    addAttendee(state, row, patient, { ...gone, archived_at, arrived: isPast ? at !== 1 : null });
  }
  row['patient_ids'] = patientIds(state, row);
}

/** Attendees have ids of their own: small ones of older accounts, and 64-bit ones. */
function addAttendee(state: State, booking: Row, patient: Row, fields: Row): void {
  const { attendees } = state.tables;
  const count = attendees.rows.length + 1;
  const id = count % 3 === 0 ? String(500_000 + count) : `20110000000${String(count).padStart(8, '0')}`;
  add(attendees, {
    id,
    created_at: booking['created_at'],
    updated_at: booking['updated_at'],
    booking_id: idOf(booking),
    patient_id: idOf(patient),
    telehealth_url: `https://telehealth.example.com/client/${id}`,
    ...fields,
  });
}

/** Each practitioner's lunch today: bookings of nobody. */
function addBlocks(state: State): void {
  const { practitioners, businesses, unavailable_blocks } = state.tables;
  const noon = new Date(state.now().getTime());
  noon.setUTCHours(2, 0, 0, 0);
  for (const practitioner of practitioners.rows.filter((row) => row['active'] === true))
    add(unavailable_blocks, {
      id: nextId(state),
      created_at: stamp(state.now()),
      updated_at: stamp(state.now()),
      starts_at: stamp(noon),
      ends_at: stamp(new Date(noon.getTime() + HOUR_MS)),
      notes: 'Lunch',
      business_id: idOf(businesses.rows[0] as Row),
      practitioner_id: idOf(practitioner),
    });
}
