import { execFile } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { programOptions } from './embedded-binaries';
import type { Place } from './embedded-place';
import { isAlive } from './embedded-server';

const run = promisify(execFile);

/** The role that the gateway works as, and the name of its database. */
export const GATEWAY = 'gateway';

const PREPARING = 7_310_021;

/** The role's password follows from the superuser's, so that one secret is kept, and knowing it does not give the other. */
export function gatewayPassword(superuserPassword: string): string {
  return createHmac('sha256', superuserPassword).update(GATEWAY).digest('base64url');
}

const exists = (dataDir: string): boolean => existsSync(join(dataDir, 'PG_VERSION'));

/** The superuser's password, kept beside the data. It is linked into place whole: of two first starts, both use one. */
export function superuserPassword({ dataDir, user }: Place): string {
  const file = `${dataDir}.password`;
  if (!existsSync(file)) {
    if (exists(dataDir))
      throw new Error(`${file} is missing: put it back, or remove ${dataDir} to start empty`);
    const draft = `${file}.${randomUUID()}`;
    try {
      writeFileSync(draft, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
      if (user) chownSync(draft, user.uid, user.gid);
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  return readFileSync(file, 'utf8').trim();
}

/** A first start that was killed leaves half a cluster behind. A draft's name says whose it is. */
function removeAbandonedDrafts(dataDir: string): void {
  const prefix = `${basename(dataDir)}.draft-`;
  for (const name of readdirSync(dirname(dataDir)).filter((entry) => entry.startsWith(prefix))) {
    const maker = Number(name.slice(prefix.length).split('-')[0]);
    if (!isAlive(maker)) rmSync(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}

/** The cluster's own settings. C.UTF-8 sorts by code point, the same everywhere, but knows the case of every letter. */
const CLUSTER = [
  ...['-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8'],
  ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
];

/**
 * Makes the cluster where there is none. It is made beside its place and renamed into it, so that a kill leaves no half
 * of one, and two starts at once end with the same.
 */
export async function makeCluster(
  { dataDir, user }: Place,
  binaries: string,
  durable: boolean,
): Promise<void> {
  if (exists(dataDir)) return;
  removeAbandonedDrafts(dataDir);
  const draft = `${dataDir}.draft-${String(process.pid)}-${randomUUID()}`;
  const args = ['-D', draft, ...CLUSTER, `--pwfile=${dataDir}.password`, ...(durable ? [] : ['--no-sync'])];
  try {
    mkdirSync(draft, { mode: 0o700 });
    if (user) chownSync(draft, user.uid, user.gid);
    await run(join(binaries, 'initdb'), args, programOptions(user));
    renameSync(draft, dataDir);
  } catch (error) {
    const { message } = error as Error;
    if (!exists(dataDir))
      throw new Error(`PostgreSQL cannot make a database in ${dataDir}: ${message}`, { cause: error });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Asks one question of a server on one connection. */
export async function withClient<T>(url: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A server that stops meanwhile fails the query; without a listener it would end the process as well.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

/** Makes the gateway's role, which row-level security binds, and the database that it owns. */
export async function makeGatewayRole(adminUrl: string, password: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [PREPARING]);
    const role = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [GATEWAY]);
    const verb = role.rowCount === 0 ? 'CREATE' : 'ALTER';
    const rights = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
    await client.query(`${verb} ROLE ${GATEWAY} ${rights} PASSWORD ${client.escapeLiteral(password)}`);
    const database = await client.query('SELECT FROM pg_database WHERE datname = $1', [GATEWAY]);
    if (database.rowCount === 0) {
      await client.query(`CREATE DATABASE ${GATEWAY} OWNER ${GATEWAY} ENCODING 'UTF8' TEMPLATE template0`);
    }
  });
}
