import { createHash } from 'node:crypto';
import { text } from '../../canonical/values';
import { defineVendor } from '../contract';
import type { HttpPolicy } from '../kit/policy';
import { centersOf } from './api';
import { appointmentMapper } from './appointment.mapper';
import { availability } from './availability';
import { clientMapper } from './client.mapper';
import { locationMapper } from './location.mapper';
import { ports } from './ports';
import { practitionerMapper } from './practitioner.mapper';
import { example, ProgendaCredentials, ProgendaSettings } from './progenda.config';
import { serviceMapper } from './service.mapper';
import { capabilities, explainer } from './tables';

const REQUESTS_PER_MINUTE = 600; // ours: Progenda documents no limit
const MAX_IN_FLIGHT = 8;

/** Names the user whose calls wait for each other, without saying who it is. */
const holder = (userEmail: string): string =>
  createHash('sha256').update(userEmail).digest('base64url').slice(0, 16);

/** In the query, as the reference has it, or as HTTP Basic, as the client Progenda.Net sends them. */
const authOf = (
  { userEmail, userToken }: ProgendaCredentials,
  { credentialsIn }: ProgendaSettings,
): HttpPolicy['auth'] =>
  credentialsIn === 'header'
    ? { kind: 'basic', user: userEmail, password: userToken }
    : { kind: 'query', parameters: { user_email: userEmail, user_token: userToken } };

/** Progenda, https://api.progenda.be: calendars, patients and appointments of Belgian centers. */
export const vendor = defineVendor({
  name: 'progenda',
  title: 'Progenda',
  docs: 'https://api.progenda.be',
  example,
  hosts: [/^progenda\.be$/],
  credentials: ProgendaCredentials,
  settings: ProgendaSettings,
  capabilities,
  mappers: {
    appointments: appointmentMapper,
    clients: clientMapper,
    practitioners: practitionerMapper,
    services: serviceMapper,
    locations: locationMapper,
  },
  secretFields: ['user_token'],
  urls: ({ settings }) => [settings.baseUrl],
  http: ({ credentials, settings }) => ({
    baseUrl: settings.baseUrl.replace(/\/+$/, ''),
    headers: { accept: 'application/json', 'content-type': 'application/json' }, // asked for even on a GET
    auth: authOf(credentials, settings),
    credentialParameters: ['user_email', 'user_token'],
    limits: {
      requestsPerMinute: settings.rateLimit?.requestsPerMinute ?? REQUESTS_PER_MINUTE,
      maxInFlight: MAX_IN_FLIGHT,
      sharedBy: `${settings.baseUrl} ${holder(credentials.userEmail)}`,
    },
    errors: [], // no code is documented: the status alone tells
    explain: explainer(credentials),
  }),
  check: async (http, settings) => {
    const centers = await centersOf(http, settings);
    return { account: text(centers.flatMap((center) => text(center.name) ?? []).join(', ')) };
  },
  ports,
  availability: { needs: ['practitioner', 'service'], port: availability },
});
