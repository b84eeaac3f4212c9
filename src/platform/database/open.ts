import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source';
import { Database } from './database';
import { unreachable } from './errors';

/** The database for a program that is no service. `onApplicationShutdown` closes it. */
export async function openDatabase(url: string): Promise<Database> {
  const dataSource = new DataSource({ ...dataSourceOptions(url), poolSize: 2 } as never);
  await dataSource.initialize().catch((error: unknown) => {
    throw unreachable(error);
  });
  return new Database(dataSource);
}
