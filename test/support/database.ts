import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';

/** A migrated, empty database of a test's own. */
export interface FreshDatabase {
  /** As the role `gateway`, which owns it and which row-level security binds. */
  readonly url: string;
  /** As the superuser, who sees every row: for looking behind the service's back. */
  readonly adminUrl: string;
  drop(): Promise<void>;
}

/** What the global set-up tells the specs, which run in other processes. */
export const SHARED = {
  adminUrl: 'TEST_PG_ADMIN_URL',
  url: 'TEST_PG_URL',
  template: 'TEST_PG_TEMPLATE',
  problem: 'TEST_PG_PROBLEM',
} as const;

const MIGRATE = join(__dirname, '../../dist/platform/database/migrate.js');
const BUSY = '55006';
const PATIENCE_MS = 10_000;

/** The same server and role, another database. */
export function withDatabase(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

function shared(name: keyof typeof SHARED): string {
  const value = process.env[SHARED[name]];
  if (!value) throw new Error(`${SHARED[name]} is not set: jest's global set-up did not run`);
  return value;
}

async function asAdmin(adminUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Makes the database that the others are copies of, by the migrations of the build: jest's own files cannot run them. */
export async function makeTemplate(adminUrl: string, gatewayUrl: string, name: string): Promise<void> {
  if (!existsSync(MIGRATE)) throw new Error('There is no build to test: run npm run build first');
  await asAdmin(adminUrl, `CREATE DATABASE ${name} OWNER gateway`);
  const { migrate } = (await import(MIGRATE)) as { migrate: (url: string) => Promise<void> };
  await migrate(withDatabase(gatewayUrl, name));
  // A single connection to a template would hold up every copy.
  await asAdmin(adminUrl, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
}

async function copyTemplate(adminUrl: string, template: string, name: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await asAdmin(
        adminUrl,
        `CREATE DATABASE ${name} TEMPLATE ${template} OWNER gateway STRATEGY file_copy`,
      );
      return;
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === BUSY) || performance.now() > until) throw error;
      await sleep(50);
    }
  }
}

/** A copy of the migrated template, in some 30 ms. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const problem = process.env[SHARED.problem];
  if (problem) throw new Error(problem);
  const adminUrl = shared('adminUrl');
  const name = `test_${process.env['JEST_WORKER_ID'] ?? '0'}_${randomBytes(6).toString('hex')}`;
  await copyTemplate(adminUrl, shared('template'), name);
  return {
    url: withDatabase(shared('url'), name),
    adminUrl: withDatabase(adminUrl, name),
    drop: () => asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}
