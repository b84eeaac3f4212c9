import type { Faker } from '@faker-js/faker';
import { bookings, type Booking } from '../../kit/people';
import { MINUTES, TIME_ZONE } from './clinic';
import {
  opaqueId,
  type Answer,
  type Appointment,
  type Customer,
  type Employee,
  type Link,
  type Location,
  type Participant,
} from './state';

const NOTES = ['Rolstoel', 'Tolk Frans nodig', 'Verslag van 2024 opvragen', 'Eerste bezoek'] as const;
const MESSAGES = ['Gelieve 10 minuten vroeger te komen', 'Breng uw identiteitskaart mee'] as const;
const DAY_MS = 86_400_000;
const NO_ANSWERS: readonly Answer[] = [];

/** Who is there to be booked, and when "now" is. `staff` of the employees have a calendar. */
export interface Calendar {
  readonly faker: Faker;
  readonly now: Date;
  readonly count: number;
  readonly staff: number;
  readonly employees: readonly Employee[];
  readonly customers: readonly Customer[];
}

/** The parts that many appointments share, made once: a quarter of a million of them must fit into memory. */
const sharedLinks = (): ((kind: string, nth: number) => Link) => {
  const links = new Map<string, Link>();
  return (kind, nth) => {
    const key = `${kind} ${nth}`;
    const known = links.get(key) ?? { id: opaqueId(kind, nth) };
    links.set(key, known);
    return known;
  };
};

const MEETING_TYPES = [
  'OFFICE',
  'OFFICE',
  'VIDEO',
  'OFFICE',
  'PHONE',
  'OFFICE',
  'VIDEO',
  'ON_LOCATION',
] as const;
/** Words that the documentation does not know yet: it says that there may be new ones. */
const UNKNOWN_STATUS_AT = 11;
const UNKNOWN_MEETING_TYPE_AT = 12;

const meetingTypeOf = (i: number): string =>
  i === UNKNOWN_MEETING_TYPE_AT ? 'CHAT' : (MEETING_TYPES[i % MEETING_TYPES.length] ?? 'OFFICE');

/** Every hundredth or so waits for a date, in each of the states in which that may be. */
const UNDATED: Readonly<Record<number, string>> = {
  5: 'OUTGOING_INVITE',
  36: 'INCOMING_REQUEST',
  67: 'ALTERNATIVE_DATE_REQUESTED',
};
const PAST: Readonly<Record<number, string>> = { 3: 'NO_SHOW', 7: 'CANCELLED' };
const AHEAD: Readonly<Record<number, string>> = {
  3: 'INCOMING_REQUEST',
  7: 'CANCELLED',
  13: 'ALTERNATIVE_DATE_REQUESTED',
};
function statusOf(i: number, isPast: boolean): string {
  if (i === UNKNOWN_STATUS_AT) return 'ON_HOLD';
  return isPast ? (PAST[i % 20] ?? 'COMPLETED') : (AHEAD[i % 20] ?? 'ACCEPTED');
}

const answersOf = (i: number, at: string): readonly Answer[] =>
  i % 7 === 0
    ? [
        {
          id: opaqueId('answer', i),
          value: i % 14 === 0 ? 'Een collega' : null,
          selectedAnswerOptions: i % 14 === 0 ? null : [{ id: opaqueId('option', 0) }],
          files: null,
          form: { id: opaqueId('form', 0) },
          question: { id: opaqueId('question', 0) },
          answerType: 'SUBJECT_QUESTIONNAIRE',
          createdAt: at,
          updatedAt: at,
        },
      ]
    : NO_ANSWERS;

/** One who takes part; at a video meeting everybody has a link of their own. */
function participant(link: Link, type: string, role: string, room: string | null): Participant {
  const video = room === null ? null : `https://video.example.com/${room}/${type.toLowerCase()}`;
  return { role, participant: link, type, videoUrl: video, videoTestUrl: video && `${video}/test` };
}

/** Who takes part: sometimes a second practitioner, or a group of clients, or one who is suspended by now. */
function participantsOf(
  { practitioner, client }: Booking,
  i: number,
  {
    link,
    calendar,
    isPast,
  }: { link: (kind: string, nth: number) => Link; calendar: Calendar; isPast: boolean },
): Participant[] {
  const { staff, employees, customers } = calendar;
  const room = meetingTypeOf(i) === 'VIDEO' ? opaqueId('room', i).slice(0, 8) : null;
  const isLeft = isPast && i % 53 === 1;
  const employee = isLeft ? employees.findIndex(({ status }) => status === 'SUSPENDED') : practitioner;
  const second = i % 31 === 2 ? [(practitioner + 1) % staff] : [];
  const others = i % 29 === 4 ? [1, 2].map((more) => (client + more) % customers.length) : [];
  return [
    ...second.map((nth) => participant(link('employee', nth), 'EMPLOYEE', 'SECONDARY', room)),
    participant(link('employee', employee), 'EMPLOYEE', 'PRIMARY', room),
    ...[...new Set([client, ...others])].map((nth, place) =>
      participant(link('customer', nth), 'CUSTOMER', place === 0 ? 'PRIMARY' : 'SECONDARY', room),
    ),
  ];
}

const SAME_FOR_ALL = {
  callbackRequest: null,
  listing: null,
  leadSegment: null,
  createdByType: 'EMPLOYEE',
  createdFrom: 'BACKOFFICE_APP',
  updatedBy: null,
  updatedByType: 'OTHER',
  updatedFrom: 'OTHER',
};

/** Fills the calendars, with appointments without a date among them. */
export function appointments(calendar: Calendar): Appointment[] {
  const { faker, now, count, staff, customers } = calendar;
  const link = sharedLinks();
  const home: Location | null = customers.find(({ location }) => location !== null)?.location ?? null;
  const plan = {
    faker,
    now,
    timeZone: TIME_ZONE,
    practitioners: staff,
    clients: customers.length,
    minutes: MINUTES,
    count,
  };
  return bookings(plan).map((booking, i) => {
    const isPast = booking.start < now;
    const undated = UNDATED[i % 97];
    const made = new Date(
      Math.min(booking.start.getTime() - 14 * DAY_MS, now.getTime() - (i % 40) * 3_600_000),
    );
    const createdAt = made.toISOString();
    return {
      id: opaqueId('appointment', i),
      externalId: i % 5 === 0 ? `EXT-${i}` : null,
      start: undated === undefined ? booking.start.toISOString() : null,
      end:
        undated === undefined
          ? new Date(booking.start.getTime() + booking.minutes * 60_000).toISOString()
          : null,
      subject: link('subject', booking.service),
      office: link('office', meetingTypeOf(i) === 'VIDEO' ? 2 : booking.practitioner % 2),
      appointmentParticipants: participantsOf(booking, i, { link, calendar, isPast }),
      ...SAME_FOR_ALL,
      answers: answersOf(i, createdAt),
      meetingRoom: i % 9 === 0 ? link('meeting-room', 0) : null,
      meetingType: meetingTypeOf(i),
      status: undated ?? statusOf(i, isPast),
      hybrid: i % 19 === 0,
      trailingBufferTime: i % 3 === 0 ? 5 : 0,
      internalNotes: NOTES[i % 9] ?? null,
      messageForCustomer: MESSAGES[i % 8] ?? null,
      createdAt,
      createdBy: link('employee', booking.practitioner),
      updatedAt: createdAt,
      location: meetingTypeOf(i) === 'ON_LOCATION' ? home : null,
    };
  });
}
