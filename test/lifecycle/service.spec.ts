import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { VENDORS } from '../../src/vendors/registry';
import type { Sandbox } from '../../src/vendors/kit/sandbox';
import { startSandbox } from '../contract/vendors';
import { freshDatabase, withDatabase, type FreshDatabase } from '../support/database';
import {
  addressOf,
  ends,
  eventually,
  killLeftovers,
  launch,
  SERVICE,
  stop,
  type Running,
} from '../support/process';
import { formsOf } from '../support/secrets';
import { call, completeEnv, connect, latestSync, makeTenant, OPERATOR_KEY } from './gateway';
import { roadTo, type Road } from './tcp-proxy';

const NOWHERE = 'postgres://gateway:s3cr3t-passw0rd@127.0.0.1:1/nowhere';
const UUID = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/i;
const SMALL = { clients: 6, appointments: 12 };
const [VENDOR] = [...VENDORS.keys()].sort();

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-service-')));
const serve = (env: Record<string, string | undefined>): Running => launch({ script: SERVICE, cwd, env });
const hostOf = ({ baseUrl }: Sandbox): string => new URL(baseUrl).host;
const dropped: (() => Promise<unknown>)[] = [];

async function database(): Promise<FreshDatabase> {
  const made = await freshDatabase();
  dropped.push(() => made.drop());
  return made;
}
async function sandbox(): Promise<Sandbox> {
  const made = await startSandbox(VENDOR!, SMALL);
  dropped.push(() => made.close());
  return made;
}

async function look<T>(url: string, statement: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows as T[];
  } finally {
    await client.end();
  }
}

afterEach(async () => {
  killLeftovers();
  for (const drop of dropped.splice(0)) await drop();
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

describe('a start that is refused', () => {
  const production = { ...completeEnv(NOWHERE), NODE_ENV: 'production' };

  it.each<[name: string, value: string | undefined, rest?: Record<string, string>]>([
    ['PORT', 'abc'],
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['NODE_ENV', 'staging'],
    ['DATABASE_URL', 'mysql://root@127.0.0.1/clinic'],
    ['MIGRATION_DATABASE_URL', 'clinic.db'],
    ['ADMIN_API_KEY', 'short'],
    ['ENCRYPTION_KEYS', 'short'],
    ['ENCRYPTION_KEYS', `a:${randomBytes(16).toString('base64')}`],
    ['VENDOR_HOST_ALLOWLIST', 'nonsense'],
    ['VENDOR_HOST_ALLOWLIST', 'http://vendor.example:443'],
    ['WEBHOOK_HOST_ALLOWLIST', 'nonsense'],
    ['LOG_LEVEL', 'loud'],
    ['ROLE', 'boss'],
    ['RATE_LIMIT_PER_MINUTE', '0'],
    ['AUDIT_RETENTION_DAYS', '7'],
    ['DATABASE_URL', undefined, production],
    ['ADMIN_API_KEY', undefined, production],
    ['ADMIN_API_KEY', '12345678', production],
    ['ADMIN_API_KEY', 'change-me-change-me-change-me-01', production],
    ['ADMIN_API_KEY', 'a'.repeat(48), production],
    ['ENCRYPTION_KEYS', undefined, production],
    ['ENCRYPTION_KEYS', `a:${Buffer.alloc(32).toString('base64')}`, production],
    [
      'ENCRYPTION_KEYS',
      `a:${Buffer.from('an-encryption-key-of-32-bytes!!!').toString('base64')}`,
      production,
    ],
    ['ENCRYPTION_KEYS', `a:${randomBytes(32).toString('base64')},a:${randomBytes(32).toString('base64')}`],
  ])('%s=%s: one line that names it, and no start', async (name, value, rest = completeEnv(NOWHERE)) => {
    const service = serve({ ...rest, [name]: value });
    const { code } = await ends(service);

    expect(code).toBeGreaterThan(0);
    expect(service.stderr()).toMatch(new RegExp(`^${name} must .+\n$`));
    expect(service.stdout()).toBe('');
  });

  it.each([
    ['nobody listens', (): Promise<string> => Promise.resolve(NOWHERE)],
    [
      'the host has no address',
      () => Promise.resolve('postgres://gateway:s3cr3t-passw0rd@nowhere.invalid/x'),
    ],
    ['there is no such database', async () => withDatabase((await database()).url, 'nowhere')],
    [
      'the password is wrong',
      async () => Object.assign(new URL((await database()).url), { password: 's3cr3t-passw0rd' }).href,
    ],
    ['the address cannot be read', () => Promise.resolve('postgres://gateway:s3cr3t-passw0rd@[clinic/x')],
  ])('where %s: one line about the database, soon, without its password', async (_why, urlOf) => {
    const service = serve(completeEnv(await urlOf()));
    const { code } = await ends(service, 15_000);

    expect(code).toBeGreaterThan(0);
    expect(service.stderr()).toMatch(/^.*(?:DATABASE_URL|database).*\n$/i);
    expect(service.stdout() + service.stderr()).not.toContain('s3cr3t-passw0rd');
  });
});

describe('a role that row-level security does not bind', () => {
  const roleThat = async (can: string): Promise<string> => {
    const { adminUrl } = await database();
    const name = `unbound_${randomBytes(6).toString('hex')}`;
    await look(adminUrl, `create role ${name} login ${can} password 'pw'`);
    dropped.unshift(() => look(adminUrl, `drop role ${name}`));
    return Object.assign(new URL(adminUrl), { username: name, password: 'pw' }).href;
  };
  const unbound = [
    ['is a superuser', 'superuser'],
    ['has BYPASSRLS', 'nosuperuser bypassrls'],
  ] as const;

  it.each(unbound)('that %s: no start in production, and one line that says so', async (why, can) => {
    const service = serve({ ...completeEnv(await roleThat(can)), NODE_ENV: 'production' });
    expect((await ends(service, 15_000)).code).toBeGreaterThan(0);
    expect(service.stderr()).toMatch(new RegExp(`^DATABASE_URL must .+: this one ${why}\n$`));
  });

  it('is warned of elsewhere, and so is what else should be looked at', async () => {
    const url = (await database()).adminUrl;
    const service = serve({ ...completeEnv(url), HOST: '0.0.0.0' });
    await addressOf(service);
    for (const name of ['DATABASE_URL', 'HOST'])
      expect(service.stdout()).toMatch(new RegExp(`"level":"warn".*"msg":"${name} `));
    const allowed = { VENDOR_HOST_ALLOWLIST: 'vendor.example:443,127.0.0.1:4101' };
    const strict = serve({
      ...completeEnv((await database()).url),
      ...allowed,
      NODE_ENV: 'production',
    });
    await addressOf(strict);
    expect(strict.stdout()).toMatch(/"level":"warn".*"msg":"VENDOR_HOST_ALLOWLIST names this machine itself/);
    expect(strict.stdout()).not.toMatch(/"msg":"(HOST|DATABASE_URL|WEBHOOK)/);
  });
});

describe('a service that runs', () => {
  let home: FreshDatabase;
  let road: Road;
  let service: Running;
  let url: string;

  beforeEach(async () => {
    home = await database();
    road = await roadTo(home.url);
    dropped.unshift(() => road.close());
    service = serve({ ...completeEnv(road.url), LOG_LEVEL: 'debug' });
    url = await addressOf(service);
  });

  it('keeps its data in the database that DATABASE_URL names, and starts none of its own', async () => {
    const { tenantId } = await makeTenant(url);
    expect(await look(home.adminUrl, 'select id from tenants')).toEqual([{ id: tenantId }]);
    expect(existsSync(join(cwd, '.data'))).toBe(false);
  });

  it('tells its health and its numbers without a key, and its log, in JSON lines, no secret', async () => {
    const { tenantId, key } = await makeTenant(url);
    await call(`${url}/v1/tenants/${tenantId}`, { key: OPERATOR_KEY });
    await call(`${url}/v1/connections/${tenantId}`, { key });
    await call(`${url}/v1/clients?q=Rosenbaum&email=rosa@example.com`, { key });
    await call(`${url}/no/such/${tenantId}`);
    await call(`${url}/v1/vendors`, { key: `${key}x` });

    expect((await call(`${url}/healthz`)).body).toEqual({ status: 'ok' });
    expect((await call(`${url}/readyz`)).body).toEqual({
      status: 'ok',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      timeZoneData: expect.stringMatching(/^20\d\d[a-z]$/),
    });
    const { text, status } = await call(`${url}/metrics`);
    expect(status).toBe(200);
    expect(text).toMatch(
      /^gateway_http_request_duration_seconds_count\{method="GET",route="\/v1\/connections\/:connectionId",status="404"\} 1$/m,
    );
    expect(text).not.toMatch(UUID);
    expect(text).not.toContain('northside');

    expect(await stop(service)).toEqual({ code: 0, signal: null });
    expect(service.stderr()).toBe('');
    const lines = service.stdout().trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({
        level: expect.stringMatching(/^(?:debug|info|warn)$/),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        msg: expect.any(String),
      });
    const password = decodeURIComponent(new URL(home.url).password);
    const secrets = [OPERATOR_KEY, key, password, 'Rosenbaum', 'rosa@example.com'].flatMap(formsOf);
    expect(secrets.filter((secret) => service.stdout().includes(secret))).toEqual([]);
  });

  it.each([
    ['broken', 'cut', ['/v1/clients', '/v1/vendors', '/v1/tenants']],
    ['silent', 'block', ['/v1/clients']],
  ] as const)(
    'is alive but not ready while the road to the database is %s, and ready again afterwards',
    async (_state, how, paths) => {
      const { key } = await makeTenant(url);
      expect((await call(`${url}/readyz`)).status).toBe(200);
      road[how]();
      const away = await call(`${url}/readyz`);
      expect(away.status).toBe(503);
      expect(away.body).toMatchObject({ code: 'unavailable', retryable: true });
      expect((await call(`${url}/healthz`)).status).toBe(200);
      // What was looked up of a key is remembered for a second.
      await pause(1_100);
      for (const path of paths) {
        const asking = { key: path === '/v1/tenants' ? OPERATOR_KEY : key, withinMs: 30_000 };
        const { status, headers, body } = await call(url + path, asking);
        expect([path, status, body.code, headers.get('retry-after')]).toEqual([
          path,
          503,
          'unavailable',
          '1',
        ]);
      }

      road.mend();
      await eventually('it is ready again', async () => (await call(`${url}/readyz`)).status === 200, {
        withinMs: 15_000,
      });
      expect(await stop(service)).toEqual({ code: 0, signal: null });
    },
  );
});

/** A service with a connection to a vendor who is slow from now on, and a wait until he is asked. */
async function slowVendor() {
  const vendor = await sandbox();
  const service = serve({ ...completeEnv((await database()).url), VENDOR_HOST_ALLOWLIST: hostOf(vendor) });
  const url = await addressOf(service);
  const { key } = await makeTenant(url);
  const settings = { ...vendor.settings, sync: { enabled: false } };
  const connection = await connect(url, key, { ...vendor, settings });

  vendor.fail({ fault: { kind: 'slow', ms: 4_000 } });
  const before = vendor.requests.length;
  return {
    service,
    url,
    key,
    path: `/v1/connections/${connection}/check`,
    isAsked: () => eventually('the vendor is asked', () => vendor.requests.length > before),
  };
}

it('SIGTERM lets a request that waits for a vendor finish, takes no other, and ends with 0', async () => {
  const { service, url, key, path, isAsked } = await slowVendor();
  const check = call(`${url}${path}`, { method: 'POST', key });
  await isAsked();
  service.kill('SIGTERM');
  await eventually('nobody else is let in', () =>
    call(`${url}/healthz`).then(
      () => false,
      () => true,
    ),
  );
  expect(service.exit()).toBeNull();

  expect(await check).toMatchObject({ status: 200, body: { ok: true } });
  expect(await ends(service, 10_000)).toEqual({ code: 0, signal: null });
});

it('SIGTERM does not wait for a connection that its caller would keep once he is answered', async () => {
  const { service, url, key, path, isAsked } = await slowVendor();
  const agent = new Agent({ keepAlive: true });
  const asking = request(`${url}${path}`, {
    method: 'POST',
    agent,
    headers: { authorization: `Bearer ${key}` },
  }).end();
  const answered = once(asking, 'response') as Promise<[IncomingMessage]>;
  await isAsked();
  service.kill('SIGTERM');
  const [answer] = await answered;
  answer.resume();
  expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close']);
  expect(await ends(service, 10_000)).toEqual({ code: 0, signal: null });
  agent.destroy();
});

it('two that start at once on an empty database both come up; syncs are for a worker, not for an api', async () => {
  const model = await database();
  const name = `empty_${randomBytes(6).toString('hex')}`;
  await look(model.adminUrl, `CREATE DATABASE ${name} OWNER gateway`);
  dropped.unshift(() => look(model.adminUrl, `DROP DATABASE ${name} WITH (FORCE)`));
  const vendor = await sandbox();
  const env = {
    ...completeEnv(withDatabase(model.url, name)),
    VENDOR_HOST_ALLOWLIST: hostOf(vendor),
  };

  const apis = [serve({ ...env, ROLE: 'api' }), serve({ ...env, ROLE: 'api' })] as const;
  const [one, other] = await Promise.all([addressOf(apis[0]), addressOf(apis[1])]);
  const { key } = await makeTenant(one);
  const connection = await connect(other, key, vendor);
  const until = performance.now() + 3000;
  await eventually('the time is over in which a worker would have begun', async () => {
    expect(await latestSync(one, key, connection)).toBe('queued');
    return performance.now() > until;
  });
  expect(vendor.requests).toEqual([]);

  const worker = serve({ ...env, ROLE: 'worker' });
  await eventually(
    'the worker has synced',
    async () => (await latestSync(one, key, connection)) === 'succeeded',
  );
  const { body } = await call(`${other}/v1/appointments`, { key });
  expect(body.data.length).toBeGreaterThan(0);
  for (const running of [...apis, worker]) expect(await stop(running)).toEqual({ code: 0, signal: null });
});
