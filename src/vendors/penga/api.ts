import { text, type Instant } from '../../canonical/values';
import type { IssuedToken, SendLogin } from '../kit/auth';
import { VendorError, type VendorErrorKind } from '../kit/error';
import { walk, type WirePage } from '../kit/pages';
import type { VendorHttp, VendorRequest } from '../kit/policy';
import { path } from '../kit/url';
import type { PengaCredentials } from './penga.config';
import { isObject } from './tables';
import type {
  AddressBody,
  AppointmentBody,
  ClientBody,
  MarketingChange,
  WireAccount,
  WireAppointment,
  WireClient,
  WireEntry,
  WireEnvelope,
  WireRecord,
  WireUser,
} from './wire';

/** The most that a page holds. Lists without pages stop silently at 10, so none of them is used. */
export const PER_PAGE = 10;
const TOKEN_MS = 3_600_000;
const LATEST_SECOND = 1e11;

/** One page of a list with the vendor's own count. */
export interface VendorPage<Row> {
  readonly rows: readonly Row[];
  readonly lastPage: number;
  readonly total: number;
}
/** Seconds since 1970 between which appointments are asked for; both edges look inclusive. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

type Outcome = VendorError['at']['outcome'];

/** An answer with status 200 that is a failure all the same. */
export const failure = (
  kind: VendorErrorKind,
  message: string,
  operation: string,
  outcome: Outcome = 'not_done',
): VendorError =>
  new VendorError(kind, message, { operation, status: 200, code: null, retryAfterMs: null, outcome });

/** What was answered is JSON of another form than documented; after a write nobody knows what that means. */
export const invalidAnswer = (operation: string, message: string, outcome?: Outcome): VendorError =>
  failure('invalid_response', message, operation, outcome);

/** Penga says `{"success": false}` with status 200: an answer counts only when it does not. */
function succeeded(
  body: unknown,
  operation: string,
  kind: VendorErrorKind = 'rejected',
): Record<string, unknown> {
  if (!isObject(body)) throw invalidAnswer(operation, 'The answer is no object');
  if (body['success'] === false)
    throw failure(kind, 'The vendor answered that it did not succeed', operation);
  return body;
}

async function one<Wire>(http: VendorHttp, operation: string, at: string): Promise<Wire> {
  const { body } = await http.request({ operation, path: at });
  return succeeded(body, operation) as Wire;
}

/** What was asked for, or null where the vendor has no such record. */
export async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof VendorError && error.kind === 'not_found') return null;
    throw error;
  });
}

type Writing = Pick<VendorRequest, 'method' | 'json' | 'isRepeatable'>;

async function write<Wire>(http: VendorHttp, operation: string, at: string, writing: Writing): Promise<Wire> {
  const { body } = await http.request({ operation, path: at, ...writing });
  if (!isObject(body)) throw invalidAnswer(operation, 'The answer is no object', 'unknown');
  return succeeded(body, operation) as Wire;
}

const isEnvelope = (body: object): body is WireEnvelope =>
  'data' in body &&
  Array.isArray(body.data) &&
  ['last_page', 'total'].every((field) => /^\d+$/.test(String((body as Record<string, unknown>)[field])));

async function pageOf<Row>(
  http: VendorHttp,
  operation: string,
  list: string,
  query: { readonly page: number; readonly searchTerm?: string },
): Promise<VendorPage<Row>> {
  const { body } = await http.request({
    operation,
    path: `${list}${path`/perpage/${PER_PAGE}`}`,
    query,
  });
  const envelope = succeeded(body, operation);
  if (!isEnvelope(envelope)) throw invalidAnswer(operation, 'The answer is no page of a list');
  const rows = envelope.data.map((row) => (isObject(row) ? row : {})) as Row[];
  return { rows, lastPage: Number(envelope.last_page), total: Number(envelope.total) };
}

/** Every row of a list that is short. */
export async function everyRow<Wire extends WireRecord>(
  operation: string,
  fetch: (page: number) => Promise<VendorPage<Wire>>,
): Promise<Wire[]> {
  const all: Wire[] = [];
  const read = async (cursor: string): Promise<WirePage<Wire>> => {
    const { rows, lastPage } = await fetch(Number(cursor));
    return { items: rows, next: Number(cursor) < lastPage ? String(Number(cursor) + 1) : null };
  };
  const pages = walk('1', read, { operation, idOf: ({ external_id }) => text(external_id) ?? '' });
  for await (const { items } of pages) all.push(...items);
  return all;
}

/** The `exp` claim of a JWT in milliseconds; null where it has none, or is no JWT. */
function expOf(token: string): number | null {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const exp = isObject(claims) ? claims['exp'] : null;
    return typeof exp === 'number' && exp < LATEST_SECOND ? exp * 1000 : null;
  } catch {
    return null;
  }
}

/** When a token ends: its `exp` claim, else (none, or past by our clock already) the documented hour from now. */
export function expiryOf(token: string, now: number): Instant {
  const exp = expOf(token);
  return new Date(exp !== null && exp > now ? exp : now + TOKEN_MS).toISOString();
}

/** https://docs.penga.uk `POST auth/login`. How it refuses is not documented: any refusal of the content is one of the credentials. */
export async function logIn(send: SendLogin, { email, password }: PengaCredentials): Promise<IssuedToken> {
  const operation = 'log in';
  const body = await send({ url: '/auth/login', json: { email, password } }).catch((error: unknown) => {
    const refused = error instanceof VendorError && ['rejected', 'forbidden'].includes(error.kind);
    throw refused ? new VendorError('auth', error.message, error.at) : error;
  });
  const { token } = succeeded(body, operation, 'auth');
  if (typeof token !== 'string' || token === '') throw invalidAnswer(operation, 'The answer holds no token');
  const now = Date.now();
  return { token, issuedAt: new Date(now).toISOString(), expiresAt: expiryOf(token, now) };
}

/** `GET user`: the user that is logged in. It holds secrets: nothing but names is read of it. */
export const readAccount = (http: VendorHttp): Promise<WireAccount> => one(http, 'read the account', '/user');

/** `GET appointments[/user/{userId}]/starttime/{startTime}/endtime/{endTime}/perpage/{perPage}`. */
export const listAppointments = (http: VendorHttp, page: number, { from, to }: Period, user?: string) => {
  const of = user === undefined ? '' : path`/user/${user}`;
  const at = `/appointments${of}${path`/starttime/${from}/endtime/${to}`}`;
  return pageOf<WireAppointment>(http, 'list appointments', at, { page });
};
/** `GET appointments/{appointmentId}`. */
export const readAppointment = (http: VendorHttp, id: string) =>
  one<WireAppointment>(http, 'read appointment', path`/appointments/${id}`);

/** `GET clients/perpage/{perPage}`: the only list of all clients. */
export const listClients = (http: VendorHttp, page: number) =>
  pageOf<WireClient>(http, 'list clients', '/clients', { page });
/** `GET clients/{clientId}`. */
export const readClient = (http: VendorHttp, id: string) =>
  one<WireClient>(http, 'read client', path`/clients/${id}`);

/** `GET user/perpage/{perPage}`. */
export const listUsers = (http: VendorHttp, page: number) =>
  pageOf<WireUser>(http, 'list practitioners', '/user', { page });
/** `GET user/{userId}`. */
export const readUser = (http: VendorHttp, id: string) =>
  one<WireUser>(http, 'read practitioner', path`/user/${id}`);
/** `GET user/deleted/{userId}`: users are the one resource whose deleted records can be read. */
export const readDeletedUser = (http: VendorHttp, id: string) =>
  one<WireUser>(http, 'read deleted practitioner', path`/user/deleted/${id}`);

/** `GET appointmenttypes/perpage/{perPage}`. */
export const listTypes = (http: VendorHttp, page: number) =>
  pageOf<WireEntry>(http, 'list services', '/appointmenttypes', { page });
/** `GET appointmenttypes/{appointmentTypeId}`. */
export const readType = (http: VendorHttp, id: string) =>
  one<WireEntry>(http, 'read service', path`/appointmenttypes/${id}`);

/** `GET departments/perpage/{perPage}`. */
export const listDepartments = (http: VendorHttp, page: number) =>
  pageOf<WireEntry>(http, 'list locations', '/departments', { page });
/** `GET departments/{departmentId}`. */
export const readDepartment = (http: VendorHttp, id: string) =>
  one<WireEntry>(http, 'read location', path`/departments/${id}`);

/** `GET appointmentstatuses/perpage/{perPage}`. */
export const listStatuses = (http: VendorHttp, page: number) =>
  pageOf<WireEntry>(http, 'list statuses', '/appointmentstatuses', { page });
/** `GET clients/search/perpage/{perPage}`: by names, e-mail address, telephone, description, address or postcode. */
export const searchClients = (http: VendorHttp, page: number, searchTerm: string) =>
  pageOf<WireClient>(http, 'find client', '/clients/search', { page, searchTerm });

/** `POST appointments`. */
export const createAppointment = (http: VendorHttp, json: AppointmentBody) =>
  write<WireAppointment>(http, 'create appointment', '/appointments', { method: 'POST', json });
/** `PUT appointments/{appointmentId}`. */
export const updateAppointment = (http: VendorHttp, id: string, json: AppointmentBody) =>
  write<WireAppointment>(http, 'update appointment', path`/appointments/${id}`, { method: 'PUT', json });
/** `DELETE appointments/{appointmentId}`. */
export const deleteAppointment = (http: VendorHttp, id: string) =>
  write(http, 'delete appointment', path`/appointments/${id}`, { method: 'DELETE' });

/** A step that is the same when it is sent again, and not the deed itself. */
export const REPEATABLE = { isRepeatable: true } as const;
type Step = Pick<VendorRequest, 'isRepeatable'>;

/** `POST clients`. */
export const createClient = (http: VendorHttp, json: ClientBody) =>
  write<WireClient>(http, 'create client', '/clients', { method: 'POST', json });
/** `PUT clients/{clientId}`. */
export const updateClient = (http: VendorHttp, id: string, json: ClientBody, step: Step = {}) =>
  write<WireClient>(http, 'update client', path`/clients/${id}`, { method: 'PUT', json, ...step });
/** `DELETE clients/{clientId}`. */
export const deleteClient = (http: VendorHttp, id: string, step: Step = {}) =>
  write(http, 'delete client', path`/clients/${id}`, { method: 'DELETE', ...step });
/** `POST postaladdress`: its id. One that is made twice is one more that nobody points at. */
export async function createAddress(http: VendorHttp, json: AddressBody): Promise<string> {
  const [operation, at] = ['create address', '/postaladdress'];
  const made = await write<WireRecord>(http, operation, at, { method: 'POST', json, ...REPEATABLE });
  const id = text(made.external_id);
  if (id === null) throw invalidAnswer(operation, 'The answer holds no id');
  return id;
}
/** `PUT marketing-options-client/{marketingOptionsId}`. */
export const updateMarketing = (http: VendorHttp, { id, json }: MarketingChange, step: Step = {}) =>
  write(http, 'update consents', path`/marketing-options-client/${id}`, { method: 'PUT', json, ...step });
