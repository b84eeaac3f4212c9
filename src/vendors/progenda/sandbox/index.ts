import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SANDBOX_DEFAULTS, serveSandbox, type StartSandbox } from '../../kit/sandbox';
import { clinic } from './clinic';
import { reads } from './reads';
import { Refusal, refuse } from './requests';
import type { State } from './state';
import { writes } from './writes';

const BASE_PATH = '/api/v2';

/** Progenda as api.progenda.be describes it, on loopback. */
export const startSandbox: StartSandbox<State> = async (options = {}) => {
  const { seed, size, port, now, skippedIds } = { ...SANDBOX_DEFAULTS, now: () => new Date(), ...options };
  const state = clinic({ seed, size, now });
  state.lastId += skippedIds;
  const served = await serveSandbox({
    port,
    routes: (app) => {
      speakJson(app);
      void app.register(
        (api, _options, done) => {
          api.addHook('onRequest', (request, _reply, next) => {
            next(refusalOf(request, state) ?? undefined);
          });
          reads(api, state);
          writes(api, state);
          done();
        },
        { prefix: BASE_PATH },
      );
    },
  });
  const baseUrl = `${served.origin}${BASE_PATH}`;
  return {
    ...served,
    vendor: 'progenda',
    baseUrl,
    credentials: state.credentials,
    settings: { baseUrl },
    state,
  };
};

/** JSON that may be empty (a DELETE carries the content type too), and refusals in the vendor's form. */
function speakJson(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? null : (JSON.parse(String(body)) as unknown));
    } catch {
      done(refuse(400, 'The body is no JSON'));
    }
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not Found' }));
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof Refusal) return reply.code(error.status).send(error.body);
    return reply.code(error.statusCode ?? 500).send({ error: error.message });
  });
}

const isSame = (a: unknown, b: string): boolean =>
  typeof a === 'string' &&
  Buffer.byteLength(a) === Buffer.byteLength(b) &&
  timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** Whether a call carries the user's e-mail and token: in the query, or (not documented) as HTTP Basic. */
function isUser({ query, headers }: FastifyRequest, { userEmail, userToken }: State['credentials']): boolean {
  const { user_email: email, user_token: token } = query as Record<string, unknown>;
  const basic = Buffer.from(`${userEmail}:${userToken}`).toString('base64');
  return (
    (isSame(email, userEmail) && isSame(token, userToken)) || isSame(headers.authorization, `Basic ${basic}`)
  );
}

/** What every call must have: credentials, and both JSON headers, on a GET as well. */
function refusalOf(request: FastifyRequest, { credentials }: State): Refusal | null {
  const { headers } = request;
  if (!isUser(request, credentials)) return refuse(401, 'You need to sign in or sign up before continuing.');
  if (!headers.accept?.includes('application/json')) return refuse(406, 'Accept must be application/json');
  return headers['content-type']?.startsWith('application/json')
    ? null
    : refuse(415, 'Content-Type must be application/json');
}
