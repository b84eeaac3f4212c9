import { faker as australian } from '@faker-js/faker/locale/en_AU';
import { people, type Person } from '../../kit/people';
import type { SandboxSize } from '../../kit/sandbox';
import { add, idOf, nextId, stamp, stands, type Row, type State } from './state';

const DAY_MS = 86_400_000;

/** The time `days` before the sandbox's now, as Cliniko writes it. */
export const daysAgo = (state: State, days: number): string =>
  stamp(new Date(state.now().getTime() - days * DAY_MS));

const BUSINESSES = [
  {
    business_name: 'Harbour Health Sydney',
    city: 'Sydney',
    state: 'NSW',
    post_code: '2000',
    time_zone: 'Sydney',
    time_zone_identifier: 'Australia/Sydney',
  },
  {
    business_name: 'Harbour Health Perth',
    city: 'Perth',
    state: 'WA',
    post_code: '6000',
    time_zone: 'Perth',
    time_zone_identifier: 'Australia/Perth',
  },
  {
    business_name: 'Harbour Health Adelaide',
    city: 'Adelaide',
    state: 'SA',
    post_code: '5000',
    time_zone: 'Adelaide',
    time_zone_identifier: 'Australia/Adelaide',
    isArchived: true,
  },
] as const;

const TYPES = [
  {
    name: 'Initial Consultation',
    category: 'Physiotherapy',
    color: '#00FF00',
    duration_in_minutes: 60,
    max_attendees: 1,
  },
  {
    name: 'Standard Consultation',
    category: 'Physiotherapy',
    color: '#3399FF',
    duration_in_minutes: 30,
    max_attendees: 1,
  },
  {
    name: 'Telehealth Consultation',
    category: 'Physiotherapy',
    color: '#C0F',
    duration_in_minutes: 30,
    max_attendees: 1,
    telehealth_enabled: true,
  },
  {
    name: 'Clinical Pilates',
    category: 'Classes',
    color: '#FF9900',
    duration_in_minutes: 60,
    max_attendees: 8,
  },
  {
    name: 'Remedial Massage',
    category: null,
    color: '#996633',
    duration_in_minutes: 45,
    max_attendees: 1,
    show_in_online_bookings: false,
  },
  {
    name: 'Retired Assessment',
    category: null,
    color: '#999999',
    duration_in_minutes: 90,
    max_attendees: 1,
    isArchived: true,
  },
] as const;

/** The length of each type that is booked, in the order of their making. */
export const BOOKED_MINUTES: readonly number[] = TYPES.filter((type) => !('isArchived' in type)).map(
  (type) => type.duration_in_minutes,
);

function made(state: State, days: number): Row {
  return { id: nextId(state), created_at: daysAgo(state, days), updated_at: daysAgo(state, days / 2) };
}

/** Businesses, appointment types, practitioners and who offers what where; the last practitioner is inactive. */
export function addStaff(state: State, count: number): void {
  addBusinesses(state);
  addTypes(state);
  addPractitioners(state, count);
  addOffers(state);
}

function addBusinesses(state: State): void {
  for (const { isArchived, ...business } of BUSINESSES.map((one) => ({ isArchived: false, ...one })))
    add(state.tables.businesses, {
      ...made(state, 900),
      ...business,
      label: business.city,
      display_name: business.business_name,
      address_1: '20 Smith Street',
      address_2: '',
      country: 'Australia',
      country_code: 'AU',
      contact_information: 'Phone: (02) 5550 0100',
      show_in_online_bookings: true,
      appointment_type_ids: [],
      archived_at: isArchived ? daysAgo(state, 100) : null,
    });
}

function addTypes(state: State): void {
  for (const { isArchived, ...type } of TYPES.map((one) => ({
    isArchived: false,
    telehealth_enabled: false,
    show_in_online_bookings: true,
    ...one,
  })))
    add(state.tables.appointment_types, {
      ...made(state, 800),
      ...type,
      description: null,
      online_bookings_lead_time_hours: 0,
      archived_at: isArchived ? daysAgo(state, 90) : null,
    });
}

function addPractitioners(state: State, count: number): void {
  const { practitioners, users } = state.tables;
  people(australian, count).forEach((person, nth) => {
    const isInactive = nth === count - 1;
    const user = add(users, {
      ...made(state, 700),
      ...named(person),
      email: person.email,
      active: !isInactive,
      time_zone: 'Sydney',
      role: nth === 0 ? 'administrator' : 'practitioner',
    });
    add(practitioners, {
      ...made(state, 700),
      ...named(person),
      title: nth % 3 === 0 ? 'Dr' : '',
      display_name:
        nth % 3 === 0
          ? `Dr ${person.firstName} ${person.lastName}`
          : `${person.firstName} ${person.lastName}`,
      label: `${person.firstName} ${person.lastName}`,
      designation: nth === 1 ? '' : (['Physiotherapist', 'Osteopath', 'Podiatrist'][nth % 3] ?? ''),
      description: null,
      active: !isInactive,
      show_in_online_bookings: nth % 5 !== 4,
      user_id: idOf(user),
    });
  });
}

/** Each practitioner works at one of the open businesses, the first at all of them. */
function addOffers(state: State): void {
  const { businesses, appointment_types, practitioners, services, daily_availabilities } = state.tables;
  const open = businesses.rows.filter(stands);
  open.forEach((business, at) => {
    const here = practitioners.rows.filter((_, nth) => nth === 0 || nth % open.length === at).map(idOf);
    const types = appointment_types.rows.filter((row) => row['archived_at'] === null);
    business['appointment_type_ids'] = types.map(idOf);
    for (const type of types)
      add(services, { business_id: idOf(business), appointment_type_id: idOf(type), practitioner_ids: here });
    for (const practitioner_id of here)
      for (const day_of_week of [1, 2, 3, 4, 5])
        add(daily_availabilities, {
          ...made(state, 600),
          business_id: idOf(business),
          practitioner_id,
          day_of_week,
          availabilities: [{ starts_at: '08:00', ends_at: '18:00' }],
          time_zone: business['time_zone'],
          time_zone_identifier: business['time_zone_identifier'],
        });
  });
}

const named = ({ firstName, lastName }: Person): Row => ({ first_name: firstName, last_name: lastName });
const nthOf = <T>(pool: readonly T[], nth: number): T => pool[nth % pool.length] as T;
const GENDERS = ['Female', 'Male', '', 'Non-binary', null, 'Prefer not to say'] as const;
const REMINDERS = ['SMS', 'Email', 'SMS & Email', 'None'] as const;
const COUNTRIES = ['Australia', 'Australia', 'New Zealand', 'Australia', ''] as const;

/** The nth patient's numbers: most have a mobile one; some only others, a foreign one, an unreadable one or none. */
function phones(nth: number): Row[] {
  const digits = String(nth % 10_000_000)
    .padStart(8, '0')
    .replace(/^(...)(.....)$/, '$1 $2');
  const phone = (phone_type: string, number: string): Row => ({
    phone_type,
    number,
    normalized_number: number.replace(/\D/g, ''),
  });
  if (nth % 23 === 1) return [];
  if (nth % 23 === 2) return [phone('Mobile', '+44 20 7946 0018')];
  if (nth % 23 === 3) return [phone('Work', '(02) 5550 0123'), phone('Home', '02 5550 0199')];
  if (nth % 23 === 4) return [phone('Mobile', 'ask sister')];
  return [phone('Home', '(02) 5550 0177'), phone('Mobile', `04${digits}`)];
}

/** Patients; of each two dozen one is archived. One has a reminder type that no documentation names. */
export function addPatients(state: State, { clients }: SandboxSize): void {
  people(australian, clients).forEach((person, nth) => {
    const isFemale = person.female;
    add(state.tables.patients, {
      ...made(state, 500 - (499 * nth) / clients),
      ...named(person),
      preferred_first_name: nth % 9 === 0 ? person.firstName.slice(0, 3) : '',
      title: '',
      date_of_birth: nth % 31 === 5 ? '' : person.birthDate,
      email: nth % 7 === 6 ? '' : person.email,
      gender: nth % 6 > 1 ? nthOf(GENDERS, nth) : isFemale ? 'Female' : 'Male',
      address_1: `${person.houseNumber} ${person.street}`,
      address_2: '',
      address_3: '',
      city: person.city,
      state: 'NSW',
      post_code: person.postalCode,
      country: nthOf(COUNTRIES, nth),
      time_zone: null,
      reminder_type: nth === 8 ? 'Carrier pigeon' : nthOf(REMINDERS, nth),
      accepted_email_marketing: nth % 5 === 4 ? null : nth % 2 === 0,
      accepted_sms_marketing: nth % 3 === 0,
      old_reference_id: nth % 10 === 9 ? `OLD-${String(nth)}` : '',
      notes: nth % 4 === 0 ? 'Prefers mornings' : '',
      patient_phone_numbers: phones(nth),
      archived_at: nth % 24 === 12 ? daysAgo(state, 30) : null,
    });
  });
}
