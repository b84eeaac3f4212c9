import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/platform/database/data-source';
import { Database } from '../../src/platform/database/database';
import { FeedKeeperRepository } from '../../src/events/feed-keeper.repository';
import { SyncsRepository } from '../../src/sync/syncs.repository';
import { AuditKeeperRepository } from '../../src/tenants/audit-keeper.repository';
import { KeysRepository } from '../../src/writes/keys.repository';
import { WritesRepository } from '../../src/writes/writes.repository';
import { freshDatabase } from '../support/database';

const TENANT = '00000000-0000-7000-8000-000000000001';
const CONNECTION = '00000000-0000-7000-8000-000000000002';
const HELD = 20_000;
const OLD = 1_500;
const AT_ONCE = 1_000;

const TENANTS_ROWS = `
  insert into tenants (id, name, slug) values ('${TENANT}', 'Northside', 'northside');
  insert into connections (tenant_id, id, vendor, name, settings, credentials, credentials_updated_at)
  values ('${TENANT}', '${CONNECTION}', 'any', 'Northside', '{}', '', now());`;
/** So many rows, the first of them older than they are kept. */
const rows = (age: string): string =>
  `from generate_series(1, ${String(HELD)}) n cross join lateral (
     select now() - case when n <= ${String(OLD)} then interval '${age}' else interval '1 hour' end as at) a`;

interface Kept {
  readonly table: string;
  readonly fill: string;
  readonly sweep: (database: Database) => Promise<boolean>;
}
const KEPT: readonly Kept[] = [
  {
    table: 'idempotency_keys',
    fill: `insert into idempotency_keys (tenant_id, key, request_hash, held_until, created_at)
           select '${TENANT}', 'key ' || n, '', now(), at ${rows('25 hours')}`,
    sweep: (database) => new KeysRepository(database).sweep(AT_ONCE),
  },
  {
    table: 'writes',
    fill: `insert into writes (tenant_id, id, connection_id, resource, op, record_id, state, outcome, request, settled_at)
           select '${TENANT}', gen_random_uuid(), '${CONNECTION}', 'clients', 'update', gen_random_uuid(), 'settled', 'applied',
             '{}', at ${rows('26 hours')}`,
    sweep: (database) => new WritesRepository(database).sweep(AT_ONCE),
  },
  {
    table: 'syncs',
    fill: `insert into syncs (tenant_id, id, connection_id, mode, status, requested, finished_at)
           select '${TENANT}', gen_random_uuid(), '${CONNECTION}', 'full', 'succeeded', '[]', at ${rows('8 days')}`,
    sweep: (database) => new SyncsRepository(database).prune(AT_ONCE),
  },
];

/** A database with a tenant, its superuser, and a way to look at it as the service does. */
async function scene(statements: string) {
  const fresh = await freshDatabase();
  const admin = new Client({ connectionString: fresh.adminUrl });
  await admin.connect();
  await admin.query(TENANTS_ROWS + statements);
  const source = await new DataSource(dataSourceOptions(fresh.url)).initialize();
  const ask = async (text: string): Promise<number> =>
    Number((await admin.query<{ n: string }>(`select (${text}) as n`)).rows[0]?.n);
  return {
    database: new Database(source),
    ask,
    close: async () => {
      if (source.isInitialized) await source.destroy();
      await admin.end();
      await fresh.drop();
    },
    /** How many rows of a table were read until now, other than by an index unless told; ends the service's connections. */
    rowsRead: async (table: string, which = 'seq_tup_read'): Promise<number> => {
      if (source.isInitialized) await source.destroy();
      await admin.query('select pg_stat_force_next_flush(), pg_sleep(1)');
      return ask(`select ${which} from pg_stat_user_tables where relname = '${table}'`);
    },
  };
}

it.each(KEPT)('of $table, what is old goes, some at a time, and the rest is not even read', async (kept) => {
  const { table, fill, sweep } = kept;
  const { database, ask, rowsRead, close } = await scene(`${fill}; analyze ${table}`);
  try {
    expect([await sweep(database), await ask(`select count(*) from ${table}`)]).toEqual([
      true,
      HELD - AT_ONCE,
    ]);
    expect([await sweep(database), await ask(`select count(*) from ${table}`)]).toEqual([false, HELD - OLD]);
    // The two counts above, and nothing beside.
    expect(await rowsRead(table)).toBeLessThanOrEqual(2 * HELD);
  } finally {
    await close();
  }
});

it('keys of a tenant that is gone are forgotten, and nobody else\u2019s', async () => {
  const [GONE, OPERATOR] = ['00000000-0000-7000-8000-00000000000f', '00000000-0000-0000-0000-000000000000'];
  const { database, ask, close } = await scene(`
    insert into idempotency_keys (tenant_id, key, request_hash, held_until)
    select tenant, 'key ' || n, '', now() from generate_series(1, 3) n,
      unnest(array['${TENANT}', '${GONE}', '${OPERATOR}']::uuid[]) tenant`);
  try {
    await new KeysRepository(database).sweep(AT_ONCE);
    expect(await ask('select count(*) from idempotency_keys')).toBe(6);
    expect(await ask(`select count(*) from idempotency_keys where tenant_id = '${GONE}'`)).toBe(0);
  } finally {
    await close();
  }
});

describe('of the feed', () => {
  /** Three tenants have old events, three have none. */
  const feed = (age: string): string => `
    insert into tenants (id, name, slug) select gen_random_uuid(), 'Clinic', 'clinic-' || n from generate_series(1, 6) n;
    insert into events (tenant_id, type, resource, resource_id, connection_id, occurred_at, changed, doc, tail)
    select t.id, 'client.updated', 'clients', gen_random_uuid(), gen_random_uuid(),
      now() - case when slug < 'clinic-4' then interval '${age}' else interval '1 hour' end, '{}', '{}', ''
    from tenants t, generate_series(1, 1500) n where slug like 'clinic%';
    analyze events`;

  it('so many events go at once, whosever they are', async () => {
    const { database, ask, close } = await scene(feed('31 days'));
    const keeper = new FeedKeeperRepository(database);
    try {
      expect([await keeper.sweep(30), await ask('select count(*) from events')]).toEqual([1_000, 8_000]);
      while ((await keeper.sweep(30)) > 0);
      expect(await ask('select count(*) from events')).toBe(4_500);
    } finally {
      await close();
    }
  });

  it('the first of each tenant alone is looked at, where none is too old', async () => {
    const { database, rowsRead, close } = await scene(feed('29 days'));
    try {
      expect(await new FeedKeeperRepository(database).sweep(30)).toBe(0);
      expect(await rowsRead('events', 'coalesce(idx_tup_fetch, 0) + seq_tup_read')).toBeLessThan(100);
    } finally {
      await close();
    }
  });
});

describe('the audit', () => {
  const aged = (ms: string): string => `
    insert into audit_events (tenant_id, id, at, actor_kind, action, resource, resource_ids, client_ids, outcome, detail)
    select '${TENANT}', id_at(a.at), a.at, 'api_key', 'client.read', 'clients', array[lpad(n::text, 32, '0')::uuid], '{}', 'done', '{}'
    ${rows(ms)};
    insert into audit_subjects (tenant_id, subject_id, hour)
    select tenant_id, resource_ids[1], floor(extract(epoch from at) / 3600) from audit_events`;

  it('lets go of what is older than the operator has said, and of nothing else', async () => {
    const { database, ask, rowsRead, close } = await scene(
      `${aged('40 days')}; analyze audit_events; analyze audit_subjects`,
    );
    const held = async (): Promise<[number, number]> => [
      await ask('select count(*) from audit_events'),
      await ask('select count(*) from audit_subjects'),
    ];
    try {
      const keeper = new AuditKeeperRepository(database);
      expect(await keeper.sweep(41)).toBe(0);
      const first = await keeper.sweep(31);
      expect([first < OLD, await held()]).toEqual([true, [HELD - first, HELD - first]]);
      while ((await keeper.sweep(31)) > 0);
      expect(await held()).toEqual([HELD - OLD, HELD - OLD]);
      expect(await rowsRead('audit_subjects')).toBeLessThanOrEqual(3 * HELD);
    } finally {
      await close();
    }
  });

  it.each([
    ['whoever does not say until when', 'system', "''", '40 days'],
    ['a tenant', '', 'now()::text', '40 days'],
    ['anybody, of the last thirty days', 'system', 'now()::text', '29 days'],
  ])('lets go of nothing to %s', async (_who, scope, from, age) => {
    const { database, close } = await scene(`${aged(age)};
      insert into remote_ids (tenant_id, id, connection_id, vendor, resource, remote_scope, remote_id, first_seen_at)
      select tenant_id, subject_id, '${CONNECTION}', 'any', 'clients', '', subject_id, now() from audit_subjects`);
    try {
      for (const table of ['audit_events', 'audit_subjects'])
        await expect(
          database.inTenant(TENANT, async (query) => {
            query.later({ text: `select set_config('app.scope', '${scope}', true)`, values: [] });
            query.later({ text: `select set_config('app.audit_from', ${from}, true)`, values: [] });
            await query({ text: `delete from ${table}`, values: [] });
          }),
        ).rejects.toThrow('append-only');
    } finally {
      await close();
    }
  });
});
