import { DataSource } from 'typeorm';
import { ConfigError } from '../config';
import { dataSourceOptions } from './data-source';

const MIGRATION_LOCK = 7_214_021;

/** Brings the schema up to date. Replicas that start together take turns: a transaction lock holds the others back. */
export async function migrate(url: string): Promise<void> {
  const dataSource = new DataSource({ ...dataSourceOptions(url), extra: { options: '-c timezone=UTC' } });
  await dataSource.initialize().catch((error: unknown) => {
    // A refused connection to a name with two addresses has a code and no words.
    const { message, code } = error as { message: string; code?: string };
    throw new ConfigError(`The database cannot be reached, see DATABASE_URL: ${message || String(code)}`);
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
