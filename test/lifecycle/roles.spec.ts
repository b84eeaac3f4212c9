import { randomBytes } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { installQueue } from '../../src/sync/sync-queue';
import { VENDORS } from '../../src/vendors/registry';
import { startSandbox } from '../contract/vendors';
import { freshDatabase, withDatabase } from '../support/database';
import { addressOf, eventually, killLeftovers, launch, SERVICE, stop } from '../support/process';
import { call, completeEnv, connect, latestSync, makeTenant, OPERATOR_KEY } from './gateway';

const [VENDOR] = [...VENDORS.keys()].sort();
const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-roles-')));

async function run(url: string, ...statements: readonly string[]): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) ({ rows } = await client.query<object>(statement));
    return rows;
  } finally {
    await client.end();
  }
}

/** An empty database with an owner, and a role that may connect to it and nothing else. */
async function emptyDatabase() {
  const fresh = await freshDatabase();
  const { adminUrl } = fresh;
  const name = `roles_${randomBytes(6).toString('hex')}`;
  const url = (role: string): string =>
    Object.assign(new URL(withDatabase(adminUrl, name)), { username: role, password: 'pw' }).href;
  const roles = [`${name}_owner`, `${name}_Service`] as const;
  for (const role of roles) await run(adminUrl, `create role "${role}" login password 'pw'`);
  await run(adminUrl, `create database ${name} owner ${roles[0]}`);
  return {
    owner: url(roles[0]),
    service: url(roles[1]),
    drop: async () => {
      await run(adminUrl, `drop database ${name} with (force)`);
      for (const role of roles) await run(adminUrl, `drop role "${role}"`);
      await fresh.drop();
    },
  };
}

afterEach(killLeftovers);
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

it('a service that does not own its tables comes up on an empty database, twice at once, and works', async () => {
  const database = await emptyDatabase();
  const vendor = await startSandbox(VENDOR!, { clients: 6, appointments: 12 });
  const env = {
    ...completeEnv(database.service),
    MIGRATION_DATABASE_URL: database.owner,
    NODE_ENV: 'production',
    ADMIN_API_KEY: OPERATOR_KEY,
    VENDOR_HOST_ALLOWLIST: new URL(vendor.baseUrl).host,
  };
  try {
    const both = [env, env].map((one) => launch({ script: SERVICE, cwd, env: one }));
    const [url = ''] = await Promise.all(both.map((service) => addressOf(service)));
    const { tenantId, key } = await makeTenant(url);
    const connection = await connect(url, key, vendor);
    await eventually('its first sync is over', async () =>
      ['succeeded', 'partial'].includes((await latestSync(url, key, connection)) ?? ''),
    );
    expect((await call(`${url}/v1/clients`, { key })).body.data.length).toBeGreaterThan(0);
    expect((await call(`${url}/readyz`)).status).toBe(200);
    const erased = await call(`${url}/v1/tenants/${tenantId}`, { method: 'DELETE', key: OPERATOR_KEY });
    expect(erased.status).toBe(204);

    for (const service of both) {
      await stop(service);
      expect(service.stdout()).not.toMatch(/"level":"(?:error|fatal)"|permission denied/);
    }
    expect(
      await run(database.service, 'select from pg_class where pg_get_userbyid(relowner) = current_user'),
    ).toEqual([]);
    await expect(run(database.service, 'truncate events')).rejects.toThrow('permission denied');
  } finally {
    killLeftovers();
    await vendor.close();
    await database.drop();
  }
});

it('a service that was let make its queue itself keeps it', async () => {
  const database = await emptyDatabase();
  const env = { ...completeEnv(database.service), MIGRATION_DATABASE_URL: database.owner };
  try {
    const { pathname } = new URL(database.owner);
    const { username } = new URL(database.service);
    await run(database.owner, `grant create on database "${pathname.slice(1)}" to "${username}"`);
    await installQueue(database.service);
    const service = launch({ script: SERVICE, cwd, env });
    await addressOf(service);
    expect(await stop(service)).toEqual({ code: 0, signal: null });
  } finally {
    killLeftovers();
    await database.drop();
  }
});
