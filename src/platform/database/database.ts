import { setTimeout as pause } from 'node:timers/promises';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { currentContext, withAlongside } from '../context';
import { Lanes } from './lanes';
import { Pipeline, type Statement } from './pipeline';

export type { Statement };

/**
 * Runs statements inside one tenant's transaction; those sent without waiting travel together. `later` sends one along with
 * the next that is waited for, or with the commit: for what needs no answer. If it fails, so does the transaction. `last`
 * sends one together with the commit.
 */
export interface Query {
  <Row extends QueryResultRow>(statement: Statement): Promise<Row[]>;
  later(statement: Statement): void;
  last<Row extends QueryResultRow>(statement: Statement): Promise<Row[]>;
}

/** TypeORM's manager, inside a transaction that says for whom. */
export type Entities = EntityManager;

/**
 * An instant as a value of a statement: when its transaction began, by the database's clock. What is compared with times of
 * other processes must not be by this one's.
 */
export const TRANSACTION_TIME = 'now';

const PATIENCE_MS = 3000;
const SET_TENANT = "select set_config('app.tenant_id', $1, true)";
const SET_SYSTEM = "select set_config('app.scope', 'system', true)";
const BEGIN: Statement = { name: 'begin', text: 'begin', values: [] };
const COMMIT: Statement = { name: 'commit', text: 'commit', values: [] };
const ROLLBACK: Statement = { text: 'rollback', values: [] };
const SYSTEM: Statement = { name: 'set_system', text: SET_SYSTEM, values: [] };
const tenant = (id: string): Statement => ({ name: 'set_tenant', text: SET_TENANT, values: [id] });

/**
 * The only way to the tables. Everything runs in a transaction that says for whom (`SET LOCAL`), and row-level security
 * holds it to that. Statements are pipelined, so that a page costs one round trip, not four.
 */
export class Database implements OnApplicationShutdown {
  private readonly pool: Pool;
  private readonly lanes: Lanes;

  constructor(readonly dataSource: DataSource) {
    this.pool = (dataSource.driver as unknown as { master: Pool }).master;
    this.lanes = new Lanes(this.pool);
  }

  /** Raw statements for one tenant in one transaction. `work` must await what it sends before it returns. */
  inTenant<T>(tenantId: string, work: (query: Query) => Promise<T>): Promise<T> {
    return this.onConnection((line) => transaction(line, tenant(tenantId), alongside(work)));
  }

  /** One reading statement for one tenant, transaction and all in one round trip. */
  read<Row extends QueryResultRow>(tenantId: string, statement: Statement): Promise<Row[]> {
    return this.together(tenantId, (query) => query<Row>(statement));
  }

  /** The same for several statements, all of which `work` sends before it waits for any. */
  together<T>(tenantId: string, work: (query: Query) => Promise<T>): Promise<T> {
    return this.onLane((line) => atOnce(line, tenant(tenantId), work));
  }

  /** Changes that are a transaction by themselves. They may wait for a lock, so they have a connection of their own. */
  change<T>(tenantId: string, work: (query: Query) => Promise<T>): Promise<T> {
    return this.onConnection((line) => atOnce(line, tenant(tenantId), alongside(work)));
  }

  /** The same over all tenants. */
  changeAsSystem<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.onConnection((line) => atOnce(line, SYSTEM, alongside(work)));
  }

  /** Raw statements over all tenants: for schedulers and look-ups of keys, never for a caller's request. */
  asSystem<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.onConnection((line) => transaction(line, SYSTEM, alongside(work)));
  }

  /** One reading statement over all tenants, transaction and all in one round trip. */
  readAsSystem<Row extends QueryResultRow>(statement: Statement): Promise<Row[]> {
    return this.togetherAsSystem((query) => query<Row>(statement));
  }

  /** The same for several statements, all of which `work` sends before it waits for any. */
  togetherAsSystem<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.onLane((line) => atOnce(line, SYSTEM, work));
  }

  /** TypeORM's manager for one tenant in one transaction. */
  entities<T>(tenantId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.managed(work, SET_TENANT, [tenantId]);
  }

  /** TypeORM's manager over all tenants: for the operator's calls. */
  systemEntities<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.managed(work, SET_SYSTEM);
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

  private managed<T>(
    work: (manager: EntityManager) => Promise<T>,
    scope: string,
    values?: readonly unknown[],
  ): Promise<T> {
    return timed(() =>
      this.dataSource.transaction(async (manager) => {
        await manager.query(scope, values && [...values]);
        const more = currentContext()?.alongside?.statement;
        if (!more) return work(manager);
        await manager.query(more.text, [...more.values]);
        return withAlongside(null, () => work(manager));
      }),
    );
  }

  private onLane<T>(work: (line: Pipeline) => Promise<T>): Promise<T> {
    return timed(() => this.lanes.use(work));
  }

  private onConnection<T>(work: (line: Pipeline) => Promise<T>): Promise<T> {
    return timed(async () => {
      const client: PoolClient = await this.pool.connect();
      let broken: Error | undefined;
      // The pool listens only to those at rest: without this, a connection that is lost in mid-transaction ends the process.
      const lost = (failure: Error): void => void (broken = failure);
      client.on('error', lost);
      const line = new Pipeline(client, { isShared: false });
      try {
        return await work(line);
      } catch (error) {
        broken ??= line.broken;
        throw error;
      } finally {
        line.end();
        client.off('error', lost);
        client.release(broken);
      }
    });
  }
}

/** Notes what `work` takes as the database's time, in the request that is being served. */
async function timed<T>(work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    return await work();
  } finally {
    currentContext()?.spent.database.add(performance.now() - started);
  }
}

const queryOn = (line: Pipeline, last: Query['last']): Query =>
  Object.assign(<Row>(statement: Statement) => line.send<Row>(statement), {
    later: (statement: Statement) => {
      line.later(statement);
    },
    last,
  });

/**
 * Work with what the request that is being served writes in each of its transactions. A transaction that is begun within
 * does without: it would wait for the one around it, and that one for it.
 */
const alongside =
  <T>(work: (query: Query) => Promise<T>): ((query: Query) => Promise<T>) =>
  (query) => {
    const more = currentContext()?.alongside?.statement;
    if (!more) return work(query);
    query.later(more);
    return withAlongside(null, () => work(query));
  };

/** From a begin to a commit: the begin goes out with the first statement, the commit with those that were sent along. */
async function transaction<T>(
  line: Pipeline,
  scope: Statement,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  line.later(BEGIN);
  line.later(scope);
  let committed: Promise<unknown> | undefined;
  const last = <Row>(statement: Statement): Promise<Row[]> => {
    const rows = line.send<Row>(statement);
    committed = line.send(COMMIT);
    line.close();
    return rows;
  };
  try {
    const result = await work(queryOn(line, last));
    await (committed ?? line.send(COMMIT));
    return result;
  } catch (error) {
    await line.undo(ROLLBACK);
    throw error;
  }
}

/** Statements that travel as one are a transaction by themselves, without a begin and a commit. */
async function atOnce<T>(line: Pipeline, scope: Statement, work: (query: Query) => Promise<T>): Promise<T> {
  line.later(scope);
  const working = work(queryOn(line, (statement) => line.send(statement)));
  line.close();
  return working;
}
