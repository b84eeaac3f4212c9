import { createHash } from 'node:crypto';
import type { ResourceName } from '../canonical/index';
import type { Database, Query, Statement } from '../platform/database/database';
import { conditions } from './filters';
import type { Include, PageRequest, RenderedPage, RenderedRecord } from './records';
import { TABLES, type Column, type Sort } from './tables';

interface Row {
  readonly doc: string;
  readonly tail: string;
  readonly synced_at: string | null;
  readonly raw?: string | null;
}
interface PageRow extends Row {
  /** Where it stands among those that were asked for; null for one that they point at, absent where nothing is included. */
  readonly place?: number | null;
  readonly id?: string | null;
  readonly client_id?: string | null;
  readonly practitioner_id?: string | null;
  readonly service_id?: string | null;
  readonly location_id?: string | null;
}
/** Rendered records by their id. */
type Embedded = ReadonlyMap<string, string>;
interface SingleColumns {
  readonly version: number;
  readonly deleted_at: string | null;
  readonly connection_id: string;
  readonly vendor: string;
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

/** The document as it was stored, what the gateway knows of it, and when it was last seen: text that only has to be put together. */
const RECORD = 't.doc, t.tail, r.last_seen_at as synced_at';
const SEEN = 'join remote_ids r on r.tenant_id = t.tenant_id and r.id = t.id';
const rawOf = (include: readonly Include[]): string =>
  include.includes('remote') ? 'left join raw_records w on w.tenant_id = t.tenant_id and w.id = t.id' : '';
const SINGLE = ['t.version', 't.deleted_at', 't.connection_id', 't.vendor'];

/** How many different list queries keep their plan in the server; a caller who invents more gets his planned each time. */
const MOST_PLANS = 300;
const planned = new Map<string, string>();

function named(text: string, values: readonly unknown[]): Statement {
  let name = planned.get(text);
  if (name === undefined) {
    if (planned.size >= MOST_PLANS) return { text, values };
    name = createHash('sha256').update(text).digest('base64url').slice(0, 32);
    planned.set(text, name);
  }
  return { name, text, values };
}

/** Reads the mirror. Records leave it as the text that was written when they were stored: nothing is parsed on the way. */
export class MirrorReaderRepository {
  constructor(private readonly database: Database) {}

  async page(tenantId: string, resource: ResourceName, request: PageRequest): Promise<RenderedPage> {
    const { rows, embedded } = apart(
      await this.database.read<PageRow & Record<string, unknown>>(
        tenantId,
        pageStatement(tenantId, resource, request),
      ),
    );
    const shown = rows.slice(0, request.limit);
    return {
      records: shown.map((row) => render(row, request.include, embedded)),
      documents: shown.map(({ doc }) => doc),
      last: rows.length > request.limit ? positionOf(resource, request, shown.at(-1)) : null,
    };
  }

  /** One record; null where the tenant has none with this id. */
  async one(
    tenantId: string,
    resource: ResourceName,
    id: string,
    include: readonly Include[],
  ): Promise<RenderedRecord | null> {
    return this.database.together(tenantId, (query) =>
      this.oneIn(query, tenantId, resource, { id, include }),
    );
  }

  /** The same inside a transaction. */
  async oneIn(
    query: Query,
    tenantId: string,
    resource: ResourceName,
    { id, include }: { id: string; include: readonly Include[] },
  ): Promise<RenderedRecord | null> {
    const columns = [...SINGLE, ...beside(include)];
    const record = `select ${RECORD}, ${columns.join(', ')} from ${resource} t ${SEEN} ${rawOf(include)}
      where t.tenant_id = $1 and t.id = $2`;
    const found = await query<PageRow & SingleColumns & Record<string, unknown>>(
      named(withRelated(record, columns, include), [tenantId, id]),
    );
    const { rows, embedded } = apart(found);
    const [row] = rows;
    if (!row) return null;
    return {
      json: render(row, include, embedded),
      version: row.version,
      beside: besideOf(row, include, found),
      deletedAt: row.deleted_at,
      connectionId: row.connection_id,
      vendor: row.vendor,
    };
  }
}

/** How a page is ordered; the routes let no other word through than those of the table. */
function orderOf(resource: ResourceName, sort: string): Sort {
  const { sorts, defaultSort } = TABLES[resource];
  const by = sorts[sort] ?? sorts[defaultSort];
  if (!by) throw new Error(`${resource} has no order ${sort}`);
  return by;
}

/** Where the next page goes on: the sort value and id of the last record, read from its text. */
function positionOf(
  resource: ResourceName,
  { sort }: PageRequest,
  row: PageRow | undefined,
): readonly string[] {
  const record = JSON.parse(row ? render(row, [], new Map()) : '{}') as { id: string; changedAt: string };
  const { column } = orderOf(resource, sort);
  const columns = TABLES[resource].columns as readonly Column<unknown>[];
  const value =
    column === 'changed_at' ? record.changedAt : columns.find(({ name }) => name === column)?.of(record);
  return [String(value), record.id];
}

function pageStatement(
  tenantId: string,
  resource: ResourceName,
  { filters, sort, limit, after, include }: PageRequest,
): Statement {
  const by = orderOf(resource, sort);
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${String(values.push(value))}`;
  const where = [`t.tenant_id = ${bind(tenantId)}`, ...conditions(filters, bind)];
  const key = `t.${by.column}`;
  if (after)
    where.push(
      `(${key}, t.id) ${by.descending ? '<' : '>'} (${bind(after[0])}::${by.type}, ${bind(after[1])}::uuid)`,
    );
  const direction = by.descending ? 'desc' : 'asc';
  const columns = beside(include);
  const page = `select ${[RECORD, ...columns].join(', ')} from ${resource} t ${SEEN} ${rawOf(include)}
     where ${where.join(' and ')} order by ${key} ${direction}, t.id ${direction} limit ${String(limit + 1)}`;
  return named(withRelated(page, columns, include), values);
}

/** What is read beside the record itself for what is to be included. */
const beside = (include: readonly Include[]): string[] =>
  include.map((one) => (one === 'remote' ? 'w.raw' : `t.${RELATED[one].column}`));

/**
 * The records of a statement and, after them, everything that they point at, each of it once and in the same round trip.
 * When it was last seen is looked up row by row: a join would be planned as a walk through all that the tenant has.
 */
function withRelated(records: string, columns: readonly string[], include: readonly Include[]): string {
  const related = relatedOf(include);
  if (related.length === 0) return records;
  const parts = related.map((one) => {
    const { table, column } = RELATED[one];
    return `select null, t.id, t.doc, t.tail, (select r.last_seen_at from remote_ids r where r.tenant_id = t.tenant_id and r.id = t.id)${', null'.repeat(columns.length)}
      from ${table} t where t.tenant_id = $1 and t.id in (select ${column} from page)`;
  });
  const names = columns.map((name) => `, ${name.slice(2)}`).join('');
  return `with page as materialized (${records})
    select row_number() over () as place, null::uuid as id, doc, tail, synced_at${names} from page
    union all ${parts.join(' union all ')}`;
}

/** The records that were asked for, in their order, and those that they point at. */
function apart<R extends PageRow>(found: readonly R[]): { rows: readonly R[]; embedded: Embedded } {
  if (found[0]?.place === undefined) return { rows: found, embedded: new Map() };
  const rows = found.filter(({ place }) => place !== null).sort((a, b) => Number(a.place) - Number(b.place));
  const pointedAt = found.filter(({ place }) => place === null);
  return { rows, embedded: new Map(pointedAt.map((row) => [row.id ?? '', render(row, [], new Map())])) };
}

/** What is shown with a record and changes without it: which records it includes, in which versions, and the vendor's own. */
function besideOf(row: PageRow, include: readonly Include[], found: readonly PageRow[]): string {
  if (include.length === 0) return '';
  const pointedAt = found.filter(({ place }) => place === null).map(({ id, tail }) => `${String(id)}${tail}`);
  return [...include, ...pointedAt.sort(), row.raw ?? ''].join('\n');
}

/** The record with what was asked to be included. */
function render(row: PageRow, include: readonly Include[], embedded: Embedded): string {
  const syncedAt = row.synced_at === null ? 'null' : `"${row.synced_at}"`;
  let json = `${row.doc.slice(0, -1)}${row.tail},"syncedAt":${syncedAt}`;
  for (const one of include) {
    if (one === 'remote') json += `,"remote":${row.raw ?? 'null'}`;
    else json += `,"${one}":${embedded.get(row[RELATED[one].column] ?? '') ?? 'null'}`;
  }
  return `${json}}`;
}
