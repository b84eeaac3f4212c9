import type { OnModuleInit } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../platform/context';
import { isId } from '../platform/ids';
import type { Caller } from '../platform/scopes';
import type { AuditDetail, AuditEntry } from './audit-entry';
import { idsShown } from './audit-ids';
import type { AuditService, Noted, ShownRecords } from './audit.service';

/** What a route does to clients' data. */
export interface AuditedRoute {
  readonly action: string;
  readonly resource: string;
}
type Served = FastifyRequest & { readonly caller?: Caller; readonly context?: Context };

const RECORDS = /^\/v1\/(appointment|client)s(?:\/(:id))?(?:\/([a-z-]+))?$/;
/** Routes that are not the records' own, and still show or change clients' data. */
const OTHERS: Readonly<Record<string, AuditedRoute>> = {
  'POST /v1/connections/:connectionId/passthrough': {
    action: 'connection.passthrough',
    resource: 'connections',
  },
  'DELETE /v1/connections/:connectionId': { action: 'connection.deleted', resource: 'connections' },
  'GET /v1/events': { action: 'event.list', resource: 'events' },
};
const DEEDS: Readonly<Record<string, string>> = {
  POST: 'created',
  PATCH: 'updated',
  PUT: 'updated',
  DELETE: 'deleted',
};
const ACTIONS: Readonly<Record<string, string>> = { cancel: 'cancelled' };
/** Filters by which somebody looks for a person. */
const SEARCHES = new Set(['q', 'email', 'phone', 'birthDate']);
const NOT_FILTERS = new Set(['limit', 'cursor', 'sort', 'include', 'includeDeleted', 'fresh']);

/** What is audited of a route; null where it touches no client's data. New routes below the records' are audited unasked. */
export function auditedRoute(method: string, url: string): AuditedRoute | null {
  const [matched, one = '', id, action] = RECORDS.exec(url) ?? [];
  if (matched === undefined) return OTHERS[`${method} ${url}`] ?? null;
  const reading = id === undefined ? 'list' : 'read';
  const deed = action === undefined ? (DEEDS[method] ?? reading) : (ACTIONS[action] ?? action);
  return { action: `${one}.${deed}`, resource: `${one}s` };
}

/**
 * Sees every answer that leaves, and records what is audited of it and has not been recorded by whoever did it: reads, and
 * refusals of every kind, those before a controller is reached included. A route cannot forget the audit.
 */
export class AuditTrail implements OnModuleInit {
  private readonly routes = new Map<string, AuditedRoute | null>();

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly audit: AuditService,
  ) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    server.addHook('onResponse', (request, reply, done) => {
      this.look(request, reply);
      done();
    });
    // By then every request has its answer, and the database is still there.
    server.addHook('onClose', () => this.audit.flush());
  }

  private look(request: Served, reply: FastifyReply): void {
    const { caller } = request;
    const { url } = request.routeOptions;
    if (!caller || url === undefined) return;
    const route = this.routeOf(request.method, url);
    if (!route) return;
    const noted = this.audit.noted(request.context);
    const outcome = outcomeOf(request.method, reply.statusCode);
    if (!isRecorded(outcome, noted))
      this.audit.later(entryOf({ request, caller, route, outcome }, reply.statusCode, noted?.shown));
  }

  private routeOf(method: string, url: string): AuditedRoute | null {
    const key = `${method} ${url}`;
    let route = this.routes.get(key);
    if (route === undefined) this.routes.set(key, (route = auditedRoute(method, url)));
    return route;
  }
}

const UNKNOWN = 504;

/** How an operation ended, by its answer: a write that got none from the vendor may have been applied. */
function outcomeOf(method: string, status: number): AuditEntry['outcome'] {
  if (status < 400) return 'done';
  const isWrite = method !== 'GET' && method !== 'HEAD';
  return status === UNKNOWN && isWrite ? 'unknown' : 'refused';
}

/** Whoever did it has said so. Where `done` was said and the answer is a refusal, the transaction was undone, and the row with it. */
const isRecorded = (outcome: AuditEntry['outcome'], noted: Noted | undefined): boolean =>
  noted !== undefined && [...noted.recorded].some((one) => outcome === 'done' || one !== 'done');

interface Answered {
  readonly request: Served;
  readonly caller: Caller;
  readonly route: AuditedRoute;
  readonly outcome: AuditEntry['outcome'];
}

function entryOf(
  { request, caller, route, outcome }: Answered,
  status: number,
  shown: ShownRecords | undefined,
): AuditEntry {
  const { id, connectionId } = request.params as { id?: string; connectionId?: string };
  const named = idsIn(route.resource === 'connections' ? connectionId : id);
  const detail = shown ? detailOf(shown) : {};
  return {
    tenantId: caller.tenantId,
    actor: { kind: 'api_key', id: caller.apiKeyId },
    action: actionOf(route, detail.filters),
    resource: route.resource,
    ...(shown && outcome === 'done' ? idsShown(shown.resource, shown.records) : { resourceIds: named }),
    connectionId: shown?.connectionId ?? idsIn(connectionId)[0] ?? null,
    outcome,
    status,
    requestId: request.id,
    detail,
  };
}

/** What stands in a path may be anything. */
const idsIn = (written: string | undefined): string[] =>
  written !== undefined && isId(written) ? [written] : [];

const actionOf = ({ action }: AuditedRoute, filters: readonly string[] = []): string =>
  filters.some((name) => SEARCHES.has(name)) ? action.replace(/\.list$/, '.search') : action;

/** The names of what was asked for: their values may be a person's. */
function detailOf({ asked }: ShownRecords): AuditDetail & { readonly filters?: readonly string[] } {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined && value !== false);
  const filters = given
    .map(([name]) => name)
    .filter((name) => !NOT_FILTERS.has(name))
    .sort();
  const { include = [], fresh } = asked as { include?: readonly string[]; fresh?: boolean };
  return {
    ...(filters.length > 0 ? { filters } : {}),
    ...(include.length > 0 ? { include } : {}),
    ...(fresh === true ? { fresh } : {}),
  };
}
