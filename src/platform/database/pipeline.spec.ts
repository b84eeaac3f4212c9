import { DataSource, type DataSourceOptions } from 'typeorm';
import { freshDatabase, type FreshDatabase } from '../../../test/support/database';
import { until } from '../../../test/support/until';
import { dataSourceOptions } from './data-source';
import { Database, type Statement } from './database';

const TENANT = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a01';
let place: FreshDatabase;
let database: Database;

beforeAll(async () => {
  place = await freshDatabase();
  // One connection, so that whatever one of these leaves behind is met by the next.
  database = new Database(
    await new DataSource({ ...dataSourceOptions(place.url), poolSize: 1 } as DataSourceOptions).initialize(),
  );
  await database.inTenant(TENANT, (query) => query(sql('create table things (name text primary key)')));
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await place.drop();
});
afterEach(async () => {
  // The connection is as it was: it takes statements, and knows no tenant.
  expect(await database.readAsSystem(sql('select app_tenant() as tenant'))).toEqual([{ tenant: null }]);
  await database.inTenant(TENANT, (query) => query(sql('truncate things')));
});

const sql = (text: string, values: readonly unknown[] = [], name?: string): Statement => ({
  text,
  values,
  ...(name === undefined ? {} : { name }),
});
const add = (name: string): Statement => sql('insert into things values ($1)', [name], 'add');
const things = async (): Promise<unknown[]> =>
  (await database.read<{ name: string }>(TENANT, sql('select name from things order by name'))).map(
    ({ name }) => name,
  );
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => (error as { code?: string; message: string }).code ?? (error as Error).message,
  );

it('gives each statement its own rows, whatever else travels with it, the first time and every time after', async () => {
  const numbers = sql('select n, $1::text as word from generate_series(1, 2) n', ['a'], 'numbers');
  for (let round = 0; round < 3; round += 1) {
    const answers = await database.together(TENANT, (query) =>
      Promise.all([
        query(numbers),
        query(sql("select app_tenant() as tenant, null::json as nothing, '{}'::json as text", [], 'mixed')),
        query(add(`round ${String(round)}`)),
        query(sql('select 1 as one where false')),
      ]),
    );
    expect(answers).toEqual([
      [
        { n: 1, word: 'a' },
        { n: 2, word: 'a' },
      ],
      [{ tenant: TENANT, nothing: null, text: '{}' }],
      [],
      [],
    ]);
  }
  expect(await things()).toHaveLength(3);
});

it('what was sent along goes before what is waited for, and with the commit at the latest', async () => {
  await database.inTenant(TENANT, async (query) => {
    query.later(add('a'));
    expect(await query(sql('select name from things'))).toEqual([{ name: 'a' }]);
    query.later(add('b'));
  });
  expect(await things()).toEqual(['a', 'b']);
  expect(await database.inTenant(TENANT, (query) => query.last(sql('select 1 as one')))).toEqual([
    { one: 1 },
  ]);
});

it('a failure undoes everything, whichever statement it was, and whoever waits hears why', async () => {
  const failing = database.inTenant(TENANT, async (query) => {
    await query(add('a'));
    const heard = await Promise.allSettled([query(add('b')), query(add('b')), query(add('c'))]);
    expect(heard.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    throw (heard[2] as PromiseRejectedResult).reason;
  });
  expect(await codeOf(failing)).toBe('23505');
  const unheard = database.inTenant(TENANT, (query) => {
    query.later(add('d'));
    query.later(add('d'));
    return Promise.resolve();
  });
  expect(await codeOf(unheard)).toBe('23505');
  const together = database.together(TENANT, (query) => Promise.all([query(add('e')), query(add('e'))]));
  expect(await codeOf(together)).toBe('23505');
  expect(await things()).toEqual([]);
});

it('a statement that was passed over, or whose values cannot be written, can be sent again', async () => {
  const late = sql('select $1::text as late', ['x'], 'late');
  const passedOver = database.together(TENANT, (query) =>
    Promise.all([query(sql('select 1 / 0', [], 'nonsense')), query(late)]),
  );
  expect(await codeOf(passedOver)).toBe('22012');
  const circle: Record<string, unknown> = {};
  circle['itself'] = circle;
  for (let round = 0; round < 2; round += 1) {
    const unwritable = database.inTenant(TENANT, (query) =>
      Promise.all([query(add('a')), query({ ...late, values: [circle] }), query(add('b'))]),
    );
    expect(await codeOf(unwritable)).toMatch(/circular/);
    expect(await database.read(TENANT, late)).toEqual([{ late: 'x' }]);
  }
  expect(await things()).toEqual([]);
});

it('nothing is sent behind the end', async () => {
  const stray: (() => Promise<unknown>)[] = [];
  await database.inTenant(TENANT, async (query) => {
    stray.push(() => query(add('stray')));
    await query.last(add('a'));
    expect(await codeOf(query(add('b')))).toMatch(/one turn/);
  });
  await database.together(TENANT, async (query) => {
    await query(add('c'));
    expect(await codeOf(query(add('d')))).toMatch(/one turn/);
  });
  expect(await codeOf(stray[0]?.() ?? Promise.resolve())).toMatch(/one turn/);
  expect(await things()).toEqual(['a', 'c']);
});

describe('many at the same time', () => {
  let busy: Database;
  beforeAll(async () => {
    busy = new Database(await new DataSource(dataSourceOptions(place.url)).initialize());
  });
  afterAll(() => busy.onApplicationShutdown());

  const backend = sql('select pg_backend_pid() as pid, app_tenant() as tenant', [], 'backend');
  const tenants = Array.from({ length: 200 }, (_, i) => TENANT.slice(0, -3) + String(i).padStart(3, '0'));

  it('share a few connections, each as its own tenant, and none feels the failure of another', async () => {
    const seen = await Promise.all(
      tenants.map(async (tenant, i) => {
        if (i % 3 === 0) return codeOf(busy.read(tenant, sql('select 1 / $1::integer', [0])));
        const [row] = await busy.read<{ pid: number; tenant: string }>(tenant, backend);
        expect(row?.tenant).toBe(tenant);
        return row?.pid;
      }),
    );
    expect(seen.filter((one) => one === '22012')).toHaveLength(67);
    const backends = new Set(seen.filter((one) => typeof one === 'number'));
    expect(backends.size).toBeGreaterThan(0);
    expect(backends.size).toBeLessThanOrEqual(4);
  });

  it('hear of it when their connection is lost, and the next ones get another', async () => {
    const lost = tenants.map((tenant) => codeOf(busy.read(tenant, sql('select pg_sleep(60)'))));
    const killed = async (): Promise<number> => {
      const [row] = await busy.inTenant(TENANT, (query) =>
        query<{ killed: number }>(
          sql(`select count(pg_terminate_backend(pid))::integer as killed from pg_stat_activity
               where datname = current_database() and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`),
        ),
      );
      return row?.killed ?? 0;
    };
    await until(killed, (one) => one > 0);
    expect(await Promise.all(lost)).not.toContain(null);
    expect(await busy.read(TENANT, sql('select 1 as one'))).toEqual([{ one: 1 }]);
  });
});
