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

const TIMES = ['created_at', 'updated_at', 'archived_at', 'deleted_at'];
const CANCELLATION = [
  'cancelled_at',
  'cancellation_note',
  'cancellation_reason',
  'cancellation_reason_description',
];
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
    ...given(
      row,
      'id',
      ...TIMES,
      'title',
      'first_name',
      'last_name',
      'preferred_first_name',
      'date_of_birth',
      'email',
    ),
    ...given(
      row,
      'gender',
      'gender_identity',
      'address_1',
      'address_2',
      'address_3',
      'city',
      'state',
      'post_code',
      'country',
    ),
    ...given(
      row,
      'time_zone',
      'reminder_type',
      'accepted_email_marketing',
      'accepted_sms_marketing',
      'old_reference_id',
      'notes',
      'appointment_notes',
      'merged_at',
    ),
    ...given(
      row,
      'occupation',
      'emergency_contact',
      'medicare',
      'medicare_reference_number',
      'dva_card_number',
    ),
    label: `${word(row, 'first_name')} ${word(row, 'last_name')}`,
    patient_phone_numbers: row['patient_phone_numbers'] ?? [],
    merged_with_patient: null,
    appointments: link(`${base}/bookings?q%5B%5D=patient_ids%3A~${idOf(row)}`),
    ...ids(row, 'patients', base),
  }),
  practitioners: (row, base) => ({
    ...given(
      row,
      'id',
      'created_at',
      'updated_at',
      'title',
      'first_name',
      'last_name',
      'display_name',
      'label',
    ),
    ...given(row, 'designation', 'description', 'active', 'show_in_online_bookings'),
    user: to(base, 'users', row['user_id']),
    default_appointment_type: null,
    appointments: link(`${base}/bookings?q%5B%5D=practitioner_id%3A%3D${idOf(row)}`),
    ...ids(row, 'practitioners', base),
  }),
  businesses: (row, base) => ({
    ...given(
      row,
      'id',
      ...TIMES,
      'business_name',
      'label',
      'display_name',
      'address_1',
      'address_2',
      'city',
      'state',
    ),
    ...given(
      row,
      'post_code',
      'country',
      'country_code',
      'time_zone',
      'time_zone_identifier',
      'contact_information',
    ),
    ...given(row, 'show_in_online_bookings', 'website_address', 'appointment_type_ids'),
    practitioners: link(`${base}/businesses/${idOf(row)}/practitioners`),
    ...ids(row, 'businesses', base),
  }),
  appointment_types: (row, base) => ({
    ...given(
      row,
      'id',
      ...TIMES,
      'name',
      'category',
      'color',
      'description',
      'duration_in_minutes',
      'max_attendees',
    ),
    ...given(row, 'online_bookings_lead_time_hours', 'show_in_online_bookings', 'telehealth_enabled'),
    practitioners: link(`${base}/appointment_types/${idOf(row)}/practitioners`),
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
