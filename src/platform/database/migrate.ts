import { DataSource } from 'typeorm';
import { CONNECT_MS, dataSourceOptions } from './data-source';
import { unreachable } from './errors';

const MIGRATION_LOCK = 7_214_021;

/** Brings the schema up to date. Replicas that start together take turns: a transaction lock holds the others back. */
export async function migrate(url: string): Promise<void> {
  const dataSource = new DataSource({
    ...dataSourceOptions(url),
    extra: { connectionTimeoutMillis: CONNECT_MS, options: '-c timezone=UTC' },
  });
  await dataSource.initialize().catch((error: unknown) => {
    throw unreachable(error);
  });
  try {
    await dataSource.transaction(async (turn) => {
      await turn.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      await dataSource.runMigrations({ transaction: 'all' });
    });
  } finally {
    await dataSource.destroy();
  }
}
