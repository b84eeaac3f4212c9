import type { Instant } from '../canonical/values';
import type { Database, Query } from '../platform/database/database';
import { forgetSome } from '../platform/database/forget';
import type { TakenTime } from '../mirror/records.service';
import { lineUpForKey } from './keys.repository';
import type { Write, WriteRequest, WritableResource, WriteOperation } from './write';

/** How a write ended: the vendor did it, refused it, never got it, or nobody can tell which record it made. */
export type Outcome = 'applied' | 'rejected' | 'not_done' | 'ambiguous';

/** A process that carries a write out says so at least this often, else its write is looked for. */
export const LEASE_SECONDS = 15;

interface WriteRow extends Record<string, unknown> {
  readonly tenant_id: string;
  readonly id: string;
  readonly connection_id: string;
  readonly resource: WritableResource;
  readonly op: WriteOperation;
  readonly record_id: string;
  readonly request: string;
  readonly idempotency_key: string | null;
  readonly part: number | null;
  readonly looks: number;
  readonly created_at: Instant;
}

const writeOf = (row: WriteRow): Write => ({
  tenantId: row.tenant_id,
  id: row.id,
  connectionId: row.connection_id,
  resource: row.resource,
  op: row.op,
  recordId: row.record_id,
  request: JSON.parse(row.request) as WriteRequest,
  key: row.idempotency_key === null ? null : { key: row.idempotency_key, part: row.part ?? -1 },
  createdAt: row.created_at,
  looks: row.looks,
});

/** The intents of writes: kept before the first byte leaves, until their outcome is known. */
export class WritesRepository {
  constructor(private readonly database: Database) {}

  /** Keeps the intent; false where another write of the same record is under way. */
  async insert(query: Query, write: Omit<Write, 'createdAt' | 'looks'>): Promise<Instant | null> {
    const [row] = await query<{ created_at: Instant }>({
      name: 'writes_insert',
      text: `insert into writes (tenant_id, id, connection_id, resource, op, record_id, request, idempotency_key, part, look_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + interval '${String(LEASE_SECONDS)} seconds')
             on conflict (tenant_id, record_id) where state = 'sent' do nothing returning created_at`,
      values: [
        write.tenantId,
        write.id,
        write.connectionId,
        write.resource,
        write.op,
        write.recordId,
        JSON.stringify(write.request),
        write.key?.key ?? null,
        write.key?.part ?? null,
      ],
    });
    return row?.created_at ?? null;
  }

  /**
   * Holds a practitioner's time; fails by the table's constraint where another write holds some of it. Those who want
   * the same practitioner stand in line first: PostgreSQL lets rows that exclude each other wait for each other.
   */
  hold(query: Query, { tenantId, id }: Pick<Write, 'tenantId' | 'id'>, time: TakenTime): void {
    for (const practitioner of time.practitionerIds)
      query.later({
        name: 'held_times_line_up',
        text: `select pg_advisory_xact_lock(hashtextextended('held time ' || $1::text, 0))`,
        values: [practitioner],
      });
    query.later({
      name: 'held_times_insert',
      text: `insert into held_times (tenant_id, write_id, practitioner_id, during)
             select $1, $2, p, tstzrange($4::timestamptz, $5::timestamptz) from unnest($3::uuid[]) as p`,
      values: [tenantId, id, time.practitionerIds, time.start, time.end],
    });
  }

  /** Says that these writes are still carried out here; gives those of them that nobody else has begun to look for. */
  async beat(writes: readonly Pick<Write, 'tenantId' | 'id'>[]): Promise<ReadonlySet<string>> {
    const rows = await this.database.changeAsSystem((query) =>
      query<{ id: string }>({
        text: `update writes set look_at = now() + interval '${String(LEASE_SECONDS)} seconds'
               where state = 'sent' and id = any($1::uuid[]) returning id`,
        values: [writes.map(({ id }) => id)],
      }),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Ends a write, and lets go of what it held; false where it was ended already. */
  async settle(
    query: Query,
    { tenantId, id, key }: Pick<Write, 'tenantId' | 'id' | 'key'>,
    outcome: Outcome,
  ): Promise<boolean> {
    if (key) lineUpForKey(query, tenantId, key);
    const settling = query({
      name: 'writes_settle',
      // What was asked for is needed no more, and may be a client's data.
      text: `update writes set state = 'settled', outcome = $3, settled_at = now(), look_at = null, request = '{}'
             where tenant_id = $1 and id = $2 and state <> 'settled' returning id`,
      values: [tenantId, id, outcome],
    });
    query.later({
      name: 'held_times_release',
      text: 'delete from held_times where tenant_id = $1 and write_id = $2',
      values: [tenantId, id],
    });
    return (await settling).length > 0;
  }

  /** Nobody knows whether the vendor did it: it will be looked for after so many seconds. */
  async unknown(
    { tenantId, id }: Pick<Write, 'tenantId' | 'id'>,
    looks: number,
    seconds: number,
  ): Promise<void> {
    await this.database.inTenant(tenantId, (query) =>
      query({
        text: `update writes set state = 'unknown', looks = $3, look_at = now() + make_interval(secs => $4)
               where tenant_id = $1 and id = $2 and state <> 'settled'`,
        values: [tenantId, id, looks, seconds],
      }),
    );
  }

  /** Claims some of the writes that it is time to look for, of all tenants; another process leaves them alone for a while. */
  async due(limit: number): Promise<readonly Write[]> {
    const rows = await this.database.changeAsSystem((query) =>
      query<WriteRow>({
        text: `update writes w set state = 'unknown', look_at = now() + interval '60 seconds'
               from (select tenant_id, id from writes where state <> 'settled' and look_at <= now()
                     order by look_at limit ${String(limit)} for update skip locked) d
               where w.tenant_id = d.tenant_id and w.id = d.id returning w.*`,
        values: [],
      }),
    );
    return rows.map(writeOf);
  }

  /** Those of these ids that another write of the connection gave to a record. */
  async givenByOthers(query: Query, { tenantId, id }: Write, ids: readonly string[]): Promise<Set<string>> {
    const rows = await query<{ record_id: string }>({
      text: `select record_id from writes where tenant_id = $1 and record_id = any($3::uuid[]) and id <> $2 and op = 'create'`,
      values: [tenantId, id, ids],
    });
    return new Set(rows.map((row) => row.record_id));
  }

  /** Forgets some of what is long over; says whether there may be more. */
  sweep(limit: number): Promise<boolean> {
    const where = "state = 'settled' and settled_at < now() - interval '25 hours'";
    const over = { table: 'writes', where, oldest: 'settled_at' };
    return this.database.asSystem((query) => forgetSome(query, over, limit));
  }
}
