import type { Instant } from '../../canonical/values';
import type { IssuedToken, SendLogin } from '../kit/auth';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { path, type Query } from '../kit/url';
import { PRACTITIONER_STATUSES, UNDATED_STATUSES } from './tables';
import type {
  Listed,
  PexipAppointment,
  PexipAvailabilitySetting,
  PexipCustomer,
  PexipEmployee,
  PexipOffice,
  PexipSubject,
} from './wire';

/** No maximum is documented. A smaller one that the vendor applies by itself is no harm: what came is what counts. */
const PAGE_SIZE = 100;

/** A success that is not what the documentation promises. */
export function unexpected(operation: string, message: string): VendorError {
  const at = { operation, status: 200, code: null, retryAfterMs: null, outcome: 'not_done' } as const;
  return new VendorError('invalid_response', message, at);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The records of a `{data: […]}`. */
function rowsOf(body: unknown, operation: string): readonly Record<string, unknown>[] {
  const data: unknown = isRecord(body) ? body['data'] : null;
  if (!Array.isArray(data) || !data.every(isRecord)) throw unexpected(operation, 'The answer holds no list');
  return data;
}

async function listPage<Row>(
  http: VendorHttp,
  { operation, at, query }: { operation: string; at: string; query?: Query },
  offset: number,
): Promise<Listed<Row>> {
  const { body } = await http.request({
    operation,
    path: at,
    query: { ...query, offset, limit: PAGE_SIZE },
  });
  const data = rowsOf(body, operation) as readonly Row[];
  const { totalCount } = ((body as { meta?: unknown }).meta ?? {}) as { totalCount?: unknown };
  if (typeof totalCount !== 'number' || !Number.isInteger(totalCount) || totalCount < 0)
    throw unexpected(operation, 'The answer does not say how long the list is');
  return { data, meta: { totalCount } };
}

/** One record, null on a 404. */
async function getRecord<Row>(http: VendorHttp, operation: string, at: string): Promise<Row | null> {
  try {
    const { body } = await http.request({ operation, path: at });
    const data: unknown = isRecord(body) ? body['data'] : null;
    if (!isRecord(data)) throw unexpected(operation, 'The answer holds no record');
    return data as Row;
  } catch (error) {
    if (error instanceof VendorError && error.kind === 'not_found') return null;
    throw error;
  }
}

/** GET /appointments, those with a date. */
export const listDatedAppointments = (
  http: VendorHttp,
  { from, to }: { from: Instant; to: Instant },
  offset: number,
): Promise<Listed<PexipAppointment>> =>
  listPage(http, { operation: 'list appointments', at: '/appointments', query: { from, to } }, offset);

/** GET /appointments, those that may still be without a date. Lists are sent as `name[]`, also for one value: `name` is refused. */
export const listOpenAppointments = (http: VendorHttp, offset: number): Promise<Listed<PexipAppointment>> =>
  listPage(
    http,
    { operation: 'list appointments', at: '/appointments', query: { 'status[]': UNDATED_STATUSES } },
    offset,
  );

/** GET /appointments/{id} */
export const getAppointment = (http: VendorHttp, id: string): Promise<PexipAppointment | null> =>
  getRecord(http, 'get appointment', path`/appointments/${id}`);

/** GET /customers: assumed, in the pattern of employees. */
export const listCustomers = (http: VendorHttp, offset: number): Promise<Listed<PexipCustomer>> =>
  listPage(http, { operation: 'list customers', at: '/customers' }, offset);

/** GET /customers/{id} */
export const getCustomer = (http: VendorHttp, id: string): Promise<PexipCustomer | null> =>
  getRecord(http, 'get customer', path`/customers/${id}`);

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
export async function availabilitySettings(
  http: VendorHttp,
  office: string,
): Promise<readonly PexipAvailabilitySetting[]> {
  const operation = 'list subject availability settings';
  const { body } = await http.request({
    operation,
    path: path`/offices/${office}/subject-availability-settings`,
  });
  return rowsOf(body, operation);
}

/** The smallest documented call: whether the credentials open the enterprise. */
export async function ping(http: VendorHttp): Promise<void> {
  const operation = 'list appointments';
  const { body } = await http.request({ operation, path: '/appointments', query: { limit: 1 } });
  rowsOf(body, operation);
}

/** OAuth 2 client credentials. The lifetime of a token is documented nowhere: what `expires_in` says counts. */
export async function logIn(
  send: SendLogin,
  { url, clientId, clientSecret }: { url: string; clientId: string; clientSecret: string },
): Promise<IssuedToken> {
  const body = await send({
    url,
    form: { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
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
