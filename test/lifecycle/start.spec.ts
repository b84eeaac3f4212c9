import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mayEnter, type ServerUser } from '../../src/platform/database/embedded-place';
import { isAlive, isRunning, stopServer } from '../../src/platform/database/embedded-server';
import { VENDORS } from '../../src/vendors/registry';
import { FOLDERS } from '../contract/vendors';
import { PHONES } from '../support/bookings';
import {
  ends,
  eventually,
  killLeftovers,
  launch,
  ROOT,
  says,
  SERVICE,
  stop,
  type Running,
} from '../support/process';
import { call } from './gateway';

const DEMO = join(ROOT, 'dist/demo/main.js');
const START_MS = 90_000;
/** Root lends PostgreSQL another account; an ordinary user is served by its own. Both ways are tried where we are root. */
const nobody: ServerUser | null =
  process.getuid?.() === 0
    ? {
        uid: Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' })),
        gid: Number(execFileSync('id', ['-g', 'nobody'], { encoding: 'utf8' })),
      }
    : null;
const whyNotNobody = !nobody
  ? 'this run is an ordinary user already'
  : [ROOT, join(ROOT, 'node_modules'), dirname(realpathSync(process.execPath))].every((path) =>
        mayEnter(path, nobody),
      )
    ? null
    : 'the account nobody may not read this checkout';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-start-')));
chmodSync(home, 0o711);

/** An empty directory to start in: the data go to `.data` there. */
function place(name: string, owner: ServerUser | null = null): string {
  const directory = join(home, name);
  mkdirSync(directory, { mode: 0o755 });
  if (owner) chownSync(directory, owner.uid, owner.gid);
  return directory;
}
const dataOf = (directory: string): string => join(directory, '.data/postgres');
const postgresPid = (directory: string): number =>
  Number(readFileSync(join(dataOf(directory), 'postmaster.pid'), 'utf8').split('\n')[0]);
const start = (cwd: string, as: ServerUser | null = null, env: Record<string, string> = {}): Running =>
  launch({ script: DEMO, cwd, as, env: { PORT: '0', ...env } });

interface Said {
  readonly url: string;
  readonly key: string;
  readonly curl: string;
  readonly seconds: number;
}

/** What a person reads once everything is up. */
async function readyOf(demo: Running): Promise<Said> {
  await says(demo, /curl .*\n/);
  const out = demo.stdout();
  const one = (pattern: RegExp): string => {
    const found = [...out.matchAll(pattern)];
    if (found.length !== 1)
      throw new Error(`${String(pattern)} is ${String(found.length)} times in:\n${out}`);
    return found[0]![1]!;
  };
  return {
    url: one(/Swagger UI\s+(http:\S+)\/docs\n/g),
    key: one(/Demo API key\s+(\S+)\n/g),
    curl: one(/^\s*(curl .*)$/gm),
    seconds: Number(one(/Ready in ([\d.]+) s/g)),
  };
}

const runCurl = (line: string): { data: { id: string }[] } =>
  JSON.parse(execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' })) as { data: { id: string }[] };

/** The vendors of all appointments, read page by page. */
async function vendorsSeen({ url, key }: Said): Promise<string[]> {
  const seen = new Set<string>();
  let next: string | null = `${url}/v1/appointments?limit=200`;
  while (next !== null) {
    const { status, body } = await call(next, { key });
    expect(status).toBe(200);
    for (const { vendor } of body.data as { vendor: string }[]) seen.add(vendor);
    const cursor = body.page.nextCursor as string | null;
    next = cursor === null ? null : `${url}/v1/appointments?limit=200&cursor=${encodeURIComponent(cursor)}`;
  }
  return [...seen].sort();
}

async function connectionsOf({ url, key }: Said): Promise<string[]> {
  const { body } = await call(`${url}/v1/connections?limit=200`, { key });
  return (body.data as { id: string; tenantId?: string }[]).map(({ id }) => id).sort();
}

/** Makes a client at every vendor where that takes no setting; gives the names that these have for them. */
async function newClients({ url, key }: Said): Promise<string[]> {
  const { body } = await call(`${url}/v1/connections?limit=200`, { key });
  const able = (body.data as { id: string; vendor: string }[]).filter(
    ({ vendor }) => VENDORS.get(vendor)!.capabilities.clients?.onlyWith?.['create'] === undefined,
  );
  return Promise.all(
    able.map(async ({ id: connectionId, vendor }) => {
      const locations = await call(`${url}/v1/locations?connectionId=${connectionId}`, { key });
      const { capabilities } = VENDORS.get(vendor)!;
      const belongs = capabilities.clients?.writableFields.includes('locationId');
      const made = await call(`${url}/v1/clients`, {
        method: 'POST',
        key,
        body: {
          connectionId,
          firstName: 'Ada',
          lastName: 'Byron',
          phone: PHONES[vendor],
          email: `ada.${vendor}@example.com`,
          ...(belongs ? { locationId: locations.body.data[0].id } : {}),
        },
      });
      expect([vendor, made.status]).toEqual([vendor, 201]);
      return `${vendor} ${String(made.body.remoteId)}`;
    }),
  );
}

async function expectNothingLeft(demo: Running, postgres: number): Promise<void> {
  expect(await stop(demo)).toEqual({ code: 0, signal: null });
  await eventually('PostgreSQL is gone', () => !isAlive(postgres), { withinMs: 2000 });
}

afterAll(async () => {
  killLeftovers();
  for (const name of ['first', 'ordinary', 'hasty', 'busy']) {
    if (existsSync(dataOf(join(home, name)))) await stopServer(dataOf(join(home, name)));
  }
  rmSync(home, { recursive: true, force: true });
});

describe('npm start', () => {
  const directory = place('first');
  let demo: Running;
  let neighbour: Running | undefined;
  let first: Said;
  let connections: string[];
  let clients: string[];

  it(
    'from nothing: an address, a key, and a curl line that answers appointments',
    async () => {
      // Both at once, as on a machine that people share: neither may stumble over the other's ports.
      demo = start(directory);
      if (whyNotNobody === null) neighbour = start(place('ordinary', nobody), nobody);
      first = await readyOf(demo);

      expect(runCurl(first.curl).data.length).toBeGreaterThan(0);
      expect((await call(`${first.url}/docs`)).text).toContain('swagger-ui');
      expect(demo.stderr()).toBe('');
    },
    START_MS,
  );

  (whyNotNobody === null ? it : it.skip)(
    `as an ordinary user, at the same time${whyNotNobody === null ? '' : ` (SKIPPED: ${whyNotNobody})`}`,
    async () => {
      const said = await readyOf(neighbour!);
      expect(runCurl(said.curl).data.length).toBeGreaterThan(0);
      expect(await connectionsOf(said)).toHaveLength(FOLDERS.length);
      await expectNothingLeft(neighbour!, postgresPid(join(home, 'ordinary')));
    },
    START_MS,
  );

  it('every vendor that there is has appointments, and one connection', async () => {
    expect(await vendorsSeen(first)).toEqual([...FOLDERS].sort());
    connections = await connectionsOf(first);
    expect(connections).toHaveLength(FOLDERS.length);
  });

  it('SIGTERM ends it with 0, and its PostgreSQL too', async () => {
    await expectNothingLeft(demo, postgresPid(directory));
  }, 20_000);

  it(
    'a second start is quicker, with the same key, tenant and connections',
    async () => {
      demo = start(directory);
      const second = await readyOf(demo);

      expect(second.key).toBe(first.key);
      expect(await connectionsOf(second)).toEqual(connections);
      expect(runCurl(second.curl).data.length).toBeGreaterThan(0);
      expect(second.seconds).toBeLessThan(first.seconds);
      clients = await newClients(second);
    },
    START_MS,
  );

  it(
    'after kill -9 the next start takes over the PostgreSQL that was left behind, and all data',
    async () => {
      const orphan = postgresPid(directory);
      demo.kill('SIGKILL');
      await ends(demo);
      expect(isRunning(dataOf(directory))).toBe(true);

      demo = start(directory);
      const third = await readyOf(demo);
      expect(postgresPid(directory)).toBe(orphan);
      expect(third.key).toBe(first.key);
      expect(await connectionsOf(third)).toEqual(connections);
      expect(runCurl(third.curl).data.length).toBeGreaterThan(0);
      // The vendors were started anew, and the database knows what they had made before.
      const names = [...clients, ...(await newClients(third))];
      expect(clients.length).toBeGreaterThan(0);
      expect(new Set(names).size).toBe(2 * clients.length);
      await expectNothingLeft(demo, orphan);
    },
    START_MS,
  );
});

describe('npm start that does not get there', () => {
  it(
    'SIGTERM while it still prepares ends it, and its PostgreSQL too',
    async () => {
      const directory = place('hasty');
      const demo = start(directory);
      await says(demo, /gateway …\n/);
      const postgres = postgresPid(directory);
      await stop(demo);
      await eventually('PostgreSQL is gone', () => !isAlive(postgres), { withinMs: 5000 });
      expect(demo.stderr()).toBe('');
    },
    START_MS,
  );

  it.each([
    ['npm start', DEMO],
    ['the service alone', SERVICE],
  ])(
    'a port that is taken ends %s with one line that names it, and leaves no PostgreSQL behind',
    async (_who, script) => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const port = String((taken.address() as AddressInfo).port);
      const directory = join(home, 'busy');
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      try {
        const running = launch({ script, cwd: directory, env: { PORT: port } });
        const { code } = await ends(running);
        expect(code).toBeGreaterThan(0);
        expect(isRunning(dataOf(directory))).toBe(false);
        expect(running.stderr()).toMatch(new RegExp(`^.*${port}.*\n$`));
      } finally {
        taken.close();
      }
    },
    START_MS,
  );
});
