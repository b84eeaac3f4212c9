import { faker } from '@faker-js/faker/locale/en_GB';
import type { FastifyInstance } from 'fastify';
import { SANDBOX_DEFAULTS, serveSandbox, type StartSandbox } from '../../kit/sandbox';
import { fill } from './clinic';
import { clients } from './clients';
import { messages } from './messages';
import { notes } from './notes';
import { reads } from './reads';
import { answerRefusals, Refusal, throttle } from './refusal';
import { staff } from './staff';
import { emptyState, type PengaState, type Row, type Table } from './state';
import { authenticate, CREDENTIALS } from './token';
import { views } from './views';
import { writes } from './writes';

export type { PengaState } from './state';

const TIME_ZONE = 'Europe/London';
/** What the practice's own words mean; with the names that speak for themselves every status can be had. */
const STATUS_MAP = { 'AS-00000007': 'pending', 'AS-00000008': 'proposed' } as const;

/** Bodies are JSON whatever they are called, and may be left out: the reference sends the content type with every request. */
function readBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? null : JSON.parse(String(body)));
    } catch {
      done(new Refusal(400, 'Syntax error'));
    }
  });
}

const isTable = (part: unknown): part is Table<Row> =>
  typeof part === 'object' && part !== null && 'next' in part;

/** Penga as an in-memory server: all 109 documented operations over one clinic. */
export const startSandbox: StartSandbox<PengaState> = async (options = {}) => {
  const { seed, size, port, skippedIds } = { ...SANDBOX_DEFAULTS, ...options };
  const state = emptyState(options.now ?? (() => new Date()));
  faker.seed(seed);
  fill(state, faker, size, TIME_ZONE);
  for (const table of Object.values(state)) if (isTable(table)) table.next += skippedIds;
  const wire = views(state);
  const served = await serveSandbox({
    port,
    logins: ['/auth/login'],
    routes: (app) => {
      readBodies(app);
      answerRefusals(app);
      throttle(app, state);
      authenticate(app, state);
      staff(app, state, wire);
      reads(app, state, wire);
      writes(app, state, wire);
      clients(app, state, wire);
      notes(app, state, wire);
      messages(app, state, wire);
    },
  });
  const { origin, ...rest } = served;
  return {
    vendor: 'penga',
    baseUrl: origin,
    credentials: CREDENTIALS,
    settings: { baseUrl: origin, timeZone: TIME_ZONE, region: 'GB', statusMap: STATUS_MAP },
    state,
    ...rest,
  };
};
