import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { scrubbed, serves, type Auth, type IssuedToken } from './auth';
import { kindOf, VendorError } from './error';
import { answerOf, Answered } from './forward';
import { parseJson } from './json';
import type { ForwardedAnswer, ForwardingHttp, HttpEnvironment, HttpPolicy, VendorAnswer } from './policy';
import { pauseMs, retryAfterMs } from './retry-after';
import { authorization, forwardedOf, loginOf, sentOf, type Proof, type Sent } from './sent';

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
  transformResponse: (body: unknown) => body,
  validateStatus: () => true,
});

/** Ends idle connections to vendors, so that a process can stop. */
export function closeVendorConnections(): void {
  agents.httpAgent.destroy();
  agents.httpsAgent.destroy();
}

const isRead = ({ method }: { method: string }): boolean => method === 'GET' || method === 'HEAD';

/** Sends once: any answer is an answer, silence becomes VendorError. */
async function exchange<Data extends string | Buffer>(
  sent: Sent,
  responseType: Data extends string ? 'text' : 'arraybuffer',
  report: HttpEnvironment['report'],
): Promise<AxiosResponse<Data>> {
  const started = performance.now();
  let response: AxiosResponse<Data> | null = null;
  try {
    response = await client.request<Data>({
      method: sent.method,
      url: sent.url,
      // Without a body axios would announce a form, unless the vendor wants to hear of JSON anyway.
      headers: { 'content-type': false, ...sent.headers },
      data: sent.data,
      responseType,
      signal: AbortSignal.timeout(isRead(sent) ? WHOLE_READ_MS : WHOLE_WRITE_MS),
    });
    return response;
  } catch (error) {
    throw silence(error, sent);
  } finally {
    report({
      operation: sent.operation,
      status: response?.status ?? null,
      durationMs: performance.now() - started,
    });
  }
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
  const { code, message, fields = [] } = isNonsense ? { code: null, message: null } : policy.explain(body);
  const outcome = status >= 400 && status < 500 ? 'not_done' : 'unknown';
  const said = scrubbed(message, policy.auth) ?? `The vendor answered ${String(status)}`;
  const faults = fields.map((one) => ({ ...one, message: scrubbed(one.message, policy.auth) ?? '' }));
  throw new VendorError(kindOf(policy.errors, status, code), said, { ...at, code, outcome, fields: faults });
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
function patiently<T>(isRepeatable: boolean, patienceMs: number, attempt: () => Promise<T>): Promise<T> {
  const again = (error: Error): boolean =>
    error instanceof VendorError &&
    RETRYABLE.has(error.kind) &&
    (isRepeatable || error.at.outcome === 'not_done') &&
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

type LoginAuth = Extract<Auth, { kind: 'login' }>;

/** Lets calls out in their turn, each with what proves who we are: a token that no longer serves is renewed once. */
function authenticating(policy: HttpPolicy, { tokens, gate, report, traceparent }: HttpEnvironment) {
  const { auth, limits } = policy;
  const inTurn = <T>(call: () => Promise<T>): Promise<T> => gate.run(limits, call);
  const pass = (sent: Sent, leaving?: () => void): Promise<VendorAnswer> =>
    inTurn(async () => {
      leaving?.();
      return read(await exchange<string>(sent, 'text', report), sent, policy);
    });

  const login = ({ login: logIn }: LoginAuth): Promise<IssuedToken> =>
    logIn(async (request) => (await pass(loginOf(policy, request))).body);

  const tokenFor = async (how: LoginAuth): Promise<IssuedToken> => {
    const held = await tokens.current();
    return held !== null && serves(held, Date.now()) ? held : tokens.renew(held, () => login(how));
  };

  const proofOf = (token: IssuedToken | null): Proof => {
    const trace = traceparent();
    return { ...(trace === undefined ? {} : { traceparent: trace }), ...authorization(auth, token) };
  };

  const authenticated = async <T>(attempt: (proof: Proof) => Promise<T>): Promise<T> => {
    if (auth.kind !== 'login') return attempt(proofOf(null));
    const token = await tokenFor(auth);
    try {
      return await attempt(proofOf(token));
    } catch (error) {
      if (!(error instanceof VendorError) || error.kind !== 'auth') throw error;
      return attempt(proofOf(await tokens.renew(token, () => login(auth))));
    }
  };

  return { inTurn, pass, authenticated };
}

/** Makes the client of one connection: authenticates, waits for the vendor's limits, retries what may be repeated. */
export function vendorHttp(policy: HttpPolicy, environment: HttpEnvironment): ForwardingHttp {
  const { auth } = policy;
  const { patienceMs, report } = environment;
  const { inTurn, pass, authenticated } = authenticating(policy, environment);

  /** A deed counts as sent when its request first leaves, and not while it waits for its turn. */
  const noted = async <T>(write: (leaving: () => void) => Promise<T>): Promise<T> => {
    let hasLeft = false;
    const answer = await write(() => {
      if (!hasLeft) environment.wrote?.('sent');
      hasLeft = true;
    });
    environment.wrote?.('applied');
    return answer;
  };

  return {
    baseUrl: policy.baseUrl,
    ownParameters: auth.kind === 'query' ? Object.keys(auth.parameters) : [],
    request: (request) => {
      const isRepeatable = (request.method ?? 'GET') === 'GET' || request.isRepeatable === true;
      const trying = (leaving?: () => void): Promise<VendorAnswer> =>
        patiently(isRepeatable, patienceMs, () =>
          authenticated((proof) => pass(sentOf(policy, request, proof), leaving)),
        );
      return isRepeatable ? trying() : noted(trying);
    },
    forward: (request) => {
      const attempt = (proof: Proof, leaving?: () => void): Promise<ForwardedAnswer> => {
        const sent = forwardedOf(policy, request, proof);
        return inTurn(async () => {
          leaving?.();
          return answerOf(await exchange<Buffer>(sent, 'arraybuffer', report), policy, proof);
        });
      };
      const trying = (leaving?: () => void): Promise<ForwardedAnswer> =>
        authenticated((proof) => attempt(proof, leaving));
      const answer = isRead(request) ? patiently(true, patienceMs, () => trying()) : noted(trying);
      return answer.catch((error: unknown) => {
        if (error instanceof Answered) return error.answer;
        throw error;
      });
    },
  };
}
