import type { Faker } from '@faker-js/faker';
import { faker as french } from '@faker-js/faker/locale/fr_BE';
import { faker as dutch } from '@faker-js/faker/locale/nl_BE';
import { bookings, people, staffFor, type Booking, type Person } from '../../kit/people';
import type { SandboxSize } from '../../kit/sandbox';
import {
  table,
  type Appointment,
  type Calendar,
  type Center,
  type Patient,
  type Service,
  type State,
} from './state';

const TIME_ZONE = 'Europe/Brussels';
const DAY = 86_400;
const POOL = 400; // people made by faker; more are mixed out of their names
const SPECIALITIES = [
  'general_practitioner',
  'dentist',
  'physiotherapist',
  'dermatologist',
  'surgeon_abdominal',
];
const VISITS = [
  { name: 'Consultatie', duration: 20, color: '#4A90D9' },
  { name: 'Consultation longue', duration: 40, color: '#7ED321' },
  { name: 'Contrôle', duration: 15, color: '#F5A623' },
  { name: 'Intake', duration: 60, color: null },
] as const;
const BLOCKS = ['Meeting', 'Lunch', 'Break'];
const NOTES = ['Brings the referral letter', 'Prefers the morning', 'Uses a wheelchair', 'First visit'];
const CENTERS = [
  { slug: 'huisartsen-de-linde', name: 'Huisartsenpraktijk De Linde', faker: dutch },
  { slug: 'maison-medicale-du-parc', name: 'Maison médicale du Parc', faker: french },
] as const;

/** Every nth of something, so that odd records are found in each clinic whatever its seed. */
const isEvery = (nth: number, i: number): boolean => i % nth === nth - 1;

/** Builds two centers around today: the same seed on the same day gives the same people and calendars. */
export function clinic({ seed, size, now }: { seed: number; size: SandboxSize; now: () => Date }): State {
  for (const { faker } of CENTERS) faker.seed(seed);
  const centers = CENTERS.map(({ slug, name }, i): Center => ({ id: i + 1, slug, name }));
  const calendars = calendarsFor(staffFor(size.appointments));
  const seconds = Math.floor(now().getTime() / 1000);
  const patients = new Map(
    centers.map(({ id }) => [id, table(patientsFor(id, size.clients, seconds), (row) => row.id)]),
  );
  const services = new Map(calendars.map(({ id }, i) => [id, table(servicesFor(i), (row) => row.id)]));
  const state: State = {
    now,
    credentials: { userEmail: 'integration@example.com', userToken: 'sandbox-progenda-token' },
    centers,
    calendars,
    patients,
    services,
    appointments: new Map(),
    rangeMeans: 'overlap',
    putKeeps: true,
    writesShow: 'record',
    collectionShows: 'all',
    collectionRefuses: 'all',
    takenStatus: 422,
    lastId: 1_000_000 + size.appointments + size.clients,
  };
  const staff = {
    practitioners: calendars.length,
    clients: Math.max(1, size.clients),
    minutes: VISITS.map((v) => v.duration),
  };
  const plan = bookings({
    faker: dutch,
    now: now(),
    timeZone: TIME_ZONE,
    ...staff,
    count: size.appointments,
  });
  const byCalendar = new Map(calendars.map(({ id }) => [id, [] as Appointment[]]));
  for (const [i, booking] of plan.entries()) {
    const calendar = calendars[booking.practitioner] as Calendar;
    byCalendar.get(calendar.id)?.push(appointmentFor(state, calendar, { i, booking, seconds }));
  }
  for (const [id, rows] of byCalendar)
    state.appointments.set(
      id,
      table(rows, (row) => row.start),
    );
  return state;
}

function calendarsFor(count: number): Calendar[] {
  return CENTERS.flatMap(({ faker }, center) =>
    people(faker, Math.ceil((count - center) / CENTERS.length)).map((person, i) => ({
      id: 100 + i * CENTERS.length + center,
      centerId: center + 1,
      firstName: person.firstName,
      lastName: person.lastName,
      specialities: [i, i + 2].slice(0, isEvery(3, i) ? 2 : 1).map((n) => ({
        id: (n % SPECIALITIES.length) + 1,
        name: SPECIALITIES[n % SPECIALITIES.length] as string,
      })),
    })),
  ).sort((a, b) => a.id - b.id);
}

/** The same visits in each calendar; the last one was made inside Progenda and has no remote id. */
function servicesFor(calendar: number): Service[] {
  return VISITS.map((visit, i) => {
    const id = 1000 + calendar * VISITS.length + i;
    return { id, remoteId: isEvery(4, i) ? null : `svc-${String(id)}`, ...visit };
  });
}

/** A patient's telephone number in all ways in which clinics write one. */
function phoneFor(i: number): string {
  const digits = String(100_000 + ((i * 7919) % 900_000));
  const [a, b, c] = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4)];
  if (isEvery(13, i)) return '';
  if (isEvery(11, i)) return `+31 6 12${digits}`;
  if (isEvery(7, i)) return `02 5${a.slice(0, 1)}${a.slice(1)} ${b} ${c}`;
  return isEvery(2, i) ? `+32470${digits}` : `0470 ${a} ${b} ${c}`;
}

const statusOfPatient = (i: number): string =>
  isEvery(97, i) ? 'merged' : isEvery(23, i) ? 'archived' : 'active';

/** Half the patients for each center, the first center's one more where they are odd. A third was made inside Progenda. */
function patientsFor(centerId: number, clients: number, seconds: number): Patient[] {
  const faker: Faker = CENTERS[centerId - 1]?.faker ?? dutch;
  const count = Math.ceil((clients - (centerId - 1)) / CENTERS.length);
  const pool = people(faker, Math.min(count, POOL));
  return Array.from({ length: count }, (_, i): Patient => {
    const person = pool[i % pool.length] as Person;
    const relative = pool[(i + Math.floor(i / pool.length) * 7) % pool.length] as Person;
    const id = 10_000 + i * CENTERS.length + centerId;
    const isBlank = isEvery(9, i);
    return {
      id,
      remoteId: isEvery(3, i) ? null : String(600_000 + id),
      firstName: person.firstName,
      lastName: relative.lastName,
      email: isBlank ? '' : person.email.replace(/\.\d+@/, `.${String(id)}@`),
      phoneNumber: phoneFor(i),
      birthdate: isEvery(17, i) ? null : person.birthDate,
      address: isBlank ? null : `${person.street} ${person.houseNumber}, ${person.postalCode} ${person.city}`,
      notes: isEvery(6, i) ? (NOTES[i % NOTES.length] as string) : null,
      status: statusOfPatient(i),
      languageCode: isEvery(5, i) ? null : (['nl', 'fr'][centerId - 1] as string),
      updatedAt: seconds - 3600 - ((i * 4799) % (200 * DAY)),
      ...(isEvery(19, i) ? { odd: { id: String(id), ...(isEvery(3, i) ? { remote_id: '' } : {}) } } : {}),
    };
  });
}

const NO_FATE = { status: 'booked', noshow: false, arrivedAt: null } as const;

/** How it went with a booking: past ones were attended, missed or cancelled, those to come are booked or cancelled. */
function fateOf(
  i: number,
  booking: Booking,
  seconds: number,
): Pick<Appointment, 'status' | 'noshow' | 'arrivedAt'> {
  const start = booking.start.getTime() / 1000;
  if (isEvery(14, i)) return { status: 'cancelled', noshow: isEvery(28, i), arrivedAt: null };
  if (start > seconds || isEvery(10, i)) return NO_FATE;
  if (isEvery(18, i)) return { status: 'noshow', noshow: true, arrivedAt: null };
  if (isEvery(25, i)) return { status: 'booked', noshow: true, arrivedAt: null };
  return { status: 'booked', noshow: false, arrivedAt: start - 240 };
}

/** The odd ones show what Progenda's documentation contradicts itself about: numbers for text, words and ids unknown. */
function oddOf(i: number, id: number, start: number): Pick<Appointment, 'odd'> {
  if (isEvery(50, i)) return { odd: { id, start, ...(isEvery(3, i) ? { remote_id: '' } : {}) } };
  if (isEvery(120, i)) return { odd: { status: 'tentative' } };
  if (isEvery(130, i)) return { odd: { service_remote_id: 'svc-removed' } };
  return i === 30 ? { odd: { start: null, stop: null } } : {};
}

/** Who is booked for what; a block of the calendar is for nobody and has a title. */
function matterOf(
  { patients, services }: State,
  { id, centerId }: Calendar,
  { i, booking }: { i: number; booking: Booking },
): Pick<Appointment, 'title' | 'patientId' | 'serviceId'> {
  const here = patients.get(centerId)?.rows ?? [];
  const patient = isEvery(12, i) ? undefined : here[booking.client % here.length];
  if (patient === undefined)
    return { title: BLOCKS[i % BLOCKS.length] as string, patientId: null, serviceId: null };
  const service = services.get(id)?.rows[booking.service] as Service;
  return { title: '', patientId: patient.id, serviceId: service.id };
}

function appointmentFor(
  state: State,
  calendar: Calendar,
  { i, booking, seconds }: { i: number; booking: Booking; seconds: number },
): Appointment {
  const start = booking.start.getTime() / 1000;
  const id = 1_000_000 + i;
  const matter = matterOf(state, calendar, { i, booking });
  const fate = matter.patientId === null ? NO_FATE : fateOf(i, booking, seconds);
  return {
    id,
    remoteId: isEvery(3, i) ? null : String(8_000_000 + i),
    start,
    stop: start + booking.minutes * 60,
    notes: isEvery(8, i) ? (NOTES[i % NOTES.length] as string) : null,
    color: isEvery(4, i) ? null : '#101010',
    ...matter,
    ...fate,
    updatedAt: Math.min(start - 2 * DAY, seconds - 3600 - ((i * 4799) % (60 * DAY))),
    ...oddOf(i, id, start),
  };
}
