import type { Readable } from 'node:stream';
import axios, { type AxiosInstance } from 'axios';
import { read, silence } from './answer';
import { serves, type Auth, type IssuedToken } from './auth';
import { VendorError } from './error';
import { answerOf, Answered, type RawAnswer } from './forward';
import {
  isRead,
  TIMES,
  type ForwardedAnswer,
  type ForwardingHttp,
  type HttpEnvironment,
  type HttpPolicy,
  type Times,
  type VendorAnswer,
} from './policy';
import { patiently } from './retries';
import { authorization, forwardedOf, loginOf, sentOf, type Proof, type Sent } from './sent';

const MAX_BYTES = 8 * 1024 * 1024;

/** One client for all connections: no redirects, no proxy, any status out. Credentials are added to each call. */
const client: AxiosInstance = axios.create({
  maxRedirects: 0,
  proxy: false,
  // Read here, so that the time until the first byte and the time for all of them are told apart.
  responseType: 'stream',
  maxBodyLength: MAX_BYTES,
  validateStatus: () => true,
});

/** Two clocks over one exchange, either of which ends it. */
function deadline(sent: Sent, { firstByteMs, readMs, writeMs }: Times) {
  const late = new AbortController();
  const abort = (): void => {
    late.abort();
  };
  const first = setTimeout(abort, firstByteMs);
  const whole = setTimeout(abort, isRead(sent) ? readMs : writeMs);
  return {
    signal: late.signal,
    firstByteCame: (): void => {
      clearTimeout(first);
    },
    end: (): void => {
      clearTimeout(first);
      clearTimeout(whole);
    },
  };
}

/** Sends once: any whole answer is an answer, everything else becomes VendorError. */
async function exchange(
  sent: Sent,
  { agents, times = TIMES, report, clock }: Pick<HttpEnvironment, 'agents' | 'times' | 'report' | 'clock'>,
): Promise<RawAnswer> {
  const { operation, method, url, headers, data } = sent;
  const started = performance.now();
  const late = deadline(sent, times);
  let status: number | null = null;
  let whole: RawAnswer | null = null;
  try {
    const response = await client.request<Readable>({
      ...agents(url),
      method,
      url,
      // Without a body axios would announce a form, unless the vendor wants to hear of JSON anyway.
      headers: { 'content-type': false, ...headers },
      data,
      signal: late.signal,
    });
    late.firstByteCame();
    clock?.hear(response.headers['date'], Date.now());
    status = response.status;
    whole = { status, headers: response.headers, data: await wholeOf(response.data) };
    return whole;
  } catch (error) {
    throw silence(error, { operation, status, isLate: late.signal.aborted });
  } finally {
    late.end();
    report({ operation, status: whole?.status ?? null, durationMs: performance.now() - started });
  }
}

/** Everything that a body holds once it is unpacked; one that is too large ends its connection. */
async function wholeOf(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error('The answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

type LoginAuth = Extract<Auth, { kind: 'login' }>;

const isRefused = (error: unknown): boolean => error instanceof VendorError && error.kind === 'auth';

/** Lets calls out in their turn, each with what proves who we are: a token that no longer serves is renewed once. */
function authenticating(policy: HttpPolicy, environment: HttpEnvironment) {
  const { tokens, gate, circuit, traceparent } = environment;
  const { auth, limits } = policy;
  const inTurn = <T>(call: () => Promise<T>): Promise<T> =>
    circuit.enter(() => gate.run(limits, () => circuit.run(call)));
  const pass = (sent: Sent, leaving?: () => void): Promise<VendorAnswer> =>
    inTurn(async () => {
      leaving?.();
      return read(await exchange(sent, environment), sent, policy);
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
    circuit.mustBeClosed();
    if (auth.kind !== 'login') return attempt(proofOf(null));
    const token = await tokenFor(auth);
    try {
      return await attempt(proofOf(token));
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
    const renewed = await tokens.renew(token, () => login(auth));
    return attempt(proofOf(renewed)).catch(async (error: unknown) => {
      // A caller's own request may be refused for its own sake.
      if (isRefused(error) && !(error instanceof Answered)) await tokens.refuse(renewed);
      throw error;
    });
  };

  return { inTurn, pass, authenticated };
}

/** Makes the client of one connection: authenticates, waits for the vendor's limits, retries what may be repeated. */
export function vendorHttp(policy: HttpPolicy, environment: HttpEnvironment): ForwardingHttp {
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
    ownParameters: policy.credentialParameters ?? [],
    request: (request) => {
      const isRepeatable = (request.method ?? 'GET') === 'GET' || request.isRepeatable === true;
      const trying = (leaving?: () => void): Promise<VendorAnswer> =>
        patiently(isRepeatable, environment, () =>
          authenticated((proof) => pass(sentOf(policy, request, proof), leaving)),
        );
      return isRepeatable ? trying() : noted(trying);
    },
    forward: (request) => {
      const attempt = (proof: Proof, leaving?: () => void): Promise<ForwardedAnswer> => {
        const sent = forwardedOf(policy, request, proof);
        return inTurn(async () => {
          leaving?.();
          return answerOf(await exchange(sent, environment), policy, proof);
        });
      };
      const trying = (leaving?: () => void): Promise<ForwardedAnswer> =>
        authenticated((proof) => attempt(proof, leaving));
      const answer = isRead(request) ? patiently(true, environment, () => trying()) : noted(trying);
      return answer.catch((error: unknown) => {
        if (error instanceof Answered) return error.answer;
        throw error;
      });
    },
  };
}
