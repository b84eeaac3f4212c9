import type { Instant } from '../../canonical/values';
import type { IssuedToken, SendLogin } from '../kit/auth';
import { VendorError, type VendorErrorKind } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { path } from '../kit/url';
import type { PengaCredentials } from './penga.config';
import type { WireAccount, WireAppointment, WireClient, WireEntry, WireEnvelope, WireUser } from './wire';

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

function failure(kind: VendorErrorKind, message: string, operation: string): VendorError {
  return new VendorError(kind, message, {
    operation,
    status: 200,
    code: null,
    retryAfterMs: null,
    outcome: 'not_done',
  });
}

/** What was answered is JSON of another form than documented. */
export const invalidAnswer = (operation: string, message: string): VendorError =>
  failure('invalid_response', message, operation);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

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

const isEnvelope = (body: object): body is WireEnvelope =>
  'data' in body &&
  Array.isArray(body.data) &&
  ['last_page', 'total'].every((field) => /^\d+$/.test(String((body as Record<string, unknown>)[field])));

async function pageOf<Row>(
  http: VendorHttp,
  operation: string,
  list: string,
  page: number,
): Promise<VendorPage<Row>> {
  const { body } = await http.request({
    operation,
    path: `${list}${path`/perpage/${PER_PAGE}`}`,
    query: { page },
  });
  const envelope = succeeded(body, operation);
  if (!isEnvelope(envelope)) throw invalidAnswer(operation, 'The answer is no page of a list');
  const rows = envelope.data.map((row) => (isObject(row) ? row : {})) as Row[];
  return { rows, lastPage: Number(envelope.last_page), total: Number(envelope.total) };
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

/** `GET appointments/starttime/{startTime}/endtime/{endTime}/perpage/{perPage}`. */
export const listAppointments = (http: VendorHttp, page: number, { from, to }: Period) =>
  pageOf<WireAppointment>(
    http,
    'list appointments',
    path`/appointments/starttime/${from}/endtime/${to}`,
    page,
  );
/** `GET appointments/{appointmentId}`. */
export const readAppointment = (http: VendorHttp, id: string) =>
  one<WireAppointment>(http, 'read appointment', path`/appointments/${id}`);

/** `GET clients/perpage/{perPage}`: the only list of all clients. */
export const listClients = (http: VendorHttp, page: number) =>
  pageOf<WireClient>(http, 'list clients', '/clients', page);
/** `GET clients/{clientId}`. */
export const readClient = (http: VendorHttp, id: string) =>
  one<WireClient>(http, 'read client', path`/clients/${id}`);

/** `GET user/perpage/{perPage}`. */
export const listUsers = (http: VendorHttp, page: number) =>
  pageOf<WireUser>(http, 'list practitioners', '/user', page);
/** `GET user/{userId}`. */
export const readUser = (http: VendorHttp, id: string) =>
  one<WireUser>(http, 'read practitioner', path`/user/${id}`);
/** `GET user/deleted/{userId}`: users are the one resource whose deleted records can be read. */
export const readDeletedUser = (http: VendorHttp, id: string) =>
  one<WireUser>(http, 'read deleted practitioner', path`/user/deleted/${id}`);

/** `GET appointmenttypes/perpage/{perPage}`. */
export const listTypes = (http: VendorHttp, page: number) =>
  pageOf<WireEntry>(http, 'list services', '/appointmenttypes', page);
/** `GET appointmenttypes/{appointmentTypeId}`. */
export const readType = (http: VendorHttp, id: string) =>
  one<WireEntry>(http, 'read service', path`/appointmenttypes/${id}`);

/** `GET departments/perpage/{perPage}`. */
export const listDepartments = (http: VendorHttp, page: number) =>
  pageOf<WireEntry>(http, 'list locations', '/departments', page);
/** `GET departments/{departmentId}`. */
export const readDepartment = (http: VendorHttp, id: string) =>
  one<WireEntry>(http, 'read location', path`/departments/${id}`);

/** Reads a refusal: Laravel's `{message, errors: {field: [message]}}` is assumed, since the reference shows none. */
export function explain(body: unknown): { code: string | null; message: string | null } {
  if (!isObject(body)) return { code: null, message: null };
  const fields = isObject(body['errors']) ? Object.values(body['errors']).flat() : [];
  const words = [body['message'], ...fields].filter((word) => typeof word === 'string' && word !== '');
  return { code: null, message: words.length === 0 ? null : words.join(' ').slice(0, 500) };
}
