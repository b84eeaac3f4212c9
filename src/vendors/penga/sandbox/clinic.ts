import type { Faker } from '@faker-js/faker';
import { bookings, people, staffFor, type Booking, type Person } from '../../kit/people';
import type { SandboxSize } from '../../kit/sandbox';
import { CREDENTIALS } from './token';
import { add, MARKETING_FLAGS, seconds, type Marketing, type PengaState, type Row } from './state';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Around the number that libphonenumber gives as its example. */
const mobile = (number: number): string => `07400123${String(number % 1000).padStart(3, '0')}`;

const DEPARTMENTS: [string, string, string][] = [
  ['Management', 'Managerial Staff', '#F7CAC9'],
  ['Reception', 'Calendar Administrators', '#88B04B'],
  ['Dentistry', 'General Dentistry Department', '#B4B7BA'],
  ['Orthodontics', 'Orthodontic Dentistry Department', '#EFC050'],
];
const TYPES: [string, string | null, string, number][] = [
  ['General', 'General Dental Appointments', '#c1fffb', 30],
  ['Orthodontic', 'Orthodontic Appointment', '#e08214', 45],
  ['Checkup', 'Dental Checkup', '#41ab5d', 20],
  ['Follow Up', 'Follow Up Appointment', '#F2D69E', 15],
  ['Consultation', null, '#807dba', 60],
];
const STATUSES: [string, string | null, string | null][] = [
  ['Pending', 'Appointment Pending', '#00d422'],
  ['Cancelled', 'Appointment Cancelled', '#E0A800'],
  ['Completed', 'Appointment Completed', '#22e5ff'],
  ['Arrived', 'Client is in the waiting room', '#3366ff'],
  ['Did Not Attend', 'Client did not attend', '#876543'],
  ['On Hold', null, null],
  ['Requested', 'Client asked for it', '#cccccc'],
  ['Offered', 'Offered to the client', '#dddddd'],
];
const ROLES: [string, string][] = [
  ['Organistion Owner', 'Admin for a Registered Organisation'],
  ['Admin User', 'Admin User, create edit, delete'],
  ['Employee Read Write', 'Employee can View, and Edit Calendar'],
  ['Employee Read Write Limited', 'Employee can View, and Edit Calendar'],
  ['Employee Read Only', 'Employee can View Calendar'],
  ['Employee Bookings Only', 'Employee can only be booked against'],
];
const TEMPLATES: [string, string, number][] = [
  ['New Appointment', 'Dear { CLIENT_FIRST_NAME }\n\nYou have an appointment from { APPOINTMENT_START }', 1],
  ['Appointment Reminder', 'Dont forget your { APPOINTMENT_TYPE } appointment', 1],
  ['Appointment Time Change', 'Your appointment is now from { APPOINTMENT_START } to { APPOINTMENT_END }', 1],
  ['Special Offer', "Dear { CLIENT_FULL_NAME }, We'd like to offer you an exclusive deal ...", 2],
  ['Party Invitation', '{ CLIENT_FIRST_NAME }, Come join the party on Feb 25th ...', 2],
];
const DESCRIPTIONS = [
  'Annual checkup',
  'Scale and polish',
  'Filling, upper left',
  'Crown fitting',
  'Root canal, second visit',
  'Brace adjustment',
  'Whitening',
  'Toothache',
  'Referral from GP',
  'Denture review',
  'Extraction',
  null,
  '',
  '  Retainer check ',
];
const NOTES = [
  'Prefers mornings',
  'Nervous, please allow time',
  'Allergic to latex',
  'Asked for the invoice by post',
];

/** Departments, types, statuses, roles and templates, as a practice has set them up. */
function catalogue(state: PengaState, at: number): void {
  for (const [name, description, color] of DEPARTMENTS)
    add(state.departments, { name, description, color }, at);
  for (const [name, description, color] of TYPES) add(state.types, { name, description, color }, at);
  for (const [name, description, color] of STATUSES) add(state.statuses, { name, description, color }, at);
  for (const [name, description] of ROLES) add(state.roles, { name, description }, at);
  TEMPLATES.forEach(([template_name, template_body, template_type_id], i) => {
    const fields = { template_id: i + 1, template_type_id, template_name, template_body };
    add(state.templates, fields, at).created_at = template_type_id === 1 ? null : at;
  });
}

/** The owner is user 7, as in the reference; one user was deleted, one is in no department and has no telephone. */
function staff(state: PengaState, persons: readonly Person[], at: number): void {
  persons.forEach(({ firstName, lastName, email }, i) => {
    const isOdd = i === 2;
    const row = add(
      state.users,
      {
        name: isOdd ? `${firstName.toLowerCase()}${String(i)}` : `${firstName} ${lastName}`,
        first_name: firstName,
        last_name: lastName,
        email: i === 0 ? CREDENTIALS.email : email,
        mobile: isOdd ? '' : mobile(i + 1),
        description: i === 0 ? 'The Boss of Our Company' : null,
        activated: 1,
        role: i === 0 ? 'R-00000001' : 'R-00000003',
        departments: isOdd
          ? []
          : i % 4 === 3
            ? ['D-00000004', 'D-00000005']
            : [`D-0000000${String(2 + (i % 4))}`],
      },
      at,
    );
    if (i === persons.length - 1) row.deleted_at = at + DAY;
  });
}

/** Consents differ from client to client: most allow everything, some opted out, some were never asked. */
function marketing(state: PengaState, i: number, at: number): string {
  const isOptedOut = (flag: string): boolean =>
    flag.endsWith('optout') && (i % 7 === 3 || (i % 5 === 2 && flag.includes('marketing')));
  const isRefused = (flag: string): boolean => flag.startsWith('marketing') && i % 9 === 4;
  const flags = MARKETING_FLAGS.map((flag) => [
    flag,
    flag.endsWith('allow') ? Number(!isRefused(flag)) : Number(isOptedOut(flag)),
  ]);
  return add(state.marketing, Object.fromEntries(flags) as Omit<Marketing, keyof Row>, at).external_id;
}

function address(
  state: PengaState,
  i: number,
  { houseNumber, street, city, postalCode }: Person,
  at: number,
): string | null {
  if (i % 3 === 1) return null;
  const fields = {
    house_num_name: i % 8 === 6 ? 'Rose Cottage' : houseNumber,
    address_1: street,
    address_2: i % 4 === 0 ? 'Old Town' : '',
    address_3: i % 4 === 0 ? '' : null,
    town: city,
    county: i % 6 === 0 ? null : 'Derbyshire',
    postcode: postalCode,
  };
  return add(state.addresses, fields, at).external_id;
}

/** Telephone numbers as practices hold them: most are British, some foreign, blank, or no number at all. */
function phoneOf(i: number): string | null {
  if (i % 17 === 5) return '+32470123456';
  if (i % 17 === 9) return '';
  if (i % 17 === 11) return null;
  return i % 29 === 13 ? 'ask mother' : mobile(i);
}

function clients(state: PengaState, persons: readonly Person[], at: number): void {
  persons.forEach((person, i) => {
    const created = at + (i % 300) * HOUR;
    add(
      state.clients,
      {
        first_name: person.firstName,
        last_name: i % 31 === 7 ? `${person.lastName} ` : person.lastName,
        description: i % 6 === 0 ? 'Registered by telephone' : null,
        email: i % 13 === 4 ? '' : i % 13 === 8 ? person.email.toUpperCase() : person.email,
        mobile: phoneOf(i),
        address: address(state, i, person, created),
        marketing: marketing(state, i, created),
      },
      created,
    );
  });
}

/** What became of a booking: the past is done with, today is in progress, the future is planned. */
function statusOf(i: number, start: number, now: number): string {
  const [pending, cancelled, completed, arrived, missed, onHold] = [1, 2, 3, 4, 5, 6].map(
    (n) => `AS-0000000${String(n)}`,
  ) as [string, string, string, string, string, string];
  if (i % 12 === 5) return cancelled;
  if (i % 40 === 17) return onHold;
  if (start > now) return pending;
  if (now - start < 2 * HOUR) return arrived;
  return i % 15 === 8 ? missed : completed;
}

function appointments(state: PengaState, booked: readonly Booking[], now: number): void {
  const [bookable, ids] = [state.users.rows, state.clients.rows];
  booked.forEach(({ practitioner, client, service, start, minutes }, i) => {
    const begin = start.getTime() / 1000;
    const created = Math.min(begin - 14 * DAY, now - HOUR);
    const user = bookable[practitioner]?.external_id ?? '';
    const row = add(
      state.appointments,
      {
        start_time: begin,
        end_time: begin + minutes * 60,
        description: DESCRIPTIONS[i % DESCRIPTIONS.length] ?? null,
        status: statusOf(i, begin, now),
        type: `AT-0000000${String(service + 1)}`,
        client: ids[client]?.external_id ?? '',
        user,
        creator: bookable[0]?.external_id ?? '',
      },
      created,
    );
    state.schedule.push(row);
    if (i % 4 === 0) {
      const about = { user, appointment: row.external_id, client: null, parent: null };
      add(state.notes, { note: NOTES[i % NOTES.length] ?? '', ...about }, created);
    }
    if (i % 5 === 0) reminder(state, row.external_id, created);
  });
}

function reminder(state: PengaState, appointment: string, at: number): void {
  const booked = state.appointments.byId.get(appointment);
  const client = state.clients.byId.get(booked?.client ?? '');
  const fields = {
    send_time: at + HOUR,
    template_name: 'New Appointment',
    message_body: `Dear ${client?.first_name ?? ''}, you are booked`,
    recipient_number: client?.mobile ?? '',
    message_type_id: 1,
    user: booked?.user ?? null,
    client: booked?.client ?? null,
    appointment,
  };
  add(state.messages, fields, at);
}

/** Fills the clinic: the same seed on the same day gives the same people and calendars. */
export function fill(state: PengaState, faker: Faker, size: SandboxSize, timeZone: string): void {
  const now = seconds(state);
  const at = now - 400 * DAY;
  const practitioners = staffFor(size.appointments);
  const persons = people(faker, practitioners + 1 + size.clients);
  catalogue(state, at);
  staff(state, persons.slice(0, practitioners + 1), at);
  clients(state, persons.slice(practitioners + 1), at);
  const minutes = TYPES.map(([, , , length]) => length);
  const plan = {
    faker,
    now: state.now(),
    timeZone,
    practitioners,
    clients: size.clients,
    minutes,
    count: size.appointments,
  };
  appointments(state, bookings(plan), now);
  state.lists.clear();
}
