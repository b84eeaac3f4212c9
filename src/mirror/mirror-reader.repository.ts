import { createHash } from 'node:crypto';
import type { ResourceName } from '../canonical/index';
import type { Database, Query, Statement } from '../platform/database/database';
import { conditions } from './filters';
import type { Include, PageRequest, RenderedPage, RenderedRecord } from './records';
import { TABLES } from './tables';

interface Row {
  readonly id: string;
  readonly doc: string;
  readonly external_id: string | null;
  readonly changed_at: string;
  readonly deleted_at: string | null;
  readonly version: number;
  readonly synced_at: string | null;
  readonly raw?: string | null;
}
interface PageRow extends Row {
  readonly sort_key: string;
  readonly client_id?: string | null;
  readonly practitioner_id?: string | null;
  readonly service_id?: string | null;
  readonly location_id?: string | null;
}
type Related = Exclude<Include, 'remote'>;
const RELATED: Readonly<
  Record<Related, { readonly table: ResourceName; readonly column: keyof PageRow & `${Related}_id` }>
> = {
  client: { table: 'clients', column: 'client_id' },
  practitioner: { table: 'practitioners', column: 'practitioner_id' },
  service: { table: 'services', column: 'service_id' },
  location: { table: 'locations', column: 'location_id' },
};
const relatedOf = (include: readonly Include[]): Related[] =>
  include.filter((one): one is Related => one !== 'remote');

const COLUMNS =
  't.id, t.doc, t.external_id, t.changed_at, t.deleted_at, t.version, r.last_seen_at as synced_at';
const SEEN = 'join remote_ids r on r.tenant_id = t.tenant_id and r.id = t.id';
const RAW = 'left join raw_records w on w.tenant_id = t.tenant_id and w.id = t.id';

/** How many different list queries keep their plan in the server; a caller who invents more gets his planned each time. */
const MOST_PLANS = 300;
const planned = new Set<string>();

function named(text: string, values: readonly unknown[]): Statement {
  if (!planned.has(text)) {
    if (planned.size >= MOST_PLANS) return { text, values };
    planned.add(text);
  }
  return { name: createHash('sha256').update(text).digest('base64url').slice(0, 32), text, values };
}

/** Reads the mirror. Records leave it as the text that was written when they were stored: nothing is parsed on the way. */
export class MirrorReaderRepository {
  constructor(private readonly database: Database) {}

  async page(tenantId: string, resource: ResourceName, request: PageRequest): Promise<RenderedPage> {
    const related = relatedOf(request.include);
    const statement = pageStatement(tenantId, resource, request);
    if (related.length === 0)
      return rendered(
        await this.database.read<PageRow & Record<string, unknown>>(tenantId, statement),
        request,
      );
    return this.database.inTenant(tenantId, async (query) => {
      const rows = await query<PageRow & Record<string, unknown>>(statement);
      return rendered(rows, request, await embeddable(query, tenantId, rows, related));
    });
  }

  /** One record; null where the tenant has none with this id. */
  async one(
    tenantId: string,
    resource: ResourceName,
    id: string,
    include: readonly Include[],
  ): Promise<RenderedRecord | null> {
    const related = relatedOf(include);
    const links = related.map((one) => `, t.${RELATED[one].column}`).join('');
    return this.database.inTenant(tenantId, async (query) => {
      const [row] = await query<
        PageRow & { connection_id: string; vendor: string } & Record<string, unknown>
      >(
        named(
          `select ${COLUMNS}, t.connection_id, t.vendor${links}${include.includes('remote') ? ', w.raw' : ''}
           from ${resource} t ${SEEN} ${include.includes('remote') ? RAW : ''} where t.tenant_id = $1 and t.id = $2`,
          [tenantId, id],
        ),
      );
      if (!row) return null;
      const json = render(row, include, await embeddable(query, tenantId, [row], related));
      return {
        json,
        version: row.version,
        deletedAt: row.deleted_at,
        connectionId: row.connection_id,
        vendor: row.vendor,
      };
    });
  }
}

/** The records of a page; one more than the limit was read, to know whether there are more. */
function rendered(
  rows: readonly PageRow[],
  { limit, include }: PageRequest,
  embedded: ReadonlyMap<string, string> = new Map(),
): RenderedPage {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    records: rows.slice(0, limit).map((row) => render(row, include, embedded)),
    last: last ? [last.sort_key, last.id] : null,
  };
}

function pageStatement(
  tenantId: string,
  resource: ResourceName,
  { filters, sort, limit, after, include }: PageRequest,
): Statement {
  const by = TABLES[resource].sorts[sort] ?? TABLES[resource].sorts[TABLES[resource].defaultSort];
  if (!by) throw new Error(`${resource} has no order ${sort}`);
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${String(values.push(value))}`;
  const where = [`t.tenant_id = ${bind(tenantId)}`, ...conditions(filters, bind)];
  const key = `t.${by.column}`;
  if (after)
    where.push(
      `(${key}, t.id) ${by.descending ? '<' : '>'} (${bind(after[0])}::${by.type}, ${bind(after[1])}::uuid)`,
    );
  const direction = by.descending ? 'desc' : 'asc';
  const links = relatedOf(include)
    .map((one) => `, t.${RELATED[one].column}`)
    .join('');
  const raw = include.includes('remote');
  return named(
    `select ${COLUMNS}, ${key} as sort_key${links}${raw ? ', w.raw' : ''} from ${resource} t ${SEEN} ${raw ? RAW : ''}
     where ${where.join(' and ')} order by ${key} ${direction}, t.id ${direction} limit ${bind(limit + 1)}`,
    values,
  );
}

/** Everything that the records of a page point at, in one query, rendered, by id. */
async function embeddable(
  query: Query,
  tenantId: string,
  rows: readonly PageRow[],
  related: readonly Related[],
): Promise<ReadonlyMap<string, string>> {
  if (related.length === 0 || rows.length === 0) return new Map();
  const parts = related.map(
    (one, i) =>
      `select ${COLUMNS} from ${RELATED[one].table} t ${SEEN} where t.tenant_id = $1 and t.id = any($${String(i + 2)}::uuid[])`,
  );
  const ids = related.map((one) => [
    ...new Set(rows.map((row) => row[RELATED[one].column]).filter((id) => typeof id === 'string')),
  ]);
  const found = await query<Row & Record<string, unknown>>(
    named(parts.join(' union all '), [tenantId, ...ids]),
  );
  return new Map(found.map((row) => [row.id, render(row, [], new Map())]));
}

/** The stored document with what is only known now: the gateway's own times, the version, and what was asked to be included. */
function render(
  row: Row & Partial<PageRow>,
  include: readonly Include[],
  embedded: ReadonlyMap<string, string>,
): string {
  const externalId = row.external_id === null ? 'null' : JSON.stringify(row.external_id);
  let json = `${row.doc.slice(0, -1)},"externalId":${externalId},"syncedAt":${quoted(row.synced_at)},"changedAt":${quoted(row.changed_at)},"deletedAt":${quoted(row.deleted_at)},"version":${String(row.version)}`;
  for (const one of include) {
    if (one === 'remote') json += `,"remote":${row.raw ?? 'null'}`;
    else json += `,"${one}":${embedded.get(row[RELATED[one].column] ?? '') ?? 'null'}`;
  }
  return `${json}}`;
}

const quoted = (instant: string | null): string => (instant === null ? 'null' : `"${instant}"`);
