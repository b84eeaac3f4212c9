import type { FastifyInstance } from 'fastify';
import { find, type PengaState, type Row, type Table } from './state';

/** How the sandbox says no. The vendor documents no refusal: these are Laravel's, as the facts assume. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errors: Readonly<Record<string, readonly string[]>> | null = null,
  ) {
    super(message);
  }
}

/** 422 with the fields that are wrong. */
export const invalid = (errors: Readonly<Record<string, readonly string[]>>): Refusal =>
  new Refusal(422, 'The given data was invalid.', errors);

/** The record, or 404. */
export function need<T extends Row>(table: Table<T>, id: string | undefined): T {
  const row = find(table, id);
  if (!row) throw new Refusal(404, 'Not Found');
  return row;
}

/** Fields of a body after checking: only known ones, blank strings as null, as Laravel does. */
export type Fields = Record<string, unknown>;
/** What is wrong with a value, in words; null where nothing is. */
export type Check = (value: unknown, body: Fields) => string | null;
/** The checks of each field. Those named in `required` may be neither absent nor blank. */
export interface Rules {
  readonly required: readonly string[];
  readonly checks: Readonly<Record<string, Check>>;
}

/** Checks a body and keeps its known fields. */
export function checked(body: unknown, { required, checks }: Rules): Fields {
  const given = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Fields) : {};
  const errors: Record<string, string[]> = {};
  const fields: Fields = {};
  for (const [name, check] of Object.entries(checks)) {
    const value = given[name] === '' ? null : given[name];
    const isBlank = value === undefined || value === null;
    const wrong = isBlank ? (required.includes(name) ? 'field is required.' : null) : check(value, given);
    if (wrong !== null) errors[name] = [`The ${name.replaceAll('_', ' ')} ${wrong}`];
    if (value !== undefined) fields[name] = value;
  }
  if (Object.keys(errors).length > 0) throw invalid(errors);
  return fields;
}

/** Text of so many characters at most. */
export const text =
  (max: number): Check =>
  (value) =>
    typeof value !== 'string'
      ? 'must be a string.'
      : value.length > max
        ? `may not be greater than ${String(max)} characters.`
        : null;
/** A telephone number: eleven digits, as the reference wants it. */
export const phone: Check = (value) =>
  typeof value === 'string' && /^\d{11}$/.test(value) ? null : 'must be 11 digits.';
/** An e-mail address. */
export const mail: Check = (value) =>
  typeof value === 'string' && value.length <= 255 && /^[^@\s]+@[^@\s]+$/.test(value)
    ? null
    : 'must be a valid email address.';
/** Unix seconds, as a number or as digits. */
export const unix: Check = (value) =>
  /^\d{1,11}$/.test(typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '')
    ? null
    : 'must be a Unix timestamp.';
/** A hex code. */
export const colour: Check = (value) =>
  typeof value === 'string' && /^#[0-9a-f]{3}([0-9a-f]{3})?$/i.test(value) ? null : 'must be a hex code.';
/** Yes or no, also as 0 and 1. */
export const boolean: Check = (value) =>
  [true, false, 0, 1, '0', '1'].includes(value as string) ? null : 'field must be true or false.';
/** The id of a record that stands. */
export const known =
  (table: Table<Row>): Check =>
  (value) =>
    typeof value === 'string' && find(table, value) ? null : 'is invalid.';
/** A list of such ids. */
export const allKnown =
  (table: Table<Row>): Check =>
  (value) =>
    Array.isArray(value) && value.every((id) => typeof id === 'string' && find(table, id))
      ? null
      : 'is invalid.';

/** Base64 of 6 to 20 characters with a small and a capital letter, a digit and a special character. */
export const password: Check = (value) => {
  const plain = typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '';
  const fits = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[@$!%*#?&]).{6,20}$/.test(plain);
  return fits ? null : 'format is invalid.';
};
/** The same as another field. */
export const sameAs =
  (other: string): Check =>
  (value, body) =>
    value === body[other] ? null : `must match ${other}.`;

/** What refusals look like on the wire. */
export function answerRefusals(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ message: 'Not Found' }));
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (!(error instanceof Refusal))
      return reply.code(error.statusCode ?? 500).send({ message: error.message });
    const { status, message, errors } = error;
    return reply.code(status).send(errors === null ? { message } : { message, errors });
  });
}

const WINDOW_SECONDS = 60;

/** Counts requests by minute where the state sets a limit, and answers 429 past it as Laravel's throttle does. */
export function throttle(app: FastifyInstance, state: PengaState): void {
  let [minute, used] = [0, 0];
  app.addHook('onRequest', async (request, reply) => {
    if (state.requestsPerMinute === null || request.url.startsWith('/_sandbox/')) return;
    const now = Math.floor(state.now().getTime() / 1000);
    const current = Math.floor(now / WINDOW_SECONDS);
    if (current !== minute) [minute, used] = [current, 0];
    used += 1;
    reply.header('x-ratelimit-limit', state.requestsPerMinute);
    reply.header('x-ratelimit-remaining', Math.max(0, state.requestsPerMinute - used));
    if (used <= state.requestsPerMinute) return;
    const reset = (current + 1) * WINDOW_SECONDS;
    reply.header('retry-after', reset - now).header('x-ratelimit-reset', reset);
    throw new Refusal(429, 'Too Many Attempts.');
  });
}
