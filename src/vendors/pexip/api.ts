import { text, type Instant } from '../../canonical/values';
import type { IssuedToken, SendLogin } from '../kit/auth';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { path, type Query } from '../kit/url';
import { BUSY_STATUSES, PRACTITIONER_STATUSES, UNDATED_STATUSES } from './tables';
import {
  isRecord,
  recordOf,
  rowsOf,
  unexpected,
  type AppointmentChange,
  type Listed,
  type MeetingTypeChange,
  type PexipAppointment,
  type PexipAvailabilitySetting,
  type PexipCustomer,
  type PexipEmployee,
  type PexipOffice,
  type PexipRecord,
  type PexipSubject,
  type Reassignment,
  type Rescheduling,
  type WrittenAppointment,
  type WrittenCustomer,
} from './wire';

/** No maximum is documented. A smaller one that the vendor applies by itself is no harm: what came is what counts. */
const PAGE_SIZE = 100;

type Times = Readonly<Record<'from' | 'to', Instant>>;
const DAY_MS = 86_400_000;
const moved = (at: Instant, ms: number): Instant => new Date(Date.parse(at) + ms).toISOString();
/** Whether `from` and `to` test the start, the end or an overlap is not said: a day more is asked for on either side. */
const around = ({ from, to }: Times): Times => ({ from: moved(from, -DAY_MS), to: moved(to, DAY_MS) });

async function listPage<Row>(
  http: VendorHttp,
  { operation, at, query }: { operation: string; at: string; query?: Query },
  offset: number,
): Promise<Listed<Row>> {
  const asked = { ...query, ...(offset > 0 && { offset }), limit: PAGE_SIZE }; // 0 is no "positive integer"
  const { body } = await http.request({ operation, path: at, query: asked });
  const data = rowsOf(body, operation) as readonly Row[];
  const { totalCount } = ((body as { meta?: unknown }).meta ?? {}) as { totalCount?: unknown };
  if (typeof totalCount !== 'number' || !Number.isInteger(totalCount) || totalCount < 0)
    throw unexpected(operation, 'The answer does not say how long the list is');
  return { data, meta: { totalCount } };
}

/** One record, null on a 404. */
async function getRecord<Row>(http: VendorHttp, operation: string, at: string): Promise<Row | null> {
  try {
    const record = recordOf((await http.request({ operation, path: at })).body);
    if (record === null) throw unexpected(operation, 'The answer holds no record');
    return record as Row;
  } catch (error) {
    if (error instanceof VendorError && error.kind === 'not_found') return null;
    throw error;
  }
}

/** The records that carry a caller's id; one part of the list, as nobody else writes it. */
async function listMarked<Row extends PexipRecord>(
  http: VendorHttp,
  { operation, at, mark }: { operation: string; at: string; mark: string },
): Promise<readonly Row[]> {
  const { data } = await listPage<Row>(http, { operation, at, query: { 'external-id[]': [mark] } }, 0);
  // A filter that is not heeded would make any record look like the one that was looked for.
  if (data.some(({ externalId }) => externalId !== mark))
    throw unexpected(operation, 'The list holds other records than those that were asked for');
  return data;
}

/** Sends a write; null where the answer holds no record, which is then read. */
async function write<Row>(
  http: VendorHttp,
  operation: string,
  request: { method: 'POST' | 'PATCH'; path: string; json?: unknown },
): Promise<Row | null> {
  return recordOf((await http.request({ operation, ...request })).body) as Row | null;
}

/** A call that no public page documents: a 404 for it, while its record is there, says that there is no such call. */
async function assumed<T>(call: Promise<T>, isThere: () => Promise<boolean>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const isMissing = error instanceof VendorError && error.kind === 'not_found' && (await isThere());
    if (!isMissing) throw error;
    throw new VendorError('rejected', 'The vendor has no such call: it was only assumed', error.at);
  }
}

const act = (http: VendorHttp, id: string, name: string, json?: object) =>
  write<PexipAppointment>(http, `${name} appointment`, {
    method: 'POST',
    path: path`/appointments/${id}/_actions/${name}`,
    ...(json && { json }),
  });

const listAppointments = (http: VendorHttp, query: Query, offset = 0): Promise<Listed<PexipAppointment>> =>
  listPage(http, { operation: 'list appointments', at: '/appointments', query }, offset);

/** GET /appointments, those with a date, and some that lie a day outside. */
export const listDatedAppointments = (http: VendorHttp, times: Times, offset: number) =>
  listAppointments(http, around(times), offset);

/** GET /appointments, those that may still be without a date. Lists are sent as `name[]`, also for one value: `name` is refused. */
export const listOpenAppointments = (http: VendorHttp, offset: number) =>
  listAppointments(http, { 'status[]': UNDATED_STATUSES }, offset);

/** GET /appointments/{id} */
export const getAppointment = (http: VendorHttp, id: string): Promise<PexipAppointment | null> =>
  getRecord(http, 'get appointment', path`/appointments/${id}`);

/** GET /appointments, those that carry a caller's id. */
export const listAppointmentsMarked = (http: VendorHttp, mark: string) =>
  listMarked<PexipAppointment>(http, { operation: 'find appointment', at: '/appointments', mark });

/** GET /appointments, an employee's that take their time then, and some that lie a day outside. */
export const listAppointmentsOf = (http: VendorHttp, employee: string, times: Times) =>
  listAppointments(http, { 'employee-id[]': [employee], 'status[]': BUSY_STATUSES, ...around(times) });

/** POST /appointments */
export const createAppointment = (http: VendorHttp, json: WrittenAppointment) =>
  write<PexipAppointment>(http, 'create appointment', { method: 'POST', path: '/appointments', json });

/** PATCH /appointments/{id}: neither time, status, subject, office nor who comes first. */
export const updateAppointment = (http: VendorHttp, id: string, json: AppointmentChange) => {
  const at = path`/appointments/${id}`;
  return write<PexipAppointment>(http, 'update appointment', { method: 'PATCH', path: at, json });
};

/** POST /appointments/{id}/_actions/reschedule */
export const reschedule = (http: VendorHttp, id: string, json: Rescheduling) =>
  act(http, id, 'reschedule', json);

/** POST /appointments/{id}/_actions/reassign */
export const reassign = (http: VendorHttp, id: string, json: Reassignment) => act(http, id, 'reassign', json);

/** POST /appointments/{id}/_actions/update-meeting-type */
export const updateMeetingType = (http: VendorHttp, id: string, json: MeetingTypeChange) =>
  act(http, id, 'update-meeting-type', json);

/** POST /appointments/{id}/_actions/accept: it has no body. */
export const accept = (http: VendorHttp, id: string) => act(http, id, 'accept');

/** POST /appointments/{id}/_actions/cancel, complete or no-show: assumed, in the pattern of the others. */
export const finish = (http: VendorHttp, id: string, action: 'cancel' | 'complete' | 'no-show') =>
  assumed(act(http, id, action, {}), async () => (await getAppointment(http, id)) !== null);

/** GET /customers: assumed, in the pattern of employees. */
export const listCustomers = (http: VendorHttp, offset: number): Promise<Listed<PexipCustomer>> =>
  listPage(http, { operation: 'list customers', at: '/customers' }, offset);

/** GET /customers/{id} */
export const getCustomer = (http: VendorHttp, id: string): Promise<PexipCustomer | null> =>
  getRecord(http, 'get customer', path`/customers/${id}`);

/** GET /customers, those that carry a caller's id: assumed. */
export const listCustomersMarked = (http: VendorHttp, mark: string) =>
  listMarked<PexipCustomer>(http, { operation: 'find customer', at: '/customers', mark });

/** POST /customers: assumed. */
export const createCustomer = (http: VendorHttp, json: WrittenCustomer) =>
  assumed(write<PexipCustomer>(http, 'create customer', { method: 'POST', path: '/customers', json }), () =>
    Promise.resolve(true),
  );

/** PATCH /customers/{id} */
export const updateCustomer = (http: VendorHttp, id: string, json: WrittenCustomer) =>
  write<PexipCustomer>(http, 'update customer', { method: 'PATCH', path: path`/customers/${id}`, json });

/** DELETE /customers/{id}: assumed. */
export async function deleteCustomer(http: VendorHttp, id: string): Promise<void> {
  const request = { operation: 'delete customer', method: 'DELETE', path: path`/customers/${id}` } as const;
  await assumed(http.request(request), async () => {
    const now = await getCustomer(http, id);
    return now !== null && text(now.deletedAt) === null;
  });
}

/** GET /employees, those that are practitioners. */
export const listEmployees = (http: VendorHttp, offset: number): Promise<Listed<PexipEmployee>> =>
  listPage(
    http,
    { operation: 'list employees', at: '/employees', query: { 'status[]': PRACTITIONER_STATUSES } },
    offset,
  );

/** GET /employees/{id}, whatever the status. */
export const getEmployee = (http: VendorHttp, id: string): Promise<PexipEmployee | null> =>
  getRecord(http, 'get employee', path`/employees/${id}`);

/** GET /subjects */
export const listSubjects = (http: VendorHttp, offset: number): Promise<Listed<PexipSubject>> =>
  listPage(http, { operation: 'list subjects', at: '/subjects' }, offset);

/** GET /subjects/{id} */
export const getSubject = (http: VendorHttp, id: string): Promise<PexipSubject | null> =>
  getRecord(http, 'get subject', path`/subjects/${id}`);

/** GET /offices: assumed, in the pattern of employees. */
export const listOffices = (http: VendorHttp, offset: number): Promise<Listed<PexipOffice>> =>
  listPage(http, { operation: 'list offices', at: '/offices' }, offset);

/** GET /offices/{id}: assumed. */
export const getOffice = (http: VendorHttp, id: string): Promise<PexipOffice | null> =>
  getRecord(http, 'get office', path`/offices/${id}`);

/** GET /offices/{id}/subject-availability-settings: all of an office, without pages. */
export async function availabilitySettings(http: VendorHttp, office: string) {
  const operation = 'list subject availability settings';
  const at = path`/offices/${office}/subject-availability-settings`;
  const { body } = await http.request({ operation, path: at });
  return rowsOf(body, operation) as readonly PexipAvailabilitySetting[];
}

/** The smallest documented call: whether the credentials open the enterprise. */
export async function ping(http: VendorHttp): Promise<void> {
  const request = { operation: 'list appointments', path: '/appointments', query: { limit: 1 } };
  rowsOf((await http.request(request)).body, request.operation);
}

/**
 * OAuth 2 client credentials. A token has the scopes that were asked for and no others. Its lifetime is documented
 * nowhere: what `expires_in` says counts.
 */
export async function logIn(
  send: SendLogin,
  client: { url: string; clientId: string; clientSecret: string; scopes: readonly string[] },
): Promise<IssuedToken> {
  const { url, clientId, clientSecret, scopes } = client;
  const scope = scopes.length === 0 ? {} : { scope: scopes.join(' ') };
  const body = await send({
    url,
    form: { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, ...scope },
  });
  const { access_token: token, expires_in: lifetime } = isRecord(body) ? body : {};
  const seconds = Number(lifetime ?? NaN);
  if (typeof token !== 'string' || !/^[!-~]+$/.test(token) || !(seconds > 0 && seconds < 1e9))
    throw unexpected('log in', 'The token server gave no token, or none with an end');
  const now = Date.now();
  return {
    token,
    issuedAt: new Date(now).toISOString(),
    expiresAt: new Date(now + seconds * 1000).toISOString(),
  };
}
