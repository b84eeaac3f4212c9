import { openAdapter, type OpenAdapter } from '../../../../test/support/adapter';
import type { Sandbox } from '../../kit/sandbox';
import type { Seen } from '../../contract';
import { vendor } from '../index';
import { startSandbox } from './index';
import { idOf, stands, type Row, type State } from './state';
import { failure } from './stories';

const FROZEN = { now: (): Date => new Date('2026-03-02T01:00:00Z') };

let sandbox: Sandbox & { readonly state: State };
let adapter: OpenAdapter;

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 40, appointments: 120 } });
  sandbox.state.requestsPerMinute = null;
  adapter = openAdapter(vendor, sandbox);
});
afterEach(() => sandbox.close());

const individuals = (): Row[] => sandbox.state.tables.individual_appointments.rows;
const standing = (): Row => individuals().find(stands) as Row;
const appointment = (row: Row, scope = 'individual'): Promise<Seen<'appointments'> | null> =>
  adapter.ports.appointments?.get?.({ id: idOf(row), scope }) ?? Promise.resolve(null);
type Method = 'GET' | 'POST' | 'PATCH' | 'PUT';
async function send(method: Method, path: string, json?: object): Promise<{ status: number; body: Row }> {
  const body = json === undefined ? {} : { json };
  return (await adapter.http.request({ operation: 'a test', method, path, ...body })) as never;
}

const status = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
  const authorization = `Basic ${Buffer.from(`${sandbox.state.apiKey}:`).toString('base64')}`;
  const common = { authorization, accept: 'application/json', 'user-agent': 'A test (test@example.com)' };
  return (await fetch(sandbox.baseUrl + path, { headers: { ...common, ...headers } })).status;
};

it('is as strict as Cliniko', async () => {
  expect(await status('/patients')).toBe(200);
  expect(await status('/patients', { authorization: 'Basic bm86' })).toBe(401);
  expect(await status('/patients', { 'user-agent': 'curl' })).toBe(403);
  expect(await status('/patients?per_page=101')).toBe(400);
  expect(await status('/patients?q[]=phone:=1')).toBe(400);
  expect(await status('/individual_appointments?q[]=patient_id:5')).toBe(400);
  expect(await status('/individual_appointments?q[]=starts_at:=2026-01-01T00:00:00Z')).toBe(400);
  expect(await status('/individual_appointments?q[]=starts_at:>=2026-01-01T00:00:00')).toBe(400);
  const cancelled = individuals().find((row) => row['cancelled_at'] && !row['archived_at']) as Row;
  expect(await status(`/individual_appointments/${idOf(cancelled)}`)).toBe(404);
  expect(await status(`/individual_appointments/${idOf(cancelled)}?q[]=cancelled_at:*`)).toBe(200);
  sandbox.state.requestsPerMinute = 0;
  expect(await status('/patients')).toBe(429);
});

it('filters by every documented field, those too that it shows as something else', async () => {
  const { individual_appointments, group_appointments, unavailable_blocks, businesses } =
    sandbox.state.tables;
  const found = async (key: string, filter: string): Promise<Row[]> => {
    const { body } = await send('GET', `/${key}?per_page=100&q[]=${filter}`);
    return body[key] as unknown as Row[];
  };
  const held = (rows: readonly Row[]): string[] => rows.map(idOf).sort();
  const group = group_appointments.rows.find(
    (row) => stands(row) && (row['patient_ids'] as string[]).length > 1,
  ) as Row;
  const [patient = ''] = group['patient_ids'] as string[];
  const ofPatient = [...individual_appointments.rows, ...group_appointments.rows].filter(
    (row) =>
      stands(row) &&
      (row['patient_id'] === patient || (row['patient_ids'] as string[] | undefined)?.includes(patient)),
  );
  expect(held(await found('bookings', `patient_ids:~${patient}`))).toEqual(held(ofPatient));
  const missed = individual_appointments.rows.filter((row) => stands(row) && row['did_not_arrive'] === true);
  const came = individual_appointments.rows.filter((row) => stands(row) && row['did_not_arrive'] !== true);
  expect(held(await found('bookings', 'did_not_arrive:=true'))).toEqual(held(missed));
  expect(held(await found('bookings', 'did_not_arrive:=false'))).toEqual(held(came).slice(0, 100));
  expect(unavailable_blocks.rows.length).toBeGreaterThan(0); // nobody comes to those
  expect(held(await found('attendees', `appointment_id:=${idOf(group)}`))).toEqual(
    held(await found('attendees', `booking_id:=${idOf(group)}`)),
  );
  const open = businesses.rows.filter(stands);
  const [type = ''] = open[0]?.['appointment_type_ids'] as string[];
  expect(held(await found('businesses', `appointment_type_ids:~${type}`))).toEqual(held(open));
  expect(await found('appointment_types', 'online_payments_mode:=required')).toEqual([]);
});

/** https://docs.api.cliniko.com/openapi: what each of these has there, besides what all records have. */
const DOCUMENTED = {
  patients: `accepted_email_marketing accepted_privacy_policy accepted_sms_marketing address_1 address_2 address_3
    appointment_notes appointments attendees city concession_type country custom_fields date_of_birth dva_card_number
    email emergency_contact first_name gender gender_identity invoice_default_to invoice_email
    invoice_extra_information invoices label last_name latest_booking medical_alerts medicare
    medicare_reference_number merged_at merged_with_patient notes occupation old_reference_id patient_attachments
    patient_phone_numbers post_code preferred_first_name pronouns receives_confirmation_emails referral_source
    referring_doctor reminder_type sex state time_zone title archived_at deleted_at`,
  practitioners: `active appointment_types appointments default_appointment_type description designation
    display_name first_name invoices label last_name practitioner_reference_numbers show_in_online_bookings title
    user`,
  businesses: `additional_information additional_invoice_information address_1 address_2
    appointment_reminders_enabled appointment_type_ids appointments business_name business_registration_name
    business_registration_value city contact_information country country_code display_name email_reply_to label
    post_code practitioners show_in_online_bookings state time_zone time_zone_identifier website_address archived_at
    deleted_at`,
  appointment_types: `add_deposit_to_account_credit appointment_confirmation_template_ids
    appointment_reminder_template_ids archived_at billable_item category color deposit_price description
    duration_in_minutes max_attendees name online_bookings_lead_time_hours online_payments_enabled
    online_payments_mode practitioners product show_in_online_bookings telehealth_enabled treatment_note_template`,
} as const;
it.each(Object.entries(DOCUMENTED))('shows all that is documented of %s', async (key, fields) => {
  const { body } = await send('GET', `/${key}?per_page=1`);
  const [row = {}] = body[key] as unknown as Row[];
  expect(Object.keys(row)).toEqual(
    expect.arrayContaining(['id', 'created_at', 'updated_at', 'links', ...fields.split(/\s+/)]),
  );
});

it('leads from a patient to what the patient attends', async () => {
  const patient_id = standing()['patient_id'] as string;
  const { body } = await send('GET', `/patients/${patient_id}`);
  const follow = async (name: string): Promise<Row> => {
    const { self } = (body[name] as { links: { self: string } }).links;
    return (await send('GET', decodeURIComponent(self.slice(sandbox.baseUrl.length)))).body;
  };
  const attended = sandbox.state.tables.attendees.rows.filter(
    (row) => stands(row) && row['patient_id'] === patient_id,
  );
  expect((await follow('attendees'))['total_entries']).toBe(attended.length);
  expect((await follow('appointments'))['total_entries']).toBe(attended.length);
});

it('books, cancels and archives', async () => {
  const { patient_id, business_id, practitioner_id, appointment_type_id } = standing();
  const slot = { business_id, practitioner_id, appointment_type_id, starts_at: '2031-03-03T00:00:00Z' };
  const made = await send('POST', '/individual_appointments', { ...slot, patient_id });
  expect([made.status, made.body['ends_at'] !== null]).toEqual([201, true]);
  await send('POST', '/individual_appointments', { ...slot, patient_id }); // double booking is allowed
  const at = `/individual_appointments/${idOf(made.body)}`;
  expect((await send('GET', `${at}/conflicts`)).body).toEqual({ conflicts: { exist: true } });
  expect((await failure(send('PATCH', `${at}/cancel`, {}))).kind).toBe('rejected');
  expect((await send('PATCH', `${at}/cancel`, { cancellation_reason: 31 })).status).toBe(204);
  const found = await appointment(made.body);
  expect([found?.record.status, found?.record.cancellation?.reason]).toEqual(['cancelled', 'covid_19']);
  const group = await send('POST', '/group_appointments', { ...slot, max_attendees: 2 });
  const [one, other, third] = sandbox.state.tables.patients.rows.filter(stands).map(idOf);
  const join = (patient?: string) =>
    send('POST', '/attendees', { booking_id: group.body['id'], patient_id: patient });
  await join(one);
  await join(other);
  expect((await failure(join(third))).kind).toBe('rejected');
  expect((await send('POST', `/group_appointments/${idOf(group.body)}/archive`)).status).toBe(204);
  expect((await appointment(group.body, 'group'))?.record.status).toBe('cancelled');
  expect(sandbox.ledger).toHaveLength(7);
});

it('is the same clinic for the same seed', async () => {
  const [one, two] = await Promise.all([FROZEN, FROZEN].map((options) => startSandbox(options)));
  expect(one?.state.tables).toEqual(two?.state.tables);
  await Promise.all([one?.close(), two?.close()]);
});

it('refuses in a write what the documentation rules out, each field by its name', async () => {
  const refusal = async (path: string, json: object, method: Method = 'POST'): Promise<string> =>
    (await failure(send(method, path, json))).message;
  const name = { first_name: 'Ada', last_name: 'Lovelace' };
  const long = 'x'.repeat(256);
  for (const [field, value] of [
    ['address_1', long],
    ['old_reference_id', long],
    ['email', 'jürgen@example.com'],
    ['date_of_birth', '2026-02-30'],
    ['reminder_type', 'Pigeon'],
    ['patient_phone_numbers', [{ phone_type: 'Pager', number: '1' }]],
    ['patient_phone_numbers', [{ phone_type: 'Mobile', number: ' ' }]],
    ['accepted_email_marketing', 'yes'],
  ] as const)
    expect(await refusal('/patients', { ...name, [field]: value })).toBe(
      `Validation Failed: ${field} is invalid`,
    );
  const patient = sandbox.state.tables.patients.rows.find(stands) as Row;
  expect(await refusal(`/patients/${idOf(patient)}`, { last_name: null }, 'PATCH')).toMatch(
    /last_name can't/,
  );
  const type = { name: 'Dry needling', color: '#0AF', duration_in_minutes: 30, max_attendees: 1 };
  for (const [field, value] of [
    ['duration_in_minutes', 0],
    ['duration_in_minutes', 1440],
    ['max_attendees', 100],
    ['color', 'blue'],
  ] as const)
    expect(await refusal('/appointment_types', { ...type, [field]: value })).toMatch(`${field} is invalid`);
  const row = standing();
  const at = `/individual_appointments/${idOf(row)}`;
  for (const rule of [{ repeat_type: 'Yearly' }, { number_of_repeats: 52 }, { repeating_interval: 0 }])
    expect(await refusal(at, { repeat_rule: rule }, 'PATCH')).toMatch(/repeat_rule is invalid/);
  expect(await refusal(at, { appointment_type_id: '1665207670417663700' }, 'PATCH')).toBe(
    'Validation Failed: max_attendees is not a number',
  );
  expect(await refusal(at, { ends_at: row['starts_at'] }, 'PUT')).toMatch(/ends_at must be after/);
  expect(await refusal(at, { starts_at: 'tomorrow' }, 'PATCH')).toMatch(/starts_at is invalid/);
  expect(sandbox.ledger).toEqual([]);
});

it('shows the effect of a write wherever it shows at Cliniko', async () => {
  const row = standing();
  const other = sandbox.state.tables.practitioners.rows.find(
    (one) => one['active'] === true && one['id'] !== row['practitioner_id'],
  ) as Row;
  await send('PATCH', `/individual_appointments/${idOf(row)}`, {
    practitioner_id: idOf(other),
    ends_at: null,
  });
  const { body } = await send('GET', `/individual_appointments/${idOf(row)}/attendees`);
  const attendee = (body['attendees'] as readonly Row[])[0] as Row;
  for (const [arrived, flags] of [
    [true, [true, false]],
    [false, [false, true]],
    [null, [null, null]], // https://github.com/redguava/cliniko-api/issues/153
  ] as const) {
    await send('PATCH', `/attendees/${idOf(attendee)}`, { arrived, patient_id: '1' });
    const seen = (await send('GET', `/individual_appointments/${idOf(row)}`)).body;
    expect([seen['patient_arrived'], seen['did_not_arrive']]).toEqual(flags);
  }
  const { practitionerId, end, attendees, clientId } = (await appointment(row))!.record;
  expect([practitionerId?.id, attendees[0]?.clientId]).toEqual([idOf(other), clientId]);
  expect(end).not.toBeNull();
});
