import { parseInstant } from '../../../canonical/values';
import type { State, Text, Translations } from './state';

const TYPES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  422: 'UNPROCESSABLE_ENTITY',
  429: 'TOO_MANY_REQUESTS',
};

/** An answer that is no success. All values of an error are strings, its status too; a business code (422) may bring more. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: string = TYPES[status] ?? 'INTERNAL_SERVER_ERROR',
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  /** The body of the answer. */
  get body(): unknown {
    const { message, code, status } = this;
    const type = TYPES[status] ?? 'INTERNAL_SERVER_ERROR';
    return { errors: [{ message, code, type, statusCode: String(status), ...this.more }] };
  }
}
export const malformed = (message: string): Refusal => new Refusal(400, message);
export const notFound = (): Refusal => new Refusal(404, 'Resource not found');
export const unprocessable = (code: string, message: string, more = {}): Refusal =>
  new Refusal(422, message, code, more);

export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>;
/** What a list may be asked: `lists` are sent as `name[]` and hold the words that are allowed (null: any). */
export interface Asked {
  readonly lists?: Readonly<Record<string, readonly string[] | null>>;
  readonly instants?: readonly string[];
  readonly texts?: readonly string[];
  readonly required?: readonly string[];
  readonly isPaged?: boolean;
}
/** A query that was understood. */
export interface Params {
  readonly lists: Readonly<Record<string, readonly string[] | undefined>>;
  readonly one: Readonly<Record<string, string | undefined>>;
}

const LONGEST = 255;

function listed(
  name: string,
  given: string | readonly string[],
  words: readonly string[] | null,
): readonly string[] {
  const values = typeof given === 'string' ? [given] : given;
  for (const value of values) {
    if (value === '' || value.length > LONGEST)
      throw malformed(`${name}[] must hold 1 to ${LONGEST} characters`);
    if (words && !words.includes(value)) throw malformed(`${name}[] must be one of ${words.join(', ')}`);
  }
  return values;
}

function single(name: string, given: string | readonly string[], instants: readonly string[]): string {
  if (typeof given !== 'string' || given === '') throw malformed(`${name} must be given once`);
  if (!instants.includes(name)) return given;
  const at = parseInstant(given);
  if (at === null) throw malformed(`${name} must be a date-time`);
  return at;
}

/** Reads a query strictly: what is not known, an array without `[]`, a blank or a repeated value is refused. */
export function params(query: RawQuery, asked: Asked): Params {
  const { lists = {}, instants = [], texts = [], required = [], isPaged = false } = asked;
  const singles = new Set([...instants, ...texts, ...(isPaged ? ['offset', 'limit'] : [])]);
  const read: { lists: Record<string, readonly string[]>; one: Record<string, string> } = {
    lists: {},
    one: {},
  };
  const take = (key: string, given: string | readonly string[]): void => {
    const name = key.replace(/\[\]$/, '');
    const words = Object.hasOwn(lists, name) ? lists[name] : undefined;
    if (words !== undefined && key === name) throw malformed(`${name} is an array: send it as ${name}[]`);
    if (words !== undefined) read.lists[name] = listed(name, given, words);
    else if (singles.has(key)) read.one[key] = single(key, given, instants);
    else throw malformed(`${key} is not known here`);
  };
  for (const [key, given] of Object.entries(query)) if (given !== undefined) take(key, given);
  const missing = required.find((name) => read.one[name] === undefined && read.lists[name] === undefined);
  if (missing !== undefined) throw malformed(`${missing} is required`);
  return read;
}

function whole(name: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(given)) throw malformed(`${name} must be a positive integer`);
  return Number(given);
}

const DEFAULT_LIMIT = 25;

/** A part of a list in the envelope of the documentation. */
export function paged<Row>(
  rows: readonly Row[],
  { one }: Params,
  state: State,
  render: (row: Row) => unknown,
): unknown {
  const offset = whole('offset', one['offset'], 0);
  const limit = whole('limit', one['limit'], DEFAULT_LIMIT);
  if (limit < 1 || limit > state.maxLimit) throw malformed(`limit must be 1 to ${state.maxLimit}`);
  return {
    data: rows.slice(offset, offset + limit).map(render),
    meta: { offset, limit, totalCount: rows.length },
  };
}

const DEFAULT_LANGUAGE = 'nl';

/** The text in the language that was asked for; `*`, or nothing asked, is the enterprise's own, else any. */
export function inLanguage(header: string | undefined): (texts: readonly Text[] | undefined) => Text | null {
  const wanted = (header ?? '*').split(/[\s,]+/).map((one) => one.replace(/[;-].*$/, '').toLowerCase());
  if (wanted.some((one) => one !== '*' && one !== '' && !/^[a-z]{2,3}$/.test(one)))
    throw malformed('Accept-Language is not understood');
  return (texts = []) => {
    for (const language of wanted) {
      const own = texts.find((text) => text.language === (language === '*' ? DEFAULT_LANGUAGE : language));
      const found = own ?? (language === '*' ? texts[0] : undefined);
      if (found) return found;
    }
    return null;
  };
}
/** Writes records with their texts in the language that was asked for. */
export function translated(
  header: string | undefined,
): (row: { readonly translations: Translations }) => unknown {
  const choose = inLanguage(header);
  return (row) => ({
    ...Object.fromEntries(Object.entries(row.translations).map(([name, texts]) => [name, choose(texts)])),
    ...row,
  });
}
