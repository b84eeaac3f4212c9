import { faker } from '@faker-js/faker/locale/en_AU';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseJson } from '../../kit/json';
import { staffFor } from '../../kit/people';
import { SANDBOX_DEFAULTS, serveSandbox, type StartSandbox } from '../../kit/sandbox';
import { addCalendar } from './calendar';
import { archives, cancels } from './removals';
import { addPatients, addStaff } from './clinic';
import { nestedReads } from './nested';
import { notFound, Refusal } from './query';
import { reads, send } from './reads';
import { emptyState, type State } from './state';
import { availableTimes } from './times';
import { writes } from './writes';

const MINUTE_MS = 60_000;
const USER_AGENT = /^\S.* \([^()\s@]+@[^()\s@]+\.[^()\s@]+\)$/;

/** Refuses what comes without a key, without a name, or too often. The minutes of the limit are counted by the real clock. */
function gate(state: State): (request: FastifyRequest) => { reset: number } | null {
  const withoutShard = state.apiKey.replace(/-[a-z]{2}\d{1,2}$/, '');
  const accepted = new Set(
    [state.apiKey, withoutShard].map((key) => `Basic ${Buffer.from(`${key}:`).toString('base64')}`),
  );
  let [minute, count] = [0, 0];
  return ({ headers }) => {
    if (!accepted.has(headers.authorization ?? ''))
      throw new Refusal(401, { status: '401', error: 'Unauthorized' });
    if (!USER_AGENT.test(headers['user-agent'] ?? ''))
      throw new Refusal(403, {
        status: '403',
        error: 'The User-Agent header must hold a name and a valid contact email',
      });
    if (!/application\/json|\*\/\*/.test(headers.accept ?? ''))
      throw new Refusal(406, { status: '406', error: 'Not Acceptable' });
    const current = Math.floor(Date.now() / MINUTE_MS);
    count = current === minute ? count + 1 : 1;
    minute = current;
    const isSpent = state.requestsPerMinute !== null && count > state.requestsPerMinute;
    return isSpent ? { reset: ((current + 1) * MINUTE_MS) / 1000 } : null;
  };
}

/** JSON bodies with 64-bit numbers as they are; an empty body is none, whatever it is said to be. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, ({ headers }, body, done) => {
    const written = String(body);
    if (written === '') {
      done(null, null);
      return;
    }
    try {
      if (!/^application\/json/.test(headers['content-type'] ?? '')) throw new Error('no JSON');
      done(null, parseJson(written));
    } catch {
      done(new Refusal(400, { status: '400', error: 'Bad Request' }));
    }
  });
}

function serve(app: FastifyInstance, state: State): void {
  const spent = gate(state);
  app.addHook('onRequest', async (request, reply) => {
    const limit = spent(request);
    if (limit)
      return send(reply.header('x-ratelimit-reset', limit.reset), 429, {
        status: '429',
        error: 'Rate limit exceeded',
      });
  });
  readBodies(app);
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply: FastifyReply) => {
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal(error.statusCode ?? 500, {
            status: String(error.statusCode ?? 500),
            error: error.message,
          });
    return send(reply, refusal.status, refusal.body);
  });
  app.setNotFoundHandler((_request, reply) => send(reply, 404, notFound().body));
  reads(app, state);
  nestedReads(app, state);
  availableTimes(app, state);
  writes(app, state);
  cancels(app, state);
  archives(app, state);
}

/** Cliniko as its documentation describes it, with a clinic of two businesses. */
export const startSandbox: StartSandbox<State> = async (options = {}) => {
  const { seed, size, port, now, skippedIds } = { ...SANDBOX_DEFAULTS, now: () => new Date(), ...options };
  const state = emptyState(now);
  faker.seed(seed);
  addStaff(state, staffFor(size.appointments));
  addPatients(state, size);
  addCalendar(state, size, faker);
  state.lastId += skippedIds;
  const { origin, ...rest } = await serveSandbox({
    port,
    routes: (app) => {
      void app.register(
        (scope, _options, done) => {
          serve(scope, state);
          done();
        },
        { prefix: '/v1' },
      );
    },
  });
  const baseUrl = `${origin}/v1`;
  return {
    ...rest,
    vendor: 'cliniko',
    baseUrl,
    credentials: { apiKey: state.apiKey },
    settings: { baseUrl, userAgent: { name: 'Scheduling gateway', email: 'gateway@example.com' } },
    state,
  };
};
