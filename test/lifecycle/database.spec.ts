import type { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/platform/database/data-source';
import { Database } from '../../src/platform/database/database';
import { DatabaseSilent } from '../../src/platform/database/errors';
import { freshDatabase } from '../support/database';
import { roadTo } from './tcp-proxy';

it('a transaction whose connection is lost between two statements fails alone: the process lives, the next one works', async () => {
  const fresh = await freshDatabase();
  const source = await new DataSource(dataSourceOptions(fresh.url)).initialize();
  const database = new Database(source);
  const admin = new Client({ connectionString: fresh.adminUrl });
  await admin.connect();
  try {
    const uncaught = jest.fn();
    process.on('uncaughtException', uncaught);
    const work = database.asSystem(async (query) => {
      const [row] = await query<{ pid: number }>({ text: 'select pg_backend_pid() as pid', values: [] });
      const { pool } = database as unknown as {
        pool: { _clients: (EventEmitter & { processID: number })[] };
      };
      const held = pool._clients.find(({ processID }) => processID === row?.pid);
      // Not `once` of node:events, which would listen to errors too.
      const gone = new Promise((resolve) => held?.on('end', resolve));
      await admin.query('select pg_terminate_backend($1)', [row?.pid]);
      await gone;
      return query({ text: 'select 1', values: [] });
    });
    await expect(work).rejects.toThrow();
    process.off('uncaughtException', uncaught);
    expect(uncaught).not.toHaveBeenCalled();
    expect(await database.asSystem((query) => query({ text: 'select 2 as two', values: [] }))).toEqual([
      { two: 2 },
    ]);
  } finally {
    await admin.end();
    await source.destroy();
    await fresh.drop();
  }
});

it('a read whose road is lost while it waits fails, and the next one takes another', async () => {
  const fresh = await freshDatabase();
  const road = await roadTo(fresh.url);
  const source = await new DataSource(dataSourceOptions(road.url)).initialize();
  const database = new Database(source);
  const read = (text: string): Promise<object[]> => database.readAsSystem({ text, values: [] });
  try {
    const waiting = read('select pg_sleep(30)');
    await pause(300);
    road.block();
    await expect(waiting).rejects.toThrow(DatabaseSilent);
    road.mend();
    expect(await read('select 2 as two')).toEqual([{ two: 2 }]);
  } finally {
    await source.destroy();
    await road.close();
    await fresh.drop();
  }
});
