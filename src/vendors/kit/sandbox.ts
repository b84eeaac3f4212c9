import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { answerInstead, spoil, takesEffect, type Fault } from './faults';

export type { Fault } from './faults';

/** How large a sandbox's clinic is. */
export interface SandboxSize {
  readonly clients: number;
  readonly appointments: number;
}
/** How to start a sandbox; the same seed on the same day gives the same clinic. */
export interface SandboxOptions {
  readonly seed?: number;
  readonly size?: SandboxSize;
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  /** The sandbox's clock; tests move it. */
  readonly now?: () => Date;
  /** How many ids lie between the clinic's own and the first of what is made later: no vendor gives an id again when it is started again. */
  readonly skippedIds?: number;
}
export const SANDBOX_DEFAULTS = {
  seed: 1,
  size: { clients: 120, appointments: 400 },
  port: 0,
  skippedIds: 0,
} as const;

/** A write that took effect. */
export interface LedgerEntry {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** Which requests fail, and how often (`times`, 1 if left out) after how many that pass (`skip`). */
export interface FaultRule {
  readonly fault: Fault;
  readonly method?: string;
  /** A regular expression over the path with its query. */
  readonly path?: string;
  readonly times?: number;
  readonly skip?: number;
}

/** A vendor as a running HTTP server, with what a connection needs to reach it. */
export interface Sandbox {
  readonly vendor: string;
  /** What `settings.baseUrl` takes. */
  readonly baseUrl: string;
  readonly credentials: Readonly<Record<string, unknown>>;
  /** Settings that a connection to this sandbox needs, `baseUrl` among them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Every write that took effect, oldest first. */
  readonly ledger: readonly LedgerEntry[];
  /** Every request that came in, as `METHOD path`, oldest first; the last thousand. */
  readonly requests: readonly string[];
  /** Those that came too often, or beside too many others: answered with 429 by the vendor's own limit, not by a fault. */
  readonly refused: readonly string[];
  fail(rule: FaultRule): void;
  heal(): void;
  close(): Promise<void>;
}
/** What each vendor's `sandbox/index.ts` exports. `State` is its clinic, so that a test can look and change behind the API. */
export type StartSandbox<State> = (options?: SandboxOptions) => Promise<Sandbox & { readonly state: State }>;

interface ActiveRule extends FaultRule {
  left: number;
  toSkip: number;
}

const REQUESTS_KEPT = 20_000;

type Served = Pick<Sandbox, 'ledger' | 'requests' | 'refused' | 'fail' | 'heal' | 'close'>;

/** Serves a vendor's routes on loopback, with its faults and its ledger. `routes` adds what the vendor documents. */
export async function serveSandbox({
  logins = [],
  port,
  routes,
}: {
  port: number;
  routes: (app: FastifyInstance) => void;
  /** Paths whose POST changes nothing and carries credentials: kept out of the ledger. */
  logins?: readonly string[];
}): Promise<Served & { origin: string }> {
  const app = fastify({
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 500 },
  });
  const served = keepBooks(app, logins);
  routes(app);
  const origin = await app.listen({ host: process.env['SANDBOX_HOST'] ?? '127.0.0.1', port });
  return { ...served, origin, close: () => app.close() };
}

/** The sandbox's own part: what came in, what took effect, what shall fail, and the switches for it over HTTP. */
function keepBooks(app: FastifyInstance, logins: readonly string[]): Omit<Served, 'close'> {
  const rules: ActiveRule[] = [];
  const ledger: LedgerEntry[] = [];
  const requests: string[] = [];
  const refused: string[] = [];
  const chosen = new WeakMap<FastifyRequest, Fault>();
  const fail = (rule: FaultRule): void =>
    void rules.push({ ...rule, left: rule.times ?? 1, toSkip: rule.skip ?? 0 });
  const heal = (): void => void rules.splice(0);

  app.addHook('onRequest', async (request, reply) => {
    if (isOwn(request)) return;
    requests.push(`${request.method} ${request.url}`);
    if (requests.length > REQUESTS_KEPT) requests.shift();
    const fault = take(rules, request);
    if (!fault) return;
    chosen.set(request, fault);
    await answerInstead(fault, reply);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const fault = chosen.get(request);
    if (reply.statusCode === 429 && !fault) refused.push(`${request.method} ${request.url}`);
    const tookEffect = request.method !== 'GET' && reply.statusCode < 300 && takesEffect(fault);
    if (tookEffect && !isOwn(request) && !logins.some((path) => request.url.startsWith(path)))
      ledger.push({ method: request.method, path: request.url, body: request.body });
    return fault ? spoil(fault, reply, payload) : payload;
  });
  app.post('/_sandbox/faults', (request, reply) => {
    fail(request.body as FaultRule);
    return reply.code(204).send();
  });
  app.delete('/_sandbox/faults', (_request, reply) => {
    heal();
    return reply.code(204).send();
  });
  app.get('/_sandbox/ledger', () => ledger);
  return { ledger, requests, refused, fail, heal };
}

const isOwn = ({ url }: FastifyRequest): boolean => url.startsWith('/_sandbox/');

function take(rules: ActiveRule[], request: FastifyRequest): Fault | null {
  const rule = rules.find(
    ({ left, method, path }) =>
      left > 0 &&
      (method ?? request.method) === request.method &&
      (path === undefined || new RegExp(path).test(request.url)),
  );
  if (!rule) return null;
  if (rule.toSkip > 0) {
    rule.toSkip -= 1;
    return null;
  }
  rule.left -= 1;
  return rule.fault;
}
