import type { Faker } from '@faker-js/faker';
import { Temporal } from 'temporal-polyfill';

/** A person of a sandbox's clinic. */
export interface Person {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly birthDate: string;
  readonly female: boolean;
  readonly street: string;
  readonly houseNumber: string;
  readonly city: string;
  readonly postalCode: string;
}

/** Makes people out of a seeded faker of the clinic's locale; addresses under example.com, so that nothing reaches anybody. */
export function people(faker: Faker, count: number): Person[] {
  return Array.from({ length: count }, (_, i) => {
    const female = faker.datatype.boolean();
    const firstName = faker.person.firstName(female ? 'female' : 'male');
    const lastName = faker.person.lastName();
    const local = `${firstName}.${lastName}`
      .normalize('NFD')
      .replace(/[^A-Za-z.]/g, '')
      .toLowerCase();
    return {
      firstName,
      lastName,
      email: `${local}.${String(i + 1)}@example.com`,
      birthDate: faker.date
        .birthdate({ min: 1, max: 95, mode: 'age', refDate: '2026-01-01T00:00:00Z' })
        .toISOString()
        .slice(0, 10),
      female,
      street: faker.location.street(),
      houseNumber: String(faker.number.int({ min: 1, max: 240 })),
      city: faker.location.city(),
      postalCode: faker.location.zipCode(),
    };
  });
}

/** A booking in a practitioner's calendar, not yet of any vendor. */
export interface Booking {
  readonly practitioner: number;
  readonly client: number;
  readonly service: number;
  readonly start: Date;
  readonly minutes: number;
}

/** How the calendars are filled: `minutes[i]` is how long service i takes. */
export interface CalendarPlan {
  readonly faker: Faker;
  readonly now: Date;
  readonly timeZone: string;
  readonly practitioners: number;
  readonly clients: number;
  readonly minutes: readonly number[];
  readonly count: number;
}

const FIRST_HOUR = 8;
const SLOTS_A_DAY = 10;
const SLOT_MINUTES = 60;

/**
 * Fills calendars with bookings that do not overlap, on working days outwards from today (one day back, two ahead, and
 * so on), in the clinic's local working hours. Sorted by start.
 */
export function bookings({
  faker,
  now,
  timeZone,
  practitioners,
  clients,
  minutes,
  count,
}: CalendarPlan): Booking[] {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDate();
  const made: Booking[] = [];
  for (let distance = 0; made.length < count; distance += 1) {
    const day = today.add({
      days: distance % 3 === 0 ? -Math.ceil(distance / 3) : Math.ceil((distance * 2) / 3),
    });
    if (day.dayOfWeek > 5 && distance > 0) continue;
    const opens = day.toZonedDateTime({ timeZone, plainTime: { hour: FIRST_HOUR } }).epochMilliseconds;
    for (let slot = 0; slot < SLOTS_A_DAY && made.length < count; slot += 1) {
      for (let practitioner = 0; practitioner < practitioners && made.length < count; practitioner += 1) {
        if (faker.number.int(9) < 4) continue;
        const service = faker.number.int(minutes.length - 1);
        const offset = slot * SLOT_MINUTES * 60_000;
        made.push({
          practitioner,
          client: faker.number.int(clients - 1),
          service,
          start: new Date(opens + offset),
          minutes: minutes[service] ?? 30,
        });
      }
    }
  }
  return made.sort((a, b) => a.start.getTime() - b.start.getTime());
}

/** Enough practitioners that so many appointments fit into a year and a quarter. */
export const staffFor = (appointments: number): number => Math.max(5, Math.ceil(appointments / 1500));
