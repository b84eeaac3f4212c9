import type { Faker } from '@faker-js/faker';
import type { LedgerEntry } from '../../src/vendors/kit/sandbox';
import type { Desk } from '../support/bookings';
import type { Shown } from '../support/calls';

export type Appointment = Shown<'appointments'>;

/** Something that shall be done once: a request, its key, and by what the deed is known at the vendor. */
export interface Errand {
  readonly deed: 'book' | 'move' | 'cancel';
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly body: object;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly status: number;
  /** The record that is moved or cancelled. */
  readonly of: Appointment | null;
  /** When the appointment begins afterwards; no other errand's does. */
  readonly start: string;
}

const DAY = 86_400_000;
const HALF_HOUR = 1_800_000;
/** Shorter than half an hour, so that no appointment ends when another begins. */
const LENGTH = 1_200_000;
const FIRST_DAY = 40;
const FIRST_HOUR = 7;
const TIMES_A_DAY = 16;
const BOOKED_AT_ONCE = 4;

/** Half hours of working days, none of them twice. */
function* halfHours(): Generator<{ readonly start: string; readonly end: string }, never> {
  const day = new Date(Date.now() + FIRST_DAY * DAY);
  for (;;) {
    day.setTime(day.getTime() + DAY);
    if (day.getUTCDay() === 0 || day.getUTCDay() === 6) continue;
    day.setUTCHours(FIRST_HOUR, 0, 0, 0);
    for (let i = 0; i < TIMES_A_DAY; i += 1) {
      const from = day.getTime() + i * HALF_HOUR;
      yield { start: new Date(from).toISOString(), end: new Date(from + LENGTH).toISOString() };
    }
  }
}

/** So many errands, most of them bookings; what is to be moved or cancelled is booked here, while all is calm. */
export async function planErrands(desk: Desk, random: Faker, count: number): Promise<Errand[]> {
  const times = halfHours();
  const planned: { deed: Errand['deed']; of: Appointment | null }[] = Array.from({ length: count }, () => ({
    deed: random.helpers.weightedArrayElement([
      { value: 'book' as const, weight: 6 },
      { value: 'move' as const, weight: 2 },
      { value: 'cancel' as const, weight: 2 },
    ]),
    of: null,
  }));
  const standing = planned.filter(({ deed }) => deed !== 'book');
  for (let i = 0; i < standing.length; i += BOOKED_AT_ONCE)
    await Promise.all(
      standing.slice(i, i + BOOKED_AT_ONCE).map(async (one) => {
        one.of = await desk.book(times.next().value);
      }),
    );
  return planned.map(({ deed, of }) => errand(desk, random, { deed, of, time: times.next().value }));
}

function errand(
  desk: Desk,
  random: Faker,
  { deed, of, time }: { deed: Errand['deed']; of: Appointment | null; time: { start: string; end: string } },
): Errand {
  const headers = { 'idempotency-key': random.string.uuid() };
  if (of === null)
    return {
      deed,
      of,
      request: { method: 'POST', path: '/v1/appointments', body: desk.visit(time), headers },
      status: 201,
      start: time.start,
    };
  const path = `/v1/appointments/${of.id}`;
  if (deed === 'cancel')
    return {
      deed,
      of,
      request: { method: 'POST', path: `${path}/cancel`, body: {}, headers },
      status: 200,
      start: of.start ?? '',
    };
  // Whoever repeats a move still holds the version from before it.
  const guarded = { ...headers, 'if-match': `"${String(of.version)}"` };
  return {
    deed,
    of,
    request: { method: 'PATCH', path, body: time, headers: guarded },
    status: 200,
    start: time.start,
  };
}

/** An instant in every way in which a vendor writes one. */
const spellings = (instant: string): string[] => [
  instant,
  instant.replace('.000Z', 'Z'),
  String(Date.parse(instant) / 1000),
];

/** How often the vendor did an errand: a booking by its time, a change by the name of the record in the path. */
export function timesDone({ of, start }: Errand, ledger: readonly LedgerEntry[]): number {
  const names = of === null ? [] : [of.id, of.remoteId];
  const words = spellings(start).map((spelled) => `"${spelled}"`);
  return ledger.filter(({ path, body }) => {
    if (of !== null) return names.some((name) => path.split(/[/:?]/).includes(name));
    const written = JSON.stringify(body);
    return words.some((word) => written.includes(word));
  }).length;
}
