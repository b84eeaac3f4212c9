import helmet from '@fastify/helmet';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newContext, withContext, type Context } from '../context';
import { newId } from '../ids';
import type { Logger } from '../log';
import type { Metrics } from '../metrics';
import { takeJsonBodies } from './body';
import { sendProblem } from './problem.filter';
import { Problem } from './problems';
import { sendRendered } from './rendered';
import { ambiguity, answerInOurWords, answerUnreadable, API_HEADERS, PATIENCE } from './unreadable';

const MAX_BODY_BYTES = 1024 * 1024;
const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

/** What Swagger UI needs, and no more. */
const PAGE_POLICY = {
  directives: {
    'default-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'style-src': ["'self'", "'unsafe-inline'"],
    'script-src': ["'self'"],
    'upgrade-insecure-requests': null,
  },
};

type HelmetReply = FastifyReply & { helmet: () => Promise<FastifyReply> };
type Traced = FastifyRequest & { context?: Context };

/** The HTTP server under Nest: limits, request ids, and problems for what never reaches a controller. */
export function httpAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    http: PATIENCE,
    requestTimeout: PATIENCE.requestTimeout,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    genReqId: ({ headers }: { headers: Record<string, unknown> }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
    },
    clientErrorHandler: answerUnreadable,
    // What Fastify refuses before routing, a malformed percent-escape say, would leave as its own JSON.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers({ ...API_HEADERS, 'x-request-id': request.id });
      sendProblem(new Problem('not_found', 'The path cannot be read'), request, reply);
    },
  } as never);
}

/** Which methods a path takes, learnt from the routes themselves. */
export class KnownRoutes {
  private readonly routes: { readonly method: string; readonly url: string; readonly pattern: RegExp }[] = [];

  watch(server: FastifyInstance): void {
    server.addHook('onRoute', ({ method, url }) => {
      const pattern = new RegExp(
        `^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}$`,
      );
      for (const one of [method].flat()) this.routes.push({ method: one, url, pattern });
    });
  }

  /** The methods that a path takes; none where no such path exists. */
  readonly methodsOf = (path: string): readonly string[] => {
    const fitting = this.routes.filter(({ pattern }) => pattern.test(path));
    // A path that is spelled out (`/batch`) is not one of those with an id in its place.
    const spelled = fitting.filter(({ url }) => url === path);
    return [...new Set((spelled.length > 0 ? spelled : fitting).map(({ method }) => method))];
  };
}

/** Everything that happens to each request and answer, whatever the route. */
export async function furnish(server: FastifyInstance, books: Books): Promise<void> {
  takeJsonBodies(server);
  sendRendered(server);
  answerInOurWords(server.server);
  await server.register(helmet as never, { global: false, contentSecurityPolicy: PAGE_POLICY });
  server.addHook('onRequest', (request: Traced, reply, done) => {
    const { traceparent } = request.headers;
    request.context = newContext(
      request.id,
      typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined,
    );
    void reply.header('x-request-id', request.id);
    const isPage = request.url.startsWith('/docs');
    if (isPage) void (reply as HelmetReply).helmet();
    else void reply.headers(API_HEADERS);
    const problem = refusal(request, isPage);
    withContext(
      request.context,
      problem
        ? () => {
            sendProblem(problem, request, reply);
          }
        : done,
    );
  });
  let isClosing = false;
  server.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  server.addHook('onSend', (request: Traced, reply, payload, done) => {
    // What is answered while the server closes was no idle connection when those were ended: kept alive, it would hold up the end.
    if (isClosing) void reply.header('connection', 'close');
    if (request.context) void reply.header('server-timing', serverTiming(request.context, reply.elapsedTime));
    done(null, payload);
  });
  server.addHook('onResponse', (request, reply, done) => {
    account(request, reply, books);
    done();
  });
}

interface Books {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** One line in the log and one observation for each request: its route, never its path, query or body. */
function account(request: FastifyRequest, reply: FastifyReply, { logger, metrics }: Books): void {
  const route = request.routeOptions.url ?? 'unknown';
  metrics.requests.observe(
    { method: request.method, route, status: reply.statusCode },
    reply.elapsedTime / 1000,
  );
  const { method, id } = request;
  const caller = (request as { caller?: { tenantId: string; apiKeyId: string } }).caller;
  logger.info(
    {
      requestId: id,
      method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      tenantId: caller?.tenantId,
      apiKeyId: caller?.apiKeyId,
    },
    'request',
  );
}

/** Why a request is refused whatever it asks for; null where it is not. */
function refusal(request: FastifyRequest, isPage: boolean): Problem | null {
  const header = ambiguity(request.raw);
  if (header !== null)
    return new Problem('malformed_request', `The header ${header} must be there once, and only once`, {
      headers: { connection: 'close' },
    });
  return isPage || acceptsJson(request) ? null : notAcceptable();
}

const notAcceptable = (): Problem => new Problem('not_acceptable', 'Answers are application/json; accept it');

const acceptsJson = ({ url, headers: { accept } }: FastifyRequest): boolean =>
  accept === undefined ||
  !url.startsWith('/v1/') ||
  /(?:^|[,\s])(?:\*\/\*|application\/(?:\*|json|problem\+json))(?=\s*(?:[;,]|$))/i.test(accept);

/** Where the time went: the vendor's part and the gateway's own. */
function serverTiming({ spent }: Context, totalMs: number): string {
  const ms = (value: number): string => value.toFixed(1);
  const calls = `${String(spent.vendorCalls)} ${spent.vendorCalls === 1 ? 'call' : 'calls'}`;
  return `db;dur=${ms(spent.database.ms)}, vendor;dur=${ms(spent.vendor.ms)};desc="${calls}", total;dur=${ms(totalMs)}`;
}
