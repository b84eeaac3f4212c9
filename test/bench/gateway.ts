import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { start, type Measured } from './process';

/** The gateway as it is built, with a tenant, its key and a connection to each sandbox. */
export interface BenchGateway {
  readonly process: Measured;
  readonly url: string;
  readonly key: string;
  readonly tenantId: string;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
}
/** What a connection to a sandbox needs. */
export interface SandboxFacts {
  readonly vendor: string;
  readonly credentials: object;
  readonly settings: { readonly baseUrl: string };
}
interface Sync {
  readonly status: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly resources: Readonly<Record<string, { readonly seen: number }>>;
  readonly errors: readonly unknown[];
}
/** What a sync of all connections took. */
export interface SyncFigures {
  readonly records: number;
  readonly seconds: number;
  readonly byVendor: Readonly<Record<string, { readonly records: number; readonly seconds: number }>>;
}

const OPERATOR = 'bench-operator-key-of-enough-length';
const NO_LIMIT = 1_000_000;
const LONG_WINDOW = { pastDays: 3650, futureDays: 3650 };

const call = async <T>(
  url: string,
  key: string,
  [method, path, body]: [string, string, unknown?],
): Promise<T> => {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const response = await fetch(url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${await response.text()}`);
  return (await response.json()) as T;
};

/** Starts the gateway on a database; the vendors at `hosts` may be called. */
export async function startGateway(
  databaseUrl: string,
  hosts: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<BenchGateway> {
  const gateway = start(['dist/main.js'], {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    ADMIN_API_KEY: OPERATOR,
    ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    VENDOR_HOST_ALLOWLIST: hosts.join(','),
    RATE_LIMIT_PER_MINUTE: '1000000000',
    LOG_LEVEL: 'info',
    ...env,
  });
  const url = await gateway.line((line) => /"url":"([^"]+)".*"msg":"ready"/.exec(line)?.[1]);
  const slug = `bench-${randomBytes(4).toString('hex')}`;
  const tenant = await call<{ id: string }>(url, OPERATOR, ['POST', '/v1/tenants', { name: 'Bench', slug }]);
  const scopes = ['read', 'write', 'manage'];
  const { key } = await call<{ key: string }>(url, OPERATOR, [
    'POST',
    `/v1/tenants/${tenant.id}/api-keys`,
    { name: 'bench', scopes },
  ]);
  return { process: gateway, url, key, tenantId: tenant.id, call: (...request) => call(url, key, request) };
}

/** Connects every sandbox and syncs all of them at once. */
export async function syncAll(
  gateway: BenchGateway,
  sandboxes: readonly SandboxFacts[],
): Promise<SyncFigures> {
  const ids = new Map<string, string>();
  for (const { vendor, credentials, settings } of sandboxes) {
    const rateLimit = { requestsPerMinute: NO_LIMIT };
    const connection = await gateway.call<{ id: string }>('POST', '/v1/connections', {
      vendor,
      name: vendor,
      credentials,
      settings: {
        ...settings,
        rateLimit,
        window: LONG_WINDOW,
        sync: { enabled: false, intervalSeconds: 300 },
      },
    });
    ids.set(vendor, connection.id);
  }
  for (const id of ids.values()) await gateway.call('POST', `/v1/connections/${id}/syncs`, { mode: 'full' });
  const syncs = new Map<string, Sync>();
  while (syncs.size < ids.size) {
    await pause(200);
    for (const [vendor, id] of ids) {
      const [sync] = (await gateway.call<{ data: Sync[] }>('GET', `/v1/connections/${id}/syncs?limit=1`))
        .data;
      if (sync && !['queued', 'running'].includes(sync.status)) syncs.set(vendor, sync);
    }
  }
  return figures(syncs);
}

function figures(syncs: ReadonlyMap<string, Sync>): SyncFigures {
  const all = [...syncs.values()];
  const failed = all.find(({ status }) => status !== 'succeeded');
  if (failed) throw new Error(`a sync did not succeed: ${JSON.stringify(failed.errors)}`);
  const seen = (sync: Sync): number =>
    Object.values(sync.resources).reduce((sum, counts) => sum + counts.seen, 0);
  const seconds = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;
  const first = all.map(({ startedAt }) => startedAt).sort()[0] ?? '';
  const last =
    all
      .map(({ finishedAt }) => finishedAt)
      .sort()
      .at(-1) ?? '';
  return {
    records: all.reduce((sum, sync) => sum + seen(sync), 0),
    seconds: seconds(first, last),
    byVendor: Object.fromEntries(
      [...syncs].map(([vendor, sync]) => [
        vendor,
        { records: seen(sync), seconds: seconds(sync.startedAt, sync.finishedAt) },
      ]),
    ),
  };
}

/** Starts sandboxes that hold so many records between them. */
export async function startSandboxes(
  clients: number,
  appointments: number,
): Promise<{ process: Measured; facts: SandboxFacts[]; hosts: string[] }> {
  const vendors = 4;
  const size = [Math.ceil(clients / vendors), Math.ceil(appointments / vendors)].map(String);
  const sandboxes = start(['--require', './test/support/typescript.cjs', 'test/bench/sandboxes.ts', ...size]);
  const facts: SandboxFacts[] = [];
  await sandboxes.line((line) => {
    if (line.startsWith('{')) facts.push(JSON.parse(line) as SandboxFacts);
    return line === 'ready' ? true : undefined;
  });
  return { process: sandboxes, facts, hosts: facts.map(({ settings }) => new URL(settings.baseUrl).host) };
}
