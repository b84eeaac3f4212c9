import type { Appointment } from './appointment';
import type { Client } from './client';
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
  practitioners: (record, map) => ({ ...record, locationIds: record.locationIds.map((id) => map('locations', id)) }),
  services: (record, map) => ({
    ...record,
    practitionerIds: record.practitionerIds.map((id) => map('practitioners', id)),
  }),
  locations: (record) => record,
};
