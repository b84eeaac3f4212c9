import { randomBytes } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import type { Scope } from '../../src/platform/scopes';
import { SCOPES } from '../../src/platform/scopes';
import { callAs, type Call, type ListOf, type ShownSync } from './calls';
import { freshDatabase, type FreshDatabase } from './database';
import { addressOf, ends, launch, SERVICE, type Running } from './process';
import { leaksIn, secretsOf } from './secrets';
import { until } from './until';

const SYNC_MS = 40_000;
/** A test may ask as fast as it likes. */
const UNHURRIED = { rateLimit: { requestsPerMinute: 600_000 } };

/** What a connection needs; a sandbox is one. */
export interface Account {
  readonly vendor: string;
  readonly baseUrl: string;
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, unknown>>;
}
/** A tenant with a key that may do everything. */
export interface TestTenant {
  readonly id: string;
  readonly call: Call;
  /** Makes a key; all scopes if none are named. */
  key(scopes?: readonly Scope[]): Promise<string>;
  /** Connects to an account; no sync runs unless somebody asks for one. */
  connect(account: Account, settings?: object): Promise<string>;
  /** Runs a sync to its end. */
  sync(connectionId: string, request?: object): Promise<ShownSync>;
  /** Every record of a list, page by page. */
  all<T>(path: string): Promise<T[]>;
}
/** The service as it is shipped, in a process of its own, on a database of its own. */
export interface Gateway {
  readonly url: string;
  readonly database: FreshDatabase;
  readonly operatorKey: string;
  readonly operator: Call;
  /** Every line that the process wrote, standard error too. */
  readonly log: readonly string[];
  readonly pid: number;
  as(key: string | null): Call;
  tenant(name: string): Promise<TestTenant>;
  /** Looks behind the service's back, as the superuser. */
  rows<Row extends QueryResultRow>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Ends the process; its exit code, null where the signal killed it. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** Starts it again on the same database, from then on with these changes to its environment. */
  restart(changes?: NodeJS.ProcessEnv): Promise<void>;
  /** Ends it all; throws where the log names a key, a password or an account's credentials. */
  stop(): Promise<void>;
}

/** `host:port` of the sandboxes, as the operator allows them. */
const hostsOf = (accounts: readonly Account[]): string =>
  [...new Set(accounts.map(({ baseUrl }) => new URL(baseUrl).host))].join(',');

async function end(running: Running, signal: NodeJS.Signals): Promise<number | null> {
  running.kill(signal);
  return (await ends(running)).code;
}

/** Starts the service for `accounts`, whose hosts are allowed. Its environment holds nothing but what is said here. */
export async function startGateway(
  accounts: readonly Account[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Gateway> {
  const database = await freshDatabase();
  const operatorKey = `operator_${randomBytes(18).toString('base64url')}`;
  const log: string[] = [];
  const environment = {
    PORT: '0',
    LOG_LEVEL: 'info',
    DATABASE_URL: database.url,
    ADMIN_API_KEY: operatorKey,
    ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
    VENDOR_HOST_ALLOWLIST: hostsOf(accounts),
    RATE_LIMIT_PER_MINUTE: '1000000',
    ...env,
  };
  const secrets = secretsOf(environment);
  for (const account of accounts) keep(secrets, account);
  let running: Running;
  let url: string;
  const start = async (): Promise<void> => {
    running = launch({ script: SERVICE, env: environment, hears: (line) => log.push(line) });
    url = await addressOf(running);
  };
  await start();
  const admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  const as = (key: string | null): Call => callAs(() => url, key);
  const operator = as(operatorKey);
  return {
    get url() {
      return url;
    },
    database,
    operatorKey,
    operator,
    log,
    get pid() {
      return running.pid;
    },
    as,
    tenant: (name) => makeTenant(name, { operator, log, as, secrets }),
    rows: async <Row extends QueryResultRow>(statement: string, values: readonly unknown[] = []) =>
      (await admin.query<Row>(statement, [...values])).rows,
    kill: (signal) => end(running, signal),
    restart: async (changes = {}) => {
      Object.assign(environment, changes);
      await start();
    },
    stop: async () => {
      await end(running, 'SIGTERM');
      await admin.end();
      await database.drop();
      const leaks = leaksIn(log.join('\n'), secrets);
      if (leaks.length > 0) throw new Error(`the log holds ${leaks.join(', ')}`);
    },
  };
}

const isError = (line: string): boolean => line.includes('"level":"error"');

interface Caller {
  readonly operator: Call;
  readonly log: readonly string[];
  readonly as: (key: string | null) => Call;
  readonly secrets: Map<string, string>;
}

/** Shorter ones stand in other words by chance. */
const SHORTEST = 8;

function keep(secrets: Map<string, string>, { vendor, credentials }: Account): void {
  for (const [name, value] of Object.entries(credentials))
    if (typeof value === 'string' && value.length >= SHORTEST)
      secrets.set(`${vendor} ${name} ${value}`, value);
}

async function makeTenant(name: string, { operator, log, as, secrets }: Caller): Promise<TestTenant> {
  const slug = `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${randomBytes(3).toString('hex')}`;
  const { id } = (await operator<{ id: string }>('POST', '/v1/tenants', { body: { name, slug } })).need(201);
  const key = async (scopes: readonly Scope[] = SCOPES): Promise<string> => {
    const body = { name: scopes.join(' and '), scopes };
    const made = await operator<{ key: string }>('POST', `/v1/tenants/${id}/api-keys`, { body });
    const { key: text } = made.need(201);
    secrets.set(`an API key of ${name}, ${text}`, text);
    return text;
  };
  const call = as(await key());
  return {
    id,
    call,
    key,
    connect: async ({ vendor, credentials, settings, baseUrl }, changed = {}) => {
      keep(secrets, { vendor, credentials, settings, baseUrl });
      const own = { ...settings, ...UNHURRIED, sync: { enabled: false, intervalSeconds: 300 }, ...changed };
      const body = { vendor, name: `${name}, ${vendor}`, credentials, settings: own };
      return (await call<{ id: string }>('POST', '/v1/connections', { body })).need(201).id;
    },
    sync: (connectionId, request = { mode: 'full' }) =>
      runSync(call, connectionId, request).catch((error: unknown) => {
        throw new Error([String(error), ...log.filter(isError)].join('\n'));
      }),
    all: (path) => allOf(call, path),
  };
}

/** Asks for a sync, and waits until it is over. */
async function runSync(call: Call, connectionId: string, request: object): Promise<ShownSync> {
  const path = `/v1/connections/${connectionId}/syncs`;
  const { id } = (await call<ShownSync>('POST', path, { body: request })).need(202);
  return finished(call, connectionId, id);
}

/** The sync once it is over. */
export const finished = (call: Call, connectionId: string, syncId: string): Promise<ShownSync> =>
  until(
    async () => (await call<ShownSync>('GET', `/v1/connections/${connectionId}/syncs/${syncId}`)).need(200),
    ({ status }) => !['queued', 'running'].includes(status),
    SYNC_MS,
  );

/** Every record of a list, by its cursors. */
export async function allOf<T>(call: Call, path: string): Promise<T[]> {
  const found: T[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const at: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const joined = `${path}${path.includes('?') ? '&' : '?'}${path.includes('limit=') ? '' : 'limit=200'}${at}`;
    const { data, page } = (await call<ListOf<T>>('GET', joined)).need(200);
    found.push(...data);
    cursor = page.nextCursor;
  }
  return found;
}
