import { createHash } from 'node:crypto';
import { text } from '../../canonical/values';
import { defineVendor } from '../contract';
import { logIn, readAccount } from './api';
import { appointmentMapper } from './appointment.mapper';
import { clientMapper } from './client.mapper';
import { locationMapper } from './location.mapper';
import { example, PengaCredentials, PengaSettings } from './penga.config';
import { ports } from './ports';
import { practitionerMapper } from './practitioner.mapper';
import { serviceMapper } from './service.mapper';
import { capabilities, explain } from './tables';

/** Penga documents no limit: what a careful client sends, unless the connection says otherwise. */
const REQUESTS_PER_MINUTE = 600;
const MAX_IN_FLIGHT = 8;

const rootOf = ({ baseUrl }: PengaSettings): string => baseUrl.replace(/\/+$/, '');

/** Connections that log in as the same user share its limit; the name of the share holds no address. */
const accountOf = (root: string, email: string): string =>
  `${root} ${createHash('sha256').update(email.trim().toLowerCase()).digest('hex').slice(0, 16)}`;

/** Penga (https://docs.penga.uk): reading and writing. */
export const vendor = defineVendor({
  name: 'penga',
  title: 'Penga',
  docs: 'https://docs.penga.uk',
  example,
  hosts: [/^api\.penga\.uk$/],
  credentials: PengaCredentials,
  settings: PengaSettings,
  capabilities,
  mappers: {
    appointments: appointmentMapper,
    clients: clientMapper,
    practitioners: practitionerMapper,
    services: serviceMapper,
    locations: locationMapper,
  },
  // `GET user` hands out the first three; the others are of their kind.
  secretFields: [
    'remember_token',
    'undelete_token',
    'card_last4',
    'card_brand',
    'stripe_id',
    'password',
    'token',
  ],
  urls: ({ settings }) => [rootOf(settings)],
  http: ({ credentials, settings }) => ({
    baseUrl: rootOf(settings),
    headers: { 'content-type': 'application/json' },
    auth: {
      kind: 'login',
      login: (send) => logIn(send, credentials),
      secrets: [credentials.email, credentials.password],
    },
    limits: {
      requestsPerMinute: settings.rateLimit?.requestsPerMinute ?? REQUESTS_PER_MINUTE,
      maxInFlight: MAX_IN_FLIGHT,
      sharedBy: accountOf(rootOf(settings), credentials.email),
    },
    errors: [],
    explain,
  }),
  check: async (http) => {
    const { organisation, name } = await readAccount(http);
    const names = [text(organisation?.name), text(name)].filter((one) => one !== null);
    return { account: names.length === 0 ? null : names.join(' / ') };
  },
  ports,
});
