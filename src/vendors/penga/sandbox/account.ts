import { OWNER, standing, type PengaState, type User } from './state';
import type { Views } from './views';

/** Secrets that `GET user` hands out, as the vendor's does; nothing of them may ever be kept. */
export const SECRETS = {
  remember_token: 'sandbox-remember-token-9f2c',
  undelete_token: 'sandbox-undelete-token-41d7',
  card_last4: '4242',
} as const;

type Format = readonly [format: string, momentJs: string, example: string];
const DATE: readonly Format[] = [
  ['jS M y', 'Do MMM YY', '22nd Aug 18'],
  ['M jS y', 'MMM Do YY', 'Aug 22nd 18'],
  ['d-m-Y', 'DD-MM-YYYY', '22-08-2018'],
  ['Y-m-d', 'YYYY-MM-DD', '2018-08-22'],
];
const TIME: readonly Format[] = [
  ['g:ia', 'h:mma', '8:30pm'],
  ['h:ia', 'hh:mma', '08:30pm'],
  ['h:i:sa', 'hh:mm:ssa', '08:30:32pm'],
  ['H:ia', 'HH:mm', '20:30'],
  ['h:i:s', 'HH:mm:ss', '20:30:32'],
];
const DATE_TIME: readonly Format[] = [
  ['jS M y - g:ia', 'Do MMM YY - h:mma', '22nd Aug 18 - 8:15pm'],
  ['M jS y - g:ia', 'MMM Do YY - h:mma', 'Aug 22nd 18 - 8:15pm'],
  ['jS M Y - g:ia', 'Do MMM YYYY - h:mma', '22nd Aug 2018 - 8:15pm'],
  ['M jS Y - g:ia', 'MMM Do YYYY - h:mma', 'Aug 22nd 2018 - 8:15pm'],
  ['jS M Y - g:i:sa', 'Do MMM YYYY - h:mm:ssa', '22nd Aug 2018 - 8:15:32pm'],
  ['M jS Y - g:i:sa', 'MMM Do YYYY - h:mm:ssa', 'Aug 22nd 2018 - 8:15:32pm'],
  ['jS M Y - h:i', 'Do MMM YYYY - hh:mm', '22nd Aug 2018 - 20:15'],
  ['M jS Y - h:i', 'MMM Do YYYY - hh:mm', 'Aug 22nd 2018 - 20:15'],
  ['Y-m-d h:i', 'YYYY-MM-DD hh:mm', '2018-08-22 20:15'],
  ['d-m-Y h:i', 'DD-MM-YYYY hh:mm', '22-08-2018 20:15'],
  ['Y-m-d h:i:s', 'YYYY-MM-DD hh:mm:ss', '2018-08-22 20:15:32'],
  ['m-d-Y h:i:s', 'MM-DD-YYYY hh:mm:ss', '08-22-2018 20:15:32'],
];
const formats = (kind: string, rows: readonly Format[]): Record<string, unknown>[] =>
  rows.map(([format, momentJs, example], i) => ({
    id: i + 1,
    [`${kind}_display_format`]: format,
    [`${kind}_display_format_moment_js`]: momentJs,
    [`${kind}_display_format_representation`]: example,
  }));

const LIMITS = {
  user_limit: 20,
  client_limit: 1000,
  department_limit: 20,
  appointmenttype_limit: 100,
  appointmentstatus_limit: 10,
  smstemplate_limit: 10,
  smscampaign_limit: 0,
  smscampaign_recipients_limit: 100,
};
const TABLES = [
  'appointment_types',
  'appointment_statuses',
  'clients',
  'departments',
  'users',
  'organisations',
  'sms_templates',
  'sms_messages',
  'sms_campaigns',
  'department_calendars',
  'user_calendars',
];
const NOTIFIED_BY = { id: 3, name: 'SMS and Email', description: 'Email and Mobile Text Message' };
const DELAY = { id: 4, delay_seconds: '3600', delay_representation: 'One Hour Before' };

/** How the organisation has set up its screens: of no meaning to anybody else, and documented. */
function settings(created: number): Record<string, unknown> {
  const [dates, times, both] = [
    formats('date', DATE),
    formats('time', TIME),
    formats('date_and_time', DATE_TIME),
  ];
  return {
    display_formats_date: dates,
    display_formats_time: times,
    display_formats_date_time: both,
    profile: { theme_id: 1, avatar: null, avatar_status: 0, created_at: created, updated_at: created },
    settings_general: {
      account_activation_enabled: 1,
      two_factor_auth_enabled: 0,
      two_factor_auth_notification_method_id: 3,
      new_appointment_sms_notifications_enabled: 1,
      appointment_sms_reminders_enabled: 1,
      appointment_sms_reminder_delay_id: 4,
      two_factor_auth_notification_method: NOTIFIED_BY,
      appointment_sms_reminder_delay: DELAY,
    },
    settings_preferences: {
      date_and_time_display_format_id: 1,
      notes_panels_per_page: 4,
      sms_panels_per_page: 4,
      appointment_history_panels_per_page: 4,
      open_views_in_new_tab: 1,
      date_and_time_display_format: both[0],
    },
    settings_appointments: {
      table_per_page: 1,
      time_display_format_id: 1,
      date_display_format_id: 1,
      time_separator: ' : ',
      date_separator: ' : ',
      time_display_format: times[0],
      date_display_format: dates[0],
    },
    ...Object.fromEntries(TABLES.map((table) => [`settings_${table}`, { table_per_page: 1 }])),
  };
}

/** `GET user`: the user that is logged in, with everything that the vendor says of it. */
export function account(state: PengaState, views: Views): Record<string, unknown> {
  const user = state.users.byId.get(OWNER) as User;
  const created = user.created_at ?? 0;
  const newest = (rows: readonly Parameters<Views['entry']>[0][]) => [...rows].reverse().map(views.entry);
  const role = state.roles.byId.get(user.role);
  const theme = {
    id: 1,
    name: 'Default',
    link: 'null',
    notes: null,
    status: 1,
    taggable_type: 'theme',
    taggable_id: 1,
  };
  const themeTimes = { created_at: '2023-02-24T15:43:18.000000Z', updated_at: '2023-02-24T15:43:18.000000Z' };
  return {
    ...views.user(user),
    activated: user.activated,
    mobile_verified: 1,
    ...SECRETS,
    deleted_at: null,
    appointment_statuses: newest(standing(state, state.statuses)),
    appointment_types: newest(standing(state, state.types)),
    roles: role ? [{ ...views.role(role), slug: 'owner', level: 100 }] : [],
    departments: user.departments.flatMap((id) => {
      const one = state.departments.byId.get(id);
      return one ? [views.entry(one)] : [];
    }),
    organisation: {
      external_id: 'O-00000002',
      name: 'Bright Smiles',
      description: 'Bright Smiles',
      suspended_at: null,
      limits: LIMITS,
    },
    organisation_properties: {
      address_id: null,
      name: 'Bright Smiles Dental Clinic',
      description: 'Sandbox clinic',
      telephone: null,
      logo: '/images/bright-smiles.png',
      logo_status: 1,
      created_at: created,
      updated_at: created,
      address: null,
    },
    ...settings(created),
    theme: [{ ...theme, ...themeTimes, deleted_at: null }],
  };
}
