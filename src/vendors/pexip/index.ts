import { defineVendor } from '../contract';
import { logIn, ping } from './api';
import { appointmentMapper } from './appointment.mapper';
import { clientMapper } from './client.mapper';
import { locationMapper } from './location.mapper';
import { example, apiRootOf, PexipCredentials, PexipSettings, tokenUrlOf } from './pexip.config';
import { ports } from './ports';
import { practitionerMapper } from './practitioner.mapper';
import { serviceMapper } from './service.mapper';
import { APPOINTMENTS, CLIENTS, ERRORS, explain, READ_ONLY } from './tables';

const REQUESTS_A_MINUTE = 3000;
const MAX_IN_FLIGHT = 4;
/** Pexip Engage, formerly Skedify: appointments of an enterprise's customers with its employees. */
export const vendor = defineVendor({
  name: 'pexip',
  title: 'Pexip Engage',
  docs: 'https://developer.pexipengage.com',
  example,
  hosts: [/^(?:api|auth)(?:\.staging|\.development)?\.pexipengage\.com$/],
  credentials: PexipCredentials,
  settings: PexipSettings,
  capabilities: {
    locations: READ_ONLY,
    practitioners: READ_ONLY,
    services: READ_ONLY,
    clients: CLIENTS,
    appointments: APPOINTMENTS,
  },
  mappers: {
    locations: locationMapper,
    practitioners: practitionerMapper,
    services: serviceMapper,
    clients: clientMapper,
    appointments: appointmentMapper,
  },
  secretFields: [],
  urls: ({ settings }) => [settings.baseUrl, tokenUrlOf(settings)],
  http: ({ credentials: { clientId = '', clientSecret = '', token }, settings }) => ({
    baseUrl: apiRootOf(settings),
    // As the documentation shows it, without a comma. The star asks for any other language rather than for none.
    headers: { 'accept-language': `${settings.language} *` },
    auth: token
      ? { kind: 'bearer', token }
      : {
          kind: 'login',
          secrets: [clientSecret].filter((one) => one !== ''),
          login: (send) =>
            logIn(send, { url: tokenUrlOf(settings), clientId, clientSecret, scopes: settings.scopes }),
        },
    limits: {
      requestsPerMinute: settings.rateLimit?.requestsPerMinute ?? REQUESTS_A_MINUTE,
      maxInFlight: MAX_IN_FLIGHT,
      sharedBy: `pexip egress ${new URL(settings.baseUrl).host}`, // the limit is the calling address's, whoever's tenant
    },
    errors: ERRORS,
    explain,
  }),
  check: async (http, { enterprise }) => {
    await ping(http);
    return { account: enterprise };
  },
  ports,
});
