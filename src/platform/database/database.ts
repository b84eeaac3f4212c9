import type { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { currentContext } from '../context';

/** A statement as PostgreSQL takes it. A `name` makes the server keep its plan: only for texts that come again and again. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}
/** Runs statements inside one tenant's transaction; those sent without waiting travel together. */
export type Query = <Row extends QueryResultRow>(statement: Statement) => Promise<Row[]>;

/** TypeORM's manager, inside a transaction that says for whom. */
export type Entities = EntityManager;

const PATIENCE_MS = 3000;
const SET_TENANT = "select set_config('app.tenant_id', $1, true)";
const SET_SYSTEM = "select set_config('app.scope', 'system', true)";

/**
 * The only way to the tables. Everything runs in a transaction that says for whom (`SET LOCAL`), and row-level security
 * holds it to that. Statements are pipelined, so that a page costs one round trip, not four.
 */
export class Database implements OnApplicationShutdown {
  private readonly pool: Pool;

  constructor(readonly dataSource: DataSource) {
    this.pool = (dataSource.driver as unknown as { master: Pool }).master;
  }

  /** Raw statements for one tenant in one transaction. `work` must await what it sends before it returns. */
  async inTenant<T>(tenantId: string, work: (query: Query) => Promise<T>): Promise<T> {
    return this.transaction({ text: SET_TENANT, name: 'set_tenant', values: [tenantId] }, work);
  }

  /** One reading statement for one tenant, transaction and all in one round trip. */
  read<Row extends QueryResultRow>(tenantId: string, statement: Statement): Promise<Row[]> {
    return this.transaction(
      { text: SET_TENANT, name: 'set_tenant', values: [tenantId] },
      (query) => query<Row>(statement),
      { commitAtOnce: true },
    );
  }

  /** Raw statements over all tenants: for schedulers and look-ups of keys, never for a caller's request. */
  async asSystem<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.transaction({ text: SET_SYSTEM, name: 'set_system', values: [] }, work);
  }

  /** TypeORM's manager for one tenant in one transaction. */
  async entities<T>(tenantId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query(SET_TENANT, [tenantId]);
      return work(manager);
    });
  }

  /** TypeORM's manager over all tenants: for the operator's calls. */
  async systemEntities<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query(SET_SYSTEM);
      return work(manager);
    });
  }

  /** Whether the schema is older than this program. Fails where the database does not answer. */
  async pendingMigrations(): Promise<boolean> {
    const looking = this.dataSource.showMigrations();
    const late = new AbortController();
    const tooLate = pause(PATIENCE_MS, null, { signal: late.signal }).then(() => {
      throw new Error('The database is silent');
    });
    tooLate.catch(() => undefined);
    looking.catch(() => undefined);
    return Promise.race([looking, tooLate]).finally(() => {
      late.abort();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private async transaction<T>(
    scope: Statement,
    work: (query: Query) => Promise<T>,
    { commitAtOnce = false } = {},
  ): Promise<T> {
    const started = performance.now();
    const client = await this.pool.connect();
    let broken: Error | undefined;
    // The pool listens only to those at rest: without this, a connection that is lost in mid-transaction ends the process.
    const lost = (failure: Error): void => void (broken = failure);
    client.on('error', lost);
    const commit = (): Promise<unknown> => send(client, { text: 'commit', values: [] });
    try {
      const opened = [send(client, { text: 'begin', values: [] }), send(client, scope)];
      opened.forEach((sent) => void sent.catch(() => undefined));
      const working = work((statement) => send(client, statement).then(({ rows }) => rows as never));
      const early = commitAtOnce ? commit() : null;
      early?.catch(() => undefined);
      const result = await working;
      await Promise.all([...opened, early ?? commit()]);
      return result;
    } catch (error) {
      await send(client, { text: 'rollback', values: [] }).catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error('rollback failed');
      });
      throw error;
    } finally {
      client.off('error', lost);
      client.release(broken);
      const context = currentContext();
      if (context) context.spent.databaseMs += performance.now() - started;
    }
  }
}

/** Sends a statement; whatever else is sent in the same turn leaves in the same write, since a system call costs more than a query. */
function send(client: PoolClient, { name, text, values }: Statement): Promise<QueryResult> {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  stream.cork();
  process.nextTick(() => {
    stream.uncork();
  });
  return client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
}
