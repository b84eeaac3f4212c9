import { RESOURCE_NAMES, type ResourceName } from '../canonical/index';

/** What one record of each resource is called in the type of an event, as the database's triggers call it. */
const ONE: Readonly<Record<ResourceName, string>> = {
  locations: 'location',
  practitioners: 'practitioner',
  services: 'service',
  clients: 'client',
  appointments: 'appointment',
};

/** Every type of event that the feed can hold. */
export const EVENT_TYPES: readonly string[] = [
  ...RESOURCE_NAMES.flatMap((resource) =>
    ['created', 'updated', 'deleted'].map((deed) => `${ONE[resource]}.${deed}`),
  ),
  'appointment.cancelled',
];

/** What a webhook endpoint may ask for: everything, everything of a resource, or a single type. */
export const EVENT_PATTERNS: readonly string[] = [
  '*',
  ...RESOURCE_NAMES.map((resource) => `${ONE[resource]}.*`),
  ...EVENT_TYPES,
];

/** The type of what `POST …/test` sends; it is in no feed. */
export const TEST_EVENT = 'webhook.test';
