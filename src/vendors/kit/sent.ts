import type { Auth, IssuedToken, LoginRequest } from './auth';
import type { ForwardedRequest, HttpPolicy, VendorRequest } from './policy';
import { queryString, type Query } from './url';

/** A request as it goes out. */
export interface Sent {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly data?: string;
}
/** The headers that prove who we are and say what the call belongs to. */
export type Proof = Readonly<Record<string, string>>;

/** An adapter's request: with the policy's headers, and with what proves who we are. */
export function sentOf(policy: HttpPolicy, request: VendorRequest, proof: Proof): Sent {
  const hasBody = request.json !== undefined;
  return {
    operation: request.operation,
    method: request.method ?? 'GET',
    url: urlOf(policy, request),
    headers: {
      accept: 'application/json',
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...policy.headers,
      ...request.headers,
      ...proof,
    },
    ...(hasBody ? { data: JSON.stringify(request.json) } : {}),
  };
}

/** A caller's own request: his headers go before the policy's, never before the proof. */
export function forwardedOf(policy: HttpPolicy, request: ForwardedRequest, proof: Proof): Sent {
  return {
    operation: 'passthrough',
    method: request.method,
    url: urlOf(policy, request),
    headers: {
      accept: 'application/json',
      ...(request.body === null ? {} : { 'content-type': 'application/json' }),
      ...policy.headers,
      ...request.headers,
      ...proof,
    },
    ...(request.body === null ? {} : { data: request.body }),
  };
}

/** The request of a log-in, which has no token to show yet. */
export function loginOf(policy: HttpPolicy, { url, json, form }: LoginRequest): Sent {
  return {
    operation: 'log in',
    method: 'POST',
    url: url.startsWith('/') ? policy.baseUrl + url : url,
    headers: {
      accept: 'application/json',
      'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
    },
    data: form ? queryString(form) : JSON.stringify(json),
  };
}

function urlOf(
  { baseUrl, auth }: HttpPolicy,
  { path, query }: { readonly path: string; readonly query?: Query },
): string {
  const written = queryString({ ...query, ...(auth.kind === 'query' ? auth.parameters : {}) });
  const separator = written === '' ? '' : path.includes('?') ? '&' : '?';
  return `${baseUrl}${path}${separator}${written}`;
}

/** What each way of proving who we are puts into the headers. */
export function authorization(auth: Auth, token: IssuedToken | null): Proof {
  switch (auth.kind) {
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` };
    case 'bearer':
      return { authorization: `Bearer ${auth.token}` };
    case 'login':
      return { authorization: `Bearer ${token?.token ?? ''}` };
    case 'query':
      return {};
  }
}
