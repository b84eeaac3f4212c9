import type { Faker } from '@faker-js/faker';
import { people, type Person } from '../../kit/people';
import {
  MEETING_TYPES,
  opaqueId,
  type AvailabilitySetting,
  type Customer,
  type Employee,
  type Location,
  type Office,
  type Subject,
  type SubjectGroup,
  type Text,
} from './state';

export const TIME_ZONE = 'Europe/Brussels';
const MADE = '2025-01-06T08:00:00.000Z';
const CHANGED = '2025-06-02T09:30:00.000Z';
export const inDutch = (value: string): Text => ({ language: 'nl', value });

/** An address in the shape that is read. */
function location(city: string, street: string, postalCode: string): Location {
  return {
    city: inDutch(city),
    state: null,
    street1: inDutch(street),
    street2: null,
    postalCode,
    countryCode: 'BE',
    formattedAddress: `${street}, ${postalCode} ${city}, België`,
    geolocation: { latitude: 51.0479466, longitude: 3.6912248 },
  };
}
export const homeOf = ({ street, houseNumber, postalCode, city }: Person): Location =>
  location(city, `${street} ${houseNumber}`, postalCode);

const OFFICES: readonly { name: string; location: Location | null; phoneNumber: string | null }[] = [
  { name: 'Praktijk Gent', location: location('Gent', 'Kouter 12', '9000'), phoneNumber: '09 224 10 20' },
  {
    name: 'Praktijk Antwerpen',
    location: location('Antwerpen', 'Meir 40', '2000'),
    phoneNumber: '+3232021010',
  },
  { name: 'Online', location: null, phoneNumber: null },
];

/** The offices; the last one is online only and has no address. */
export const offices = (): Office[] =>
  OFFICES.map(({ name, location: at, phoneNumber }, i) => ({
    id: opaqueId('office', i),
    externalId: i === 0 ? 'GENT' : null,
    timeZone: TIME_ZONE,
    phoneNumber,
    location: at,
    createdAt: MADE,
    updatedAt: CHANGED,
    translations: { name: [inDutch(name)] },
  }));

/** How long each subject takes, by its place. */
export const MINUTES = [30, 45, 60, 20, 30] as const;
const SUBJECTS: readonly { nl: string; en?: string; isEnabled?: boolean; deletedAt?: string }[] = [
  { nl: 'Kennismaking', en: 'Introduction' },
  { nl: 'Opvolggesprek', en: 'Follow-up' },
  { nl: 'Uitgebreid onderzoek', en: 'Full examination' },
  { nl: 'Vaccinatie' }, // in one language alone: null for who asks for English and nothing else
  { nl: 'Telefonisch advies', en: 'Advice by phone' },
  { nl: 'Groepssessie', en: 'Group session', isEnabled: false },
  { nl: 'Oud onderzoek', deletedAt: '2025-09-01T10:00:00.000Z' },
];

/** The groups of subjects, which carry the colours. */
export const subjectGroups = (): SubjectGroup[] => [
  {
    id: opaqueId('subject-group', 0),
    externalId: null,
    color: '#0A2136',
    order: 0,
    image: null,
    createdAt: MADE,
    updatedAt: CHANGED,
    translations: { name: [inDutch('Consultaties')] },
  },
];

/** The subjects, without durations: those are settings of the offices. One is enabled for nobody, one deleted. */
export const subjects = (): Subject[] =>
  SUBJECTS.map(({ nl, en, isEnabled = true, deletedAt = null }, i) => ({
    id: opaqueId('subject', i),
    externalId: i === 0 ? 'SUB-1' : null,
    enabledForInternalUse: isEnabled,
    enabledForCustomerUse: isEnabled && i % 2 === 0,
    order: i,
    subjectGroup: { id: opaqueId('subject-group', 0) },
    cancellationByAgentForm: null,
    cancellationByCustomerForm: null,
    completionByAgentForm: null,
    questionnaireForm: i === 2 ? { id: opaqueId('form', 0) } : null,
    createdAt: MADE,
    updatedAt: CHANGED,
    deletedAt,
    translations: {
      name: [inDutch(nl), ...(en === undefined ? [] : [{ language: 'en', value: en }])],
      description: i === 2 ? [inDutch('Breng uw vorige verslagen mee')] : [],
      instructions: [],
    },
  }));

/** What an office says of its subjects. The offices agree on all durations but that of the second subject. */
export const settingsOf = (office: number): AvailabilitySetting[] =>
  MINUTES.flatMap((minutes, i) =>
    MEETING_TYPES.map((meetingType) => ({
      meetingType,
      subject: { id: opaqueId('subject', i) },
      autoAccept: true,
      estimatedDuration: i === 1 && office === 1 ? minutes + 15 : minutes,
      timeSlotGranularity: 15,
      trailingBufferTime: 0,
      timeSlotEarliestPossible: 60,
      timeSlotLatestPossible: 525_600,
      maxConcurrentAppointments: 1,
    })),
  );

/** Those who take no appointments any more, or none yet, behind the active staff. */
const OTHERS = [
  { status: 'PENDING', deletedAt: null },
  { status: 'SUSPENDED', deletedAt: null },
  { status: 'ACTIVE', deletedAt: '2025-10-01T12:00:00.000Z' },
] as const;

/** The staff: so many active ones, then one that is invited, one suspended and one deleted. */
export function employees(faker: Faker, active: number): Employee[] {
  return people(faker, active + OTHERS.length).map((person, i) => {
    const { status, deletedAt } = OTHERS[i - active] ?? { status: 'ACTIVE', deletedAt: null };
    return {
      id: opaqueId('employee', i),
      externalId: i % 2 === 0 ? `EMP-${i}` : null,
      communicationEmail: i % 3 === 0 ? person.email.replace('@', '.public@') : null,
      username: person.email.split('@')[0] ?? null,
      firstName: person.firstName,
      lastName: person.lastName,
      staticVideoUrl: null,
      phoneNumber: i % 2 === 0 ? `+324700000${String(i).padStart(2, '0').slice(-2)}` : null,
      profilePictureUrl: null,
      email: person.email,
      language: 'nl',
      timeZone: TIME_ZONE,
      availableRoles: ['AGENT'],
      status,
      onlinePlanning: status === 'ACTIVE',
      officeRelations: [
        { role: 'AGENT', office: { id: opaqueId('office', i % 2) } },
        { role: 'AGENT', office: { id: opaqueId('office', 2) } },
        ...(i === 0 ? [{ role: 'OFFICE_MANAGER', office: { id: opaqueId('office', 0) } }] : []),
      ],
      createdAt: MADE,
      updatedAt: CHANGED,
      deletedAt,
      translations: { function: i % 4 === 0 ? [inDutch('Huisarts')] : [] },
    };
  });
}

/** A national number, an international one, a foreign one, words in place of a number, none. */
function phoneOf(i: number): string | null {
  const digits = String(i % 100).padStart(2, '0');
  const numbers = [`0470 12 34 ${digits}`, `+324701234${digits}`, `+336123456${digits}`, 'zie dossier', null];
  return numbers[i % 23 === 22 ? 3 : i % 29 === 28 ? 4 : i % 17 === 16 ? 2 : i % 2] ?? null;
}

/** The customers; every fiftieth is deleted, which lists do not show. */
export function customers(faker: Faker, count: number): Customer[] {
  return people(faker, count).map((person, i) => ({
    id: opaqueId('customer', i),
    externalId: i % 4 === 0 ? `CUST-${i}` : null,
    customerNumber: i % 3 === 0 ? String(100_000 + i) : null,
    email: i % 13 === 12 ? null : person.email,
    firstName: i % 41 === 40 ? null : person.firstName,
    lastName: person.lastName,
    company: null,
    language: i % 5 === 0 ? 'fr' : i % 31 === 30 ? null : 'nl',
    notes: i % 11 === 0 ? 'Belt liever in de namiddag' : null,
    phoneNumber: phoneOf(i),
    existing: i % 6 !== 0,
    timeZone: TIME_ZONE,
    location: i % 7 === 6 ? null : homeOf(person),
    createdAt: MADE,
    updatedAt: CHANGED,
    deletedAt: i % 50 === 49 ? '2025-11-03T15:00:00.000Z' : null,
  }));
}
