import { DataSource } from 'typeorm';
import { ConfigError } from '../config';
import { dataSourceOptions } from './data-source';
import { Database } from './database';

/** The database for a program that is no service. `onApplicationShutdown` closes it. */
export async function openDatabase(url: string): Promise<Database> {
  const dataSource = new DataSource({ ...dataSourceOptions(url), poolSize: 2 } as never);
  await dataSource.initialize().catch((error: unknown) => {
    throw new ConfigError(`The database cannot be reached, see DATABASE_URL: ${(error as Error).message}`);
  });
  return new Database(dataSource);
}
