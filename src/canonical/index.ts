import type { Appointment } from './appointment';
import { NO_CONSENTS, type Client } from './client';
import type { Location } from './location';
import type { Practitioner } from './practitioner';
import type { Service } from './service';

/** Every resource by name; ports, tables and routes are typed from it. */
export interface Resources<Ref> {
  appointments: Appointment<Ref>;
  clients: Client;
  practitioners: Practitioner<Ref>;
  services: Service<Ref>;
  locations: Location;
}
export type ResourceName = keyof Resources<unknown>;

/** The resources in the order in which a sync reads them: what is pointed at comes before what points. */
export const RESOURCE_NAMES = [
  'locations',
  'practitioners',
  'services',
  'clients',
  'appointments',
] as const satisfies readonly ResourceName[];

type RefMapper<A, B> = (resource: ResourceName, ref: A) => B;
type ReferenceMappers = {
  readonly [R in ResourceName]: <A, B>(record: Resources<A>[R], map: RefMapper<A, B>) => Resources<B>[R];
};

/** Rewrites each reference of a record, from one id space to the other. The only list of what points at what. */
export const mapReferences: ReferenceMappers = {
  appointments: (record, map) => ({
    ...record,
    practitionerId: record.practitionerId === null ? null : map('practitioners', record.practitionerId),
    practitionerIds: record.practitionerIds.map((id) => map('practitioners', id)),
    clientId: record.clientId === null ? null : map('clients', record.clientId),
    attendees: record.attendees.map((one) => ({ ...one, clientId: map('clients', one.clientId) })),
    serviceId: record.serviceId === null ? null : map('services', record.serviceId),
    locationId: record.locationId === null ? null : map('locations', record.locationId),
  }),
  clients: (record) => record,
  practitioners: (record, map) => ({
    ...record,
    locationIds: record.locationIds.map((id) => map('locations', id)),
  }),
  services: (record, map) => ({
    ...record,
    practitionerIds: record.practitionerIds.map((id) => map('practitioners', id)),
  }),
  locations: (record) => record,
};

const NO_PERSON = {
  firstName: null,
  lastName: null,
  fullName: null,
  email: null,
  phone: null,
  phoneRaw: null,
};

/** What is known of a record that only another one mentions: nothing. */
export const NOTHING_KNOWN: Resources<never> = {
  appointments: {
    status: 'booked',
    remoteStatus: null,
    start: null,
    end: null,
    title: null,
    description: null,
    notes: null,
    clientMessage: null,
    modality: null,
    videoUrl: null,
    practitionerId: null,
    practitionerIds: [],
    clientId: null,
    attendees: [],
    serviceId: null,
    locationId: null,
    arrivedAt: null,
    cancellation: null,
    color: null,
    timeZone: null,
  },
  clients: {
    ...NO_PERSON,
    birthDate: null,
    gender: null,
    language: null,
    address: null,
    notes: null,
    consents: NO_CONSENTS,
    status: 'active',
  },
  practitioners: { ...NO_PERSON, title: null, specialties: [], active: null, locationIds: [] },
  services: {
    name: null,
    description: null,
    durationMinutes: null,
    color: null,
    active: null,
    practitionerIds: [],
  },
  locations: { name: null, description: null, address: null, timeZone: null, phone: null },
};
