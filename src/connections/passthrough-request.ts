import { Problem, wrongField, type FieldError } from '../platform/http/problems';
import { isRead, type ForwardedRequest, type ForwardingHttp } from '../vendors/kit/policy';
import type { Query } from '../vendors/kit/url';
import { pathBelow } from './passthrough-path';

/** What a caller wants a vendor to be asked. */
export interface Passthrough {
  readonly method: ForwardedRequest['method'];
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

const TAKEN_HEADERS = new Set(['accept', 'accept-language', 'content-type', 'if-match', 'if-none-match']);
const HEADER_VALUE = /^[\t\x20-\x7e]{1,1000}$/;

/** The request as the vendor gets it; validation_failed, with everything that is wrong, where it must not. */
export function forwarded(asked: Passthrough, http: ForwardingHttp): ForwardedRequest {
  const { method, query = {}, headers = {}, body = null } = asked;
  const path = pathBelow(http.baseUrl, asked.path);
  const wrong = [
    ...(path === null ? [invalid('/path', 'must be a path below the API root, in its normal form')] : []),
    ...wrongHeaders(headers),
    ...wrongParameters(query, http.ownParameters),
    ...wrongBody(asked, http.ownParameters),
  ];
  if (path === null || wrong.length > 0) {
    throw wrong.length === 1 && wrong[0]?.pointer !== undefined
      ? wrongField(wrong[0].pointer, wrong[0].message)
      : new Problem('validation_failed', `${String(wrong.length)} values are not as passthrough takes them`, {
          errors: wrong,
        });
  }
  const sent = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  return {
    method,
    path,
    query: query as Query,
    headers: sent,
    body: body === null ? null : (ownText(asked) ?? JSON.stringify(body)),
  };
}

const invalid = (pointer: string, message: string): FieldError => ({ pointer, code: 'invalid', message });
const pointerTo = (part: string, name: string): string =>
  `/${part}/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`;

function wrongHeaders(headers: Readonly<Record<string, unknown>>): FieldError[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    const isRepeated = seen.has(lower);
    seen.add(lower);
    if (!TAKEN_HEADERS.has(lower))
      return [invalid(pointerTo('headers', name), `only ${[...TAKEN_HEADERS].join(', ')} are passed on`)];
    if (isRepeated) return [invalid(pointerTo('headers', name), 'is given twice')];
    return typeof value === 'string' && HEADER_VALUE.test(value)
      ? []
      : [invalid(pointerTo('headers', name), 'must be a text of printable ASCII characters')];
  });
}

/** Half of a surrogate pair is no text, and cannot be encoded. */
const isText = (value: unknown): boolean => typeof value === 'string' && !/\p{Cs}/u.test(value);
const isScalar = (value: unknown): boolean =>
  isText(value) || typeof value === 'boolean' || Number.isFinite(value);

function wrongParameters(query: Readonly<Record<string, unknown>>, own: readonly string[]): FieldError[] {
  return Object.entries(query).flatMap(([name, value]) => {
    if (isOwn(name, own)) return [invalid(pointerTo('query', name), "carries the connection's credentials")];
    return name !== '' && isText(name) && (isScalar(value) || (Array.isArray(value) && value.every(isScalar)))
      ? []
      : [invalid(pointerTo('query', name), 'must be a text, a number, a boolean or a list of them')];
  });
}

/** Whether a vendor might read a name as one of the credentials' parameters: frameworks fold brackets, dots and blanks. */
function isOwn(name: string, own: readonly string[]): boolean {
  const folded = (written: string): string =>
    (written.split('[', 1)[0] ?? '').toLowerCase().replace(/[^a-z0-9]/g, '');
  return own.some((one) => folded(one) === folded(name));
}

/** A body that is sent as the text that it is, since the caller says that it is no JSON; null for any other. */
function ownText({ headers = {}, body }: Passthrough): string | null {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  return typeof body === 'string' && typeof type === 'string' && !/\bjson\b/i.test(type) ? body : null;
}

function wrongBody(asked: Passthrough, own: readonly string[]): FieldError[] {
  const { method, body = null } = asked;
  if (body === null) return [];
  if (isRead(asked)) return [invalid('/body', `${method} takes no body`)];
  const text = ownText(asked);
  const names =
    text !== null ? [...new URLSearchParams(text).keys()] : typeof body === 'object' ? Object.keys(body) : [];
  return names
    .filter((name) => isOwn(name, own))
    .map((name) => invalid(pointerTo('body', name), "carries the connection's credentials"));
}
