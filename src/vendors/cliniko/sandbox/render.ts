import { idOf, type Collections, type Row, word } from './state';

/** Cliniko's JSON for attendees still writes ids as bare 64-bit numbers, which no JavaScript number holds. */
const bare = (id: string): string => `@int:${id}`;
export const toJson = (body: unknown): string => JSON.stringify(body).replace(/"@int:(\d+)"/g, '$1');

type Render = (row: Row, base: string) => unknown;
const link = (url: string): unknown => ({ links: { self: url } });
const to = (base: string, collection: string, id: Row[string]): unknown =>
  typeof id === 'string' ? link(`${base}/${collection}/${id}`) : null;
const given = (row: Row, ...fields: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(fields.map((field) => [field, row[field] ?? null]));
const ids = (row: Row, collection: string, base: string): { links: { self: string } } => ({
  links: { self: `${base}/${collection}/${idOf(row)}` },
});

/** Lists below a record that it links to; some are of no scheduling, and lead nowhere here. */
const below = (row: Row, own: string, ...names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, link(`${own}/${idOf(row)}/${name}`)]));

const TIMES = ['created_at', 'updated_at', 'archived_at', 'deleted_at'];
const CANCELLATION = [
  'cancelled_at',
  'cancellation_note',
  'cancellation_reason',
  'cancellation_reason_description',
];
const fields = (names: string): readonly string[] => names.trim().split(/\s+/);
/** What each of these shows as it stands; much of it is of no scheduling, and empty in this clinic. */
const PATIENT = fields(`
  id created_at updated_at archived_at deleted_at title first_name last_name preferred_first_name date_of_birth email
  gender gender_identity sex pronouns address_1 address_2 address_3 city state post_code country time_zone
  reminder_type accepted_email_marketing accepted_sms_marketing accepted_privacy_policy receives_confirmation_emails
  old_reference_id notes appointment_notes merged_at merged_with_patient occupation emergency_contact medicare
  medicare_reference_number dva_card_number custom_fields invoice_default_to invoice_email invoice_extra_information
  referral_source referring_doctor concession_type latest_booking
`);
const PRACTITIONER = fields(`
  id created_at updated_at title first_name last_name display_name label designation description active
  show_in_online_bookings default_appointment_type
`);
const BUSINESS = fields(`
  id created_at updated_at archived_at deleted_at business_name label display_name address_1 address_2 city state
  post_code country country_code time_zone time_zone_identifier contact_information show_in_online_bookings
  website_address appointment_type_ids additional_information additional_invoice_information
  appointment_reminders_enabled business_registration_name business_registration_value email_reply_to
`);
const APPOINTMENT_TYPE = fields(`
  id created_at updated_at archived_at deleted_at name category color description duration_in_minutes max_attendees
  online_bookings_lead_time_hours show_in_online_bookings telehealth_enabled add_deposit_to_account_credit
  appointment_confirmation_template_ids appointment_reminder_template_ids billable_item deposit_price
  online_payments_enabled online_payments_mode product treatment_note_template
`);
const REMINDERS = {
  email_reminder_sent: false,
  sms_reminder_sent: false,
  invoice_status: null,
  treatment_note_status: null,
};

function booking(row: Row, collection: string, base: string): Record<string, unknown> {
  const own = `${base}/${collection}/${idOf(row)}`;
  return {
    ...given(row, 'id', ...TIMES, 'starts_at', 'ends_at', 'notes', 'telehealth_url'),
    repeat_rule: row['repeat_rule'] ?? {},
    repeats: null,
    repeated_from: null,
    conflicts: link(`${own}/conflicts`),
    business: to(base, 'businesses', row['business_id']),
    practitioner: to(base, 'practitioners', row['practitioner_id']),
    links: { self: own },
  };
}

/** Each collection's records as Cliniko sends them. https://docs.api.cliniko.com/openapi */
export const RENDER: Readonly<Record<Collections, Render>> = {
  individual_appointments: (row, base) => ({
    ...booking(row, 'individual_appointments', base),
    ...given(row, ...CANCELLATION, 'patient_name', 'booking_ip_address', 'online_booking_policy_accepted'),
    ...REMINDERS,
    did_not_arrive: row['did_not_arrive'] === undefined ? false : row['did_not_arrive'],
    patient_arrived: row['patient_arrived'] === undefined ? false : row['patient_arrived'],
    has_patient_appointment_notes: false,
    appointment_type: to(base, 'appointment_types', row['appointment_type_id']),
    patient: to(base, 'patients', row['patient_id']),
    patient_case: null,
    attendees: link(`${base}/individual_appointments/${idOf(row)}/attendees`),
  }),
  group_appointments: (row, base) => ({
    ...booking(row, 'group_appointments', base),
    max_attendees: row['max_attendees'] ?? null,
    patient_ids: row['patient_ids'] ?? [],
    appointment_type: to(base, 'appointment_types', row['appointment_type_id']),
    attendees: link(`${base}/group_appointments/${idOf(row)}/attendees`),
  }),
  unavailable_blocks: (row, base) => booking(row, 'unavailable_blocks', base),
  attendees: (row, base) => ({
    ...given(row, ...TIMES, ...CANCELLATION, 'arrived', 'notes', 'telehealth_url', 'booking_ip_address'),
    id: bare(idOf(row)),
    cancellation_reason_description: row['cancellation_reason_description'] ?? '',
    ...REMINDERS,
    cancellation_url: `https://sandbox.cliniko.example/cancel/${idOf(row)}`,
    online_booking_policy_accepted: null,
    booking: to(base, 'bookings', row['booking_id']),
    patient: to(base, 'patients', row['patient_id']),
    patient_case: null,
    invoices: link(`${base}/attendees/${idOf(row)}/invoices`),
    patient_forms: link(`${base}/attendees/${idOf(row)}/patient_forms`),
    ...ids(row, 'attendees', base),
  }),
  patients: (row, base) => ({
    ...given(row, ...PATIENT),
    label: `${word(row, 'first_name')} ${word(row, 'last_name')}`,
    patient_phone_numbers: row['patient_phone_numbers'] ?? [],
    appointments: link(`${base}/bookings?q%5B%5D=patient_ids%3A~${idOf(row)}`),
    ...below(row, `${base}/patients`, 'attendees', 'invoices', 'medical_alerts', 'patient_attachments'),
    ...ids(row, 'patients', base),
  }),
  practitioners: (row, base) => ({
    ...given(row, ...PRACTITIONER),
    user: to(base, 'users', row['user_id']),
    appointments: link(`${base}/bookings?q%5B%5D=practitioner_id%3A%3D${idOf(row)}`),
    ...below(row, `${base}/practitioners`, 'appointment_types', 'invoices', 'practitioner_reference_numbers'),
    ...ids(row, 'practitioners', base),
  }),
  businesses: (row, base) => ({
    ...given(row, ...BUSINESS),
    appointments: link(`${base}/bookings?q%5B%5D=business_id%3A%3D${idOf(row)}`),
    ...below(row, `${base}/businesses`, 'practitioners'),
    ...ids(row, 'businesses', base),
  }),
  appointment_types: (row, base) => ({
    ...given(row, ...APPOINTMENT_TYPE),
    ...below(row, `${base}/appointment_types`, 'practitioners'),
    ...ids(row, 'appointment_types', base),
  }),
  services: (row, base) => ({
    practitioners: (row['practitioner_ids'] as readonly string[]).map((id) => to(base, 'practitioners', id)),
    appointment_type: to(base, 'appointment_types', row['appointment_type_id']),
    business: to(base, 'businesses', row['business_id']),
  }),
  daily_availabilities: (row, base) => ({
    ...given(
      row,
      'id',
      'created_at',
      'updated_at',
      'day_of_week',
      'availabilities',
      'time_zone',
      'time_zone_identifier',
    ),
    business: to(base, 'businesses', row['business_id']),
    practitioner: to(base, 'practitioners', row['practitioner_id']),
    ...ids(row, 'daily_availabilities', base),
  }),
  users: (row, base) => ({
    ...given(
      row,
      'id',
      'created_at',
      'updated_at',
      'first_name',
      'last_name',
      'email',
      'active',
      'time_zone',
      'role',
    ),
    ...ids(row, 'users', base),
  }),
};
