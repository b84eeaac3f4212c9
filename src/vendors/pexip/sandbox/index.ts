import { setTimeout as pause } from 'node:timers/promises';
import { faker } from '@faker-js/faker/locale/nl_BE';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { staffFor } from '../../kit/people';
import { SANDBOX_DEFAULTS, serveSandbox, type StartSandbox } from '../../kit/sandbox';
import { actions } from './actions';
import { appointmentWrites } from './appointments';
import { availability } from './availability';
import { appointments } from './calendar';
import { customers, employees, offices, settingsOf, subjectGroups, subjects } from './clinic';
import { notFound, Refusal } from './query';
import { reads } from './reads';
import { issueToken, SCOPES, type Appointment, type State, type Token } from './state';
import { table } from './table';
import { unavailability } from './unavailability';
import { writes } from './writes';

const MINUTE_MS = 60_000;

/** Refuses what comes too often, or beside too many others. */
function limits(state: State): (reply: FastifyReply) => void {
  let [minute, count, inFlight] = [0, 0, 0];
  return (reply) => {
    const current = Math.floor(Date.now() / MINUTE_MS);
    count = current === minute ? count + 1 : 1;
    minute = current;
    inFlight += 1;
    reply.raw.once('close', () => (inFlight -= 1));
    const isSpent = state.requestsPerMinute !== null && count > state.requestsPerMinute;
    if (isSpent || inFlight > state.maxInFlight) throw new Refusal(429, 'Too many requests');
  };
}

/** The first part of a path whose scope has another name. */
const SCOPE_AREAS: Readonly<Record<string, string>> = {
  'defined-availability': 'availability',
  'subject-groups': 'subjects',
  timetable: 'availability',
  unavailability: 'availability',
};

/** Refuses what the token does not open: reading is open to whoever may write. */
function checkScope(state: State, { scopes }: Token, { method, routeOptions }: FastifyRequest): void {
  const part = routeOptions.url?.split('/')[3];
  if (part === undefined) return;
  const rights = method === 'GET' ? ['readOnly', 'readWrite'] : ['readWrite'];
  const isOpen = rights.some((right) => scopes.has(`engage:${SCOPE_AREAS[part] ?? part}:${right}`));
  if (!isOpen || state.closed.has(part)) throw new Refusal(403, 'The scope does not allow this');
}

/** As the pages of the development branch have it. */
const LONGEST_CORRELATION = 36;

/** Refuses what comes without a token, or without the scope. */
function checkAccess(state: State, request: FastifyRequest): void {
  const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  const token = given === undefined ? undefined : state.tokens.get(given);
  if (token === undefined || token.end <= state.now().getTime())
    throw new Refusal(401, 'The token is missing, invalid or expired');
  checkScope(state, token, request);
  const correlation = request.headers['x-correlation-id'];
  if (typeof correlation === 'string' && (correlation === '' || correlation.length > LONGEST_CORRELATION))
    throw new Refusal(400, `X-Correlation-Id must have 1 to ${LONGEST_CORRELATION} characters`);
}

function refuse(
  error: Error & { statusCode?: number },
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refusal = error instanceof Refusal ? error : new Refusal(error.statusCode ?? 500, error.message);
  return reply.code(refusal.status).send(refusal.body);
}

/** The token server of the enterprise's realm (OAuth 2 client credentials). */
function tokenServer(app: FastifyInstance, state: State): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(String(body))));
    },
  );
  app.post(`/realms/${state.enterprise}/protocol/openid-connect/token`, ({ body, headers }, reply) => {
    const given = (body ?? {}) as Record<string, string | undefined>;
    if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
      return reply.code(415).send({ error: 'HTTP 415 Unsupported Media Type' });
    if (given['grant_type'] !== 'client_credentials')
      return reply
        .code(400)
        .send({ error: 'unsupported_grant_type', error_description: 'Unsupported grant_type' });
    if (given['client_id'] !== state.clientId || given['client_secret'] !== state.clientSecret)
      return reply
        .code(401)
        .send({ error: 'invalid_client', error_description: 'Invalid client or Invalid client credentials' });
    const scopes = (given['scope'] ?? '').split(' ').filter((scope) => scope !== '');
    if (!scopes.every((scope) => SCOPES.includes(scope)))
      return reply
        .code(400)
        .send({ error: 'invalid_scope', error_description: `Invalid scopes: ${scopes.join(' ')}` });
    return {
      access_token: issueToken(state, scopes),
      expires_in: state.tokenSeconds,
      refresh_expires_in: 0,
      token_type: 'Bearer',
      'not-before-policy': 0,
      scope: scopes.join(' '),
    };
  });
}

function api(app: FastifyInstance, state: State): void {
  const checkLimits = limits(state);
  app.addHook('onRequest', async (request, reply) => {
    checkLimits(reply);
    checkAccess(state, request);
    if (state.latencyMs > 0) await pause(state.latencyMs);
  });
  app.setErrorHandler(refuse);
  app.setNotFoundHandler(() => {
    throw notFound();
  });
  reads(app, state);
  availability(app, state);
  unavailability(app, state);
  writes(app, state);
  appointmentWrites(app, state);
  actions(app, state);
}

const peopleOf = ({ appointmentParticipants: all }: Appointment): string[] =>
  all.map(({ participant }) => participant.id);

function clinic(seed: number, size: { clients: number; appointments: number }, now: () => Date): State {
  faker.seed(seed);
  const count = size.appointments;
  const staff = staffFor(count);
  const clients = customers(faker, size.clients);
  const agents = employees(faker, staff);
  const calendar = { faker, now: now(), count, staff, employees: agents, customers: clients };
  return {
    enterprise: 'sandbox-clinic',
    clientId: 'scheduling-gateway',
    clientSecret: 'sandbox-client-secret',
    now,
    tokens: new Map(),
    tokenSeconds: 3600,
    requestsPerMinute: 3000,
    maxInFlight: 4,
    latencyMs: 0,
    maxLimit: 100,
    undocumentedActions: true,
    closed: new Set(),
    appointments: table(appointments(calendar), peopleOf),
    customers: table(clients),
    employees: table(agents),
    subjects: table(subjects()),
    subjectGroups: table(subjectGroups()),
    offices: table(offices()),
    unavailability: table([]),
    availabilitySettings: new Map(offices().map(({ id }, i) => [id, settingsOf(i)])),
    lastId: 0,
  };
}

/** Pexip Engage as its documentation describes it, with the token server of its realm, for one enterprise. */
export const startSandbox: StartSandbox<State> = async (options = {}) => {
  const { seed, size, port, now, skippedIds } = { ...SANDBOX_DEFAULTS, now: () => new Date(), ...options };
  const state = clinic(seed, size, now);
  state.lastId += skippedIds;
  const { origin, ...served } = await serveSandbox({
    port,
    logins: ['/realms/'],
    routes: (app) => {
      app.setNotFoundHandler((request, reply) => refuse(notFound(), request, reply));
      app.register((scope, _options, done) => {
        tokenServer(scope, state);
        done();
      });
      const prefix = `/enterprises/${state.enterprise}`;
      app.register(
        (scope, _options, done) => {
          api(scope, state);
          done();
        },
        { prefix },
      );
    },
  });
  return {
    ...served,
    vendor: 'pexip',
    baseUrl: origin,
    credentials: { clientId: state.clientId, clientSecret: state.clientSecret },
    settings: {
      baseUrl: origin,
      enterprise: state.enterprise,
      authUrl: `${origin}/realms/${state.enterprise}/protocol/openid-connect/token`,
    },
    state,
  };
};
