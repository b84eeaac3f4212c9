import type { Database, Query, Statement } from '../platform/database/database';
import { isId } from '../platform/ids';
import { hourOf, millisecondsOf, type AuditActor, type AuditDetail, type AuditRows } from './audit-entry';

/** An audit event as callers see it. */
export interface ShownAuditEvent {
  readonly id: string;
  readonly at: string;
  readonly actor: AuditActor;
  readonly action: string;
  readonly resource: string;
  readonly resourceIds: readonly string[];
  readonly clientIds: readonly string[];
  readonly connectionId: string | null;
  readonly outcome: string;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly detail: AuditDetail;
}
/** What the audit may be narrowed by. `from` and `before` bound its times half-open. */
export interface AuditFilters {
  readonly clientId?: readonly string[] | undefined;
  readonly resourceId?: readonly string[] | undefined;
  readonly connectionId?: readonly string[] | undefined;
  readonly action?: readonly string[] | undefined;
  readonly apiKeyId?: readonly string[] | undefined;
  readonly outcome?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly before?: string | undefined;
}

const EVENT_COLUMNS = `tenant_id, id, at, actor_kind, actor_id, action, resource, resource_ids, client_ids, connection_id,
  outcome, status, request_id, detail`;
const INSERT_EVENTS = `insert into audit_events (${EVENT_COLUMNS})
  select ${EVENT_COLUMNS} from json_to_recordset($1::json) as r (tenant_id uuid, id uuid, at timestamptz, actor_kind text,
    actor_id uuid, action text, resource text, resource_ids uuid[], client_ids uuid[], connection_id uuid, outcome text,
    status smallint, request_id text, detail jsonb)
  where exists (select from tenants t where t.id = r.tenant_id)`;
const INSERT_SUBJECTS = `insert into audit_subjects (tenant_id, subject_id, hour)
  select tenant_id, subject_id, hour from json_to_recordset($1::json) as r (tenant_id uuid, subject_id uuid, hour integer)
  where exists (select from tenants t where t.id = r.tenant_id)`;
const SHOWN = EVENT_COLUMNS.replace(/\w+/g, 'e.$&');

interface EventRow extends Record<string, unknown> {
  readonly id: string;
  readonly at: string;
  readonly actor_kind: AuditActor['kind'];
  readonly actor_id: string | null;
  readonly action: string;
  readonly resource: string;
  readonly resource_ids: string[];
  readonly client_ids: string[];
  readonly connection_id: string | null;
  readonly outcome: string;
  readonly status: number | null;
  readonly request_id: string | null;
  readonly detail: AuditDetail;
}

const insertionsOf = ({ events, subjects }: AuditRows): Statement[] => [
  { name: 'audit_events', text: INSERT_EVENTS, values: [`[${events.join(',')}]`] },
  ...(subjects.length > 0
    ? [{ name: 'audit_subjects', text: INSERT_SUBJECTS, values: [`[${subjects.join(',')}]`] }]
    : []),
];

/** The audit's tables: rows go in and never change. */
export class AuditRepository {
  constructor(private readonly database: Database) {}

  /** Stores rows in somebody's transaction. Those of a tenant that was erased meanwhile are left out. */
  insert(query: Query, rows: AuditRows): void {
    for (const statement of insertionsOf(rows)) query.later(statement);
  }

  /** Stores rows of any tenants in a transaction of their own. */
  async insertAll(rows: AuditRows): Promise<void> {
    await this.database.changeAsSystem((query) =>
      Promise.all(insertionsOf(rows).map((statement) => query(statement))),
    );
  }

  /** The clients among names, the vendor's or ours. */
  async clientsAmong(query: Query, connectionId: string | null, names: readonly string[]): Promise<string[]> {
    const rows = await query<{ id: string }>({
      name: 'audit_clients_among',
      text: `select id from remote_ids where tenant_id = app_tenant() and connection_id = $1 and resource = 'clients'
             and (remote_id = any($2::text[]) or id = any($3::uuid[]))`,
      values: [connectionId, names, names.filter(isId)],
    });
    return rows.map(({ id }) => id);
  }

  /** Audit events, the newest first. */
  async page(
    tenantId: string,
    filters: AuditFilters,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<ShownAuditEvent[]> {
    const values: unknown[] = [tenantId];
    const bind = (value: unknown): string => `$${String(values.push(value))}`;
    const bounded = { ...filters, after };
    const where = conditions(bounded, bind).join(' and ');
    const subjects = filters.clientId ?? filters.resourceId;
    const latest = `order by e.id desc limit ${String(limit)}`;
    const text = subjects
      ? `select ${SHOWN} from (${hoursOf(subjects, bounded, bind)}) h cross join lateral (
           select * from audit_events e where ${where} and e.id >= first_id_at(h.hour * ${HOUR}) and e.id < first_id_at((h.hour + 1) * ${HOUR})
           ${latest}) e order by h.hour desc, e.id desc limit ${String(limit)}`
      : `select ${SHOWN} from audit_events e where ${where} ${latest}`;
    return (await this.database.read<EventRow>(tenantId, { text, values })).map(shown);
  }
}

type Bind = (value: unknown) => string;
type Bounded = AuditFilters & { readonly after: string | null };
const HOUR = '3600000::bigint';

/** `$1` is the tenant. */
function conditions({ from, before, after, ...filters }: Bounded, bind: Bind): string[] {
  const among = (expression: string, type: string, values: readonly string[] | undefined): string[] =>
    values
      ? [
          `${expression} ${type.endsWith('[]') ? '&&' : '= any'}(${bind(values)}::${type.replace('[]', '')}[])`,
        ]
      : [];
  return [
    'e.tenant_id = $1',
    ...(after === null ? [] : [`e.id < ${bind(after)}::uuid`]),
    ...(from === undefined ? [] : [`e.id >= first_id_at(${bind(Date.parse(from))}::bigint)`]),
    ...(before === undefined ? [] : [`e.id < first_id_at(${bind(Date.parse(before))}::bigint)`]),
    ...among('e.action', 'text', filters.action),
    ...among('e.outcome', 'text', filters.outcome),
    ...among('e.connection_id', 'uuid', filters.connectionId),
    ...(filters.apiKeyId ? ["e.actor_kind = 'api_key'"] : []),
    ...among('e.actor_id', 'uuid', filters.apiKeyId),
    ...among('e.resource_ids', 'uuid[]', filters.resourceId),
    ...among(
      "case e.resource when 'clients' then e.resource_ids else e.client_ids end",
      'uuid[]',
      filters.clientId,
    ),
  ];
}

/** The hours in which one of the records appears, the latest first. */
function hoursOf(subjects: readonly string[], { from, before, after }: Bounded, bind: Bind): string {
  const latest = after ? millisecondsOf(after) : before ? Date.parse(before) : null;
  const bounds = [
    ...(latest === null ? [] : [`hour <= ${bind(hourOf(latest))}::integer`]),
    ...(from === undefined ? [] : [`hour >= ${bind(hourOf(Date.parse(from)))}::integer`]),
  ];
  return `select distinct hour from audit_subjects
    where ${['tenant_id = $1', `subject_id = any(${bind(subjects)}::uuid[])`, ...bounds].join(' and ')} order by hour desc`;
}

const shown = (row: EventRow): ShownAuditEvent => ({
  id: row.id,
  at: row.at,
  actor: { kind: row.actor_kind, id: row.actor_id },
  action: row.action,
  resource: row.resource,
  resourceIds: [...new Set(row.resource_ids)],
  clientIds: [...new Set(row.resource === 'clients' ? row.resource_ids : row.client_ids)],
  connectionId: row.connection_id,
  outcome: row.outcome,
  status: row.status,
  requestId: row.request_id,
  detail: row.detail,
});
