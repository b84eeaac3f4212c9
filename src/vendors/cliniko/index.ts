import { createHash } from 'node:crypto';
import { fullName, text } from '../../canonical/values';
import { defineVendor } from '../contract';
import { keyOwner } from './api';
import { appointmentMapper } from './appointment.mapper';
import { availability } from './availability';
import { clientMapper } from './client.mapper';
import { example, baseUrlOf, ClinikoCredentials, ClinikoSettings } from './cliniko.config';
import { locationMapper } from './location.mapper';
import { ports } from './ports';
import { practitionerMapper } from './practitioner.mapper';
import { serviceMapper } from './service.mapper';
import { CAPABILITIES, explain } from './tables';

const REQUESTS_A_MINUTE = 200;

/** Cliniko: practice management for allied health, one account on one shard. */
export const vendor = defineVendor({
  name: 'cliniko',
  title: 'Cliniko',
  docs: 'https://docs.api.cliniko.com',
  example,
  hosts: [/^api\.[a-z]{2}\d{1,2}\.cliniko\.com$/],
  credentials: ClinikoCredentials,
  settings: ClinikoSettings,
  complete: ({ credentials, settings }) => ({
    ...settings,
    baseUrl: settings['baseUrl'] ?? baseUrlOf(credentials['apiKey']),
  }),
  capabilities: CAPABILITIES,
  mappers: {
    locations: locationMapper,
    practitioners: practitionerMapper,
    services: serviceMapper,
    clients: clientMapper,
    appointments: appointmentMapper,
  },
  secretFields: [
    'booking_ip_address',
    'cancellation_url',
    'dva_card_number',
    'medicare',
    'medicare_reference_number',
  ],
  urls: ({ settings }) => [settings.baseUrl],
  http: ({ credentials: { apiKey }, settings }) => ({
    baseUrl: settings.baseUrl.replace(/\/+$/, ''),
    headers: { 'user-agent': `${settings.userAgent.name} (${settings.userAgent.email})` },
    auth: { kind: 'basic', user: apiKey, password: '' },
    limits: {
      requestsPerMinute: settings.rateLimit?.requestsPerMinute ?? REQUESTS_A_MINUTE,
      maxInFlight: 4,
      sharedBy: `cliniko ${createHash('sha256').update(apiKey).digest('hex')}`, // the limit is the key owner's
    },
    errors: [],
    explain,
  }),
  check: async (http) => {
    const { first_name, last_name } = await keyOwner(http);
    return { account: fullName(null, text(first_name), text(last_name)) };
  },
  ports,
  availability: { needs: ['practitioner', 'service', 'location'], port: availability },
});
