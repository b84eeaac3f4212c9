import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { scrubbed, serves, type Auth, type IssuedToken, type LoginRequest } from './auth';
import { kindOf, VendorError } from './error';
import { parseJson } from './json';
import type { HttpEnvironment, HttpPolicy, VendorAnswer, VendorHttp, VendorRequest } from './policy';
import { pauseMs, retryAfterMs } from './retry-after';
import { queryString } from './url';

const FIRST_BYTE_MS = 10_000;
const WHOLE_READ_MS = 30_000;
const WHOLE_WRITE_MS = 20_000;
const MAX_BYTES = 8 * 1024 * 1024;
const RETRIES = 2;

const agents = {
  httpAgent: new HttpAgent({ keepAlive: true, maxSockets: 64 }),
  httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 64 }),
};

/** One client for all connections: no redirects, no proxy, text in, any status out. Credentials are added to each call. */
const client: AxiosInstance = axios.create({
  ...agents,
  maxRedirects: 0,
  proxy: false,
  timeout: FIRST_BYTE_MS,
  maxContentLength: MAX_BYTES,
  maxBodyLength: MAX_BYTES,
  responseType: 'text',
  transformResponse: (body: unknown) => body,
  validateStatus: () => true,
});

/** Ends idle connections to vendors, so that a process can stop. */
export function closeVendorConnections(): void {
  agents.httpAgent.destroy();
  agents.httpsAgent.destroy();
}

interface Sent {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly data?: string;
}

/** Sends once and reads the answer; refusals and silence become VendorError. */
async function send(
  sent: Sent,
  policy: HttpPolicy,
  report: HttpEnvironment['report'],
): Promise<VendorAnswer> {
  const started = performance.now();
  const isRead = sent.method === 'GET';
  let response: AxiosResponse<string> | null = null;
  try {
    response = await client.request<string>({
      method: sent.method,
      url: sent.url,
      // Without a body axios would announce a form, unless the vendor wants to hear of JSON anyway.
      headers: { 'content-type': false, ...sent.headers },
      data: sent.data,
      signal: AbortSignal.timeout(isRead ? WHOLE_READ_MS : WHOLE_WRITE_MS),
    });
  } catch (error) {
    throw silence(error, sent);
  } finally {
    report({
      operation: sent.operation,
      status: response?.status ?? null,
      durationMs: performance.now() - started,
    });
  }
  return read(response, sent, policy);
}

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const TIMED_OUT = new Set(['ECONNABORTED', 'ETIMEDOUT', 'ERR_CANCELED']);

/** No whole answer came: it could not be reached, it was too slow, or it broke off. */
function silence(error: unknown, { operation }: Sent): VendorError {
  const code = error instanceof AxiosError ? (error.code ?? '') : '';
  const outcome = NEVER_SENT.has(code) ? 'not_done' : 'unknown';
  const at = { operation, status: null, code: null, retryAfterMs: null, outcome } as const;
  if (TIMED_OUT.has(code)) return new VendorError('timeout', 'The vendor did not answer in time', at);
  if (code === 'ERR_BAD_RESPONSE')
    return new VendorError('invalid_response', 'The answer broke off or is too large', at);
  return new VendorError(
    'unavailable',
    `The vendor cannot be reached (${code === '' ? 'connection failed' : code})`,
    at,
  );
}

function read(response: AxiosResponse<string>, sent: Sent, policy: HttpPolicy): VendorAnswer {
  const { status } = response;
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
  );
  const body = parseBody(response.data);
  const isSuccess = status >= 200 && status < 300;
  // A read that brings nothing is no answer; a write may have nothing to say.
  const isNonsense = body === undefined || (body === null && sent.method === 'GET');
  if (isSuccess && !isNonsense) return { status, headers, body };
  const at = { operation: sent.operation, status, retryAfterMs: retryAfterMs(headers, Date.now()) };
  if (isSuccess) {
    throw new VendorError('invalid_response', 'The answer holds no JSON', {
      ...at,
      code: null,
      outcome: 'unknown',
    });
  }
  const { code, message } = isNonsense ? { code: null, message: null } : policy.explain(body);
  const outcome = status >= 400 && status < 500 ? 'not_done' : 'unknown';
  const said = scrubbed(message, policy.auth) ?? `The vendor answered ${String(status)}`;
  throw new VendorError(kindOf(policy.errors, status, code), said, { ...at, code, outcome });
}

/** The parsed body, null for an empty one, undefined for what is no JSON. */
function parseBody(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const RETRYABLE = new Set(['rate_limited', 'unavailable', 'timeout', 'vendor_error', 'invalid_response']);

/** Reads are tried again, with the pauses that the vendor asks for; a write never is once it may have left. */
function patiently<T>(method: string, patienceMs: number, attempt: () => Promise<T>): Promise<T> {
  const again = (error: Error): boolean =>
    error instanceof VendorError &&
    RETRYABLE.has(error.kind) &&
    (method === 'GET' || error.at.outcome === 'not_done') &&
    (error.at.retryAfterMs ?? 0) <= patienceMs;
  const backoff = new DelegateBackoff<{ attempt: number; result: unknown }>(({ attempt: nth, result }) => {
    const asked =
      result !== null &&
      typeof result === 'object' &&
      'error' in result &&
      result.error instanceof VendorError
        ? result.error.at.retryAfterMs
        : null;
    return pauseMs(nth, asked);
  });
  return retry(handleWhen(again), { maxAttempts: RETRIES, backoff }).execute(attempt);
}

/** A request as it goes out: with the policy's headers, and with what proves who we are. */
function sentOf(policy: HttpPolicy, request: VendorRequest, extra: Readonly<Record<string, string>>): Sent {
  const { auth } = policy;
  const query = queryString({ ...request.query, ...(auth.kind === 'query' ? auth.parameters : {}) });
  const separator = query === '' ? '' : request.path.includes('?') ? '&' : '?';
  const hasBody = request.json !== undefined;
  return {
    operation: request.operation,
    method: request.method ?? 'GET',
    url: `${policy.baseUrl}${request.path}${separator}${query}`,
    headers: {
      accept: 'application/json',
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...policy.headers,
      ...request.headers,
      ...extra,
    },
    ...(hasBody ? { data: JSON.stringify(request.json) } : {}),
  };
}

/** The request of a log-in, which has no token to show yet. */
function loginOf(policy: HttpPolicy, { url, json, form }: LoginRequest): Sent {
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

type LoginAuth = Extract<Auth, { kind: 'login' }>;

/** Makes the client of one connection: authenticates, waits for the vendor's limits, retries what may be repeated. */
export function vendorHttp(policy: HttpPolicy, environment: HttpEnvironment): VendorHttp {
  const { tokens, gate, patienceMs, report } = environment;
  const { auth, limits } = policy;
  const pass = (sent: Sent): Promise<VendorAnswer> => gate.run(limits, () => send(sent, policy, report));

  const login = ({ login: logIn }: LoginAuth): Promise<IssuedToken> =>
    logIn(async (request) => (await pass(loginOf(policy, request))).body);

  const tokenFor = async (how: LoginAuth): Promise<IssuedToken> => {
    const held = await tokens.current();
    return held !== null && serves(held, Date.now()) ? held : tokens.renew(held, () => login(how));
  };

  const attempt = (request: VendorRequest, token: IssuedToken | null): Promise<VendorAnswer> => {
    const traceparent = environment.traceparent();
    const trace = traceparent === undefined ? {} : { traceparent };
    return pass(sentOf(policy, request, { ...trace, ...authorization(auth, token) }));
  };

  const authenticated = async (request: VendorRequest): Promise<VendorAnswer> => {
    if (auth.kind !== 'login') return attempt(request, null);
    const token = await tokenFor(auth);
    try {
      return await attempt(request, token);
    } catch (error) {
      if (!(error instanceof VendorError) || error.kind !== 'auth') throw error;
      return attempt(request, await tokens.renew(token, () => login(auth)));
    }
  };

  return {
    baseUrl: policy.baseUrl,
    request: (request) => patiently(request.method ?? 'GET', patienceMs, () => authenticated(request)),
  };
}

function authorization(auth: Auth, token: IssuedToken | null): Record<string, string> {
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
