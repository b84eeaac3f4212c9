import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from 'node:http';
import axios from 'axios';
import { Client } from 'pg';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type BenchGateway } from './gateway';

const VENDORS = ['cliniko', 'penga', 'pexip', 'progenda'];
const SMALL = { clients: 5, appointments: 10 };
const EVERYDAY = { clients: 200, appointments: 600 };
const MANY = { clients: 400, appointments: 2_000 };
const UNHURRIED = { requestsPerMinute: 1_000_000 };
const LOOK_MS = 50;
const [INTERVAL_SECONDS, CHANGES] = [10, 10];
const [CONNECTIONS, LONG_INTERVAL_SECONDS] = [1_000, 300];
const IN_FLIGHT = 8;
const EVENTS = 5_000;

interface Listed {
  readonly data: readonly { readonly resourceId: string; readonly data: { readonly lastName?: string } }[];
  readonly page: { readonly resumeCursor: string };
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Clinics in this process, so that they can be changed behind the vendors' APIs. */
const startClinics = (size: { clients: number; appointments: number }): Promise<Clinic[]> =>
  Promise.all(VENDORS.map((vendor) => startClinic(vendor, size)));

async function connect(gateway: BenchGateway, { sandbox }: Clinic, intervalSeconds: number): Promise<string> {
  const { vendor, credentials, settings } = sandbox;
  const body = {
    vendor,
    name: vendor,
    credentials,
    settings: { ...settings, rateLimit: UNHURRIED, sync: { enabled: true, intervalSeconds } },
  };
  return (await gateway.call<{ id: string }>('POST', '/v1/connections', body)).id;
}

/** Waits until every connection was read once. */
async function allRead(sql: Client, count: number): Promise<void> {
  for (;;) {
    const { rows } = await sql.query<{ n: number }>(
      "select count(distinct connection_id)::int as n from syncs where status = 'succeeded'",
    );
    if ((rows[0]?.n ?? 0) >= count) return;
    await pause(500);
  }
}

/** How long after a change at the vendor its event can be read, one change after the other at each clinic. */
async function changes(gateway: BenchGateway, clinic: Clinic): Promise<number[]> {
  const took: number[] = [];
  let { resumeCursor } = (await gateway.call<Listed>('GET', '/v1/events?from=now')).page;
  for (let i = 0; i < CHANGES; i += 1) {
    // Anywhere between two syncs, as changes come.
    await pause(Math.random() * INTERVAL_SECONDS * 1000);
    const name = `Bench-${clinic.sandbox.vendor}-${String(i)}`;
    clinic.rename(clinic.ids('clients')[i] ?? '', name);
    const at = performance.now();
    for (let isSeen = false; !isSeen;) {
      await pause(LOOK_MS);
      const { data, page } = await gateway.call<Listed>(
        'GET',
        `/v1/events?limit=200&cursor=${encodeURIComponent(resumeCursor)}`,
      );
      ({ resumeCursor } = page);
      isSeen = data.some((event) => event.data.lastName === name);
    }
    took.push(performance.now() - at);
  }
  return took;
}

/** Webhook deliveries a second to one endpoint, beside as many bare requests with as many in flight. */
async function benchWebhooks({ gateway, sql, clinics, hook }: Stage): Promise<void> {
  for (const clinic of clinics) await connect(gateway, clinic, LONG_INTERVAL_SECONDS);
  await allRead(sql, clinics.length);
  const bare = await posts(hook.url, EVENTS);
  await gateway.call('POST', '/v1/webhook-endpoints', { url: hook.url, eventTypes: ['*'] });
  const from = hook.count();
  await sql.query("select set_config('app.tenant_id', $1, false)", [gateway.tenantId]);
  const { rowCount } = await sql.query(
    `update appointments set version = version + 1, doc = jsonb_set(doc::jsonb, '{notes}', '"changed by the bench"')::json
     where tenant_id = $1 and id in (select id from appointments where tenant_id = $1 and not mentioned limit ${String(EVENTS)})`,
    [gateway.tenantId],
  );
  const count = rowCount ?? 0;
  const [cpu, at] = [gateway.process.cpuMs(), performance.now()];
  while (hook.count() - from < count) await pause(LOOK_MS);
  const ms = performance.now() - at;
  const rate = (count / ms) * 1000;
  console.log(
    `\nwebhooks to one endpoint, ${String(count)} events of as many records, ${String(IN_FLIGHT)} in flight`,
  );
  console.log(
    `  gateway ${rate.toFixed(0)}/s, ${(((gateway.process.cpuMs() - cpu) * 1000) / count).toFixed(0)} us CPU each; bare axios ${bare.toFixed(0)}/s; ratio ${(rate / bare).toFixed(2)}`,
  );
}

async function posts(url: string, count: number): Promise<number> {
  const client = axios.create({ httpAgent: new Agent({ keepAlive: true }), proxy: false });
  const at = performance.now();
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started++ < count) await client.post(url, { type: 'bench', data: { id: started } });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return (count / (performance.now() - at)) * 1000;
}

/** A database of a bench's own. */
export interface BenchDatabase {
  readonly url: string;
  readonly adminUrl: string;
  drop(): Promise<void>;
}
interface Stage {
  readonly gateway: BenchGateway;
  readonly sql: Client;
  readonly clinics: readonly Clinic[];
  readonly hook: Hook;
}

/** Somebody who takes webhooks and only counts them. */
interface Hook {
  readonly host: string;
  readonly url: string;
  count(): number;
  close(): void;
}
async function startHook(): Promise<Hook> {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      count += 1;
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return { host, url: `http://${host}/hook`, count: () => count, close: () => server.close() };
}

/** Time from a change to its event at an interval of ten seconds, at all vendors at once. */
async function benchChanges({ gateway, sql, clinics }: Stage): Promise<void> {
  for (const clinic of clinics) await connect(gateway, clinic, INTERVAL_SECONDS);
  await allRead(sql, clinics.length);
  const took = await Promise.all(clinics.map((clinic) => changes(gateway, clinic)));
  console.log(
    `\nfrom a change at the vendor to its event, read every ${String(INTERVAL_SECONDS)} s (${String(CHANGES)} changes each)`,
  );
  for (const [i, one] of took.entries())
    console.log(
      `  ${(VENDORS[i] ?? '').padEnd(10)} p50 ${seconds(quantile(one, 0.5))}  longest ${seconds(Math.max(...one))}`,
    );
  const all = took.flat();
  console.log(
    `  ${'all'.padEnd(10)} p50 ${seconds(quantile(all, 0.5))}  p95 ${seconds(quantile(all, 0.95))}`,
  );
}

/** A thousand small connections on one worker: how late their syncs begin, and what they cost. */
async function benchSchedules({ gateway, sql, clinics }: Stage): Promise<void> {
  const from = performance.now();
  for (let i = 0; i < CONNECTIONS; i += 1)
    await connect(gateway, clinics[i % clinics.length] as Clinic, LONG_INTERVAL_SECONDS);
  await allRead(sql, CONNECTIONS);
  const first = performance.now() - from;
  const cpu = gateway.process.cpuMs();
  const since = await only<{ at: Date }>(sql, 'select now() as at');
  await pause(LONG_INTERVAL_SECONDS * 1000);
  const spent = gateway.process.cpuMs() - cpu;
  const sync = await only<SyncFigures>(sql, SYNC_FIGURES, [since.at]);
  console.log(
    `\n${String(CONNECTIONS)} connections of ${String(SMALL.clients)} clients and ${String(SMALL.appointments)} appointments on one process, each read every ${String(LONG_INTERVAL_SECONDS)} s`,
  );
  console.log(`  connected, and read whole for the first time, in ${seconds(first)}`);
  console.log(
    `  ${String(sync.count)} syncs in ${String(LONG_INTERVAL_SECONDS)} s, begun ${sync.lag.toFixed(2)} s after they were due at p50, ${sync.longest.toFixed(1)} s at most; overdue at the end ${sync.overdue.toFixed(1)} s`,
  );
  console.log(
    `  ${sync.ms.toFixed(0)} ms and ${(spent / sync.count).toFixed(0)} ms CPU a sync, ${(spent / LONG_INTERVAL_SECONDS / 10).toFixed(0)} % of one core, peak ${gateway.process.peakMiB().toFixed(0)} MiB`,
  );
}

interface SyncFigures {
  readonly count: number;
  readonly lag: number;
  readonly longest: number;
  readonly overdue: number;
  readonly ms: number;
}
const SYNC_FIGURES = `
  select count(*)::int as count, coalesce(percentile_cont(0.5) within group (order by lag), 0) as lag,
    coalesce(max(lag), 0) as longest, coalesce(avg(ms), 0) as ms,
    (select coalesce(max(extract(epoch from now() - next_sync_at)), 0)::float8 from sync_schedules where next_sync_at < now()) as overdue
  from (select extract(epoch from started_at - coalesce(due_at, created_at))::float8 as lag,
      extract(epoch from finished_at - started_at)::float8 * 1000 as ms
    from syncs where coalesce(due_at, created_at) > $1 and status = 'succeeded') s`;

/** The only row of an answer. */
async function only<T>(sql: Client, statement: string, values: unknown[] = []): Promise<T> {
  return ((await sql.query(statement, values)).rows as T[])[0] as T;
}

/** Following vendors and telling of it: each part, or those that the command names, with a gateway and a database of its own. */
export async function benchFollowing(newDatabase: () => Promise<BenchDatabase>): Promise<void> {
  const parts = [
    { name: 'changes', size: EVERYDAY, run: benchChanges },
    { name: 'webhooks', size: MANY, run: benchWebhooks },
    { name: 'schedules', size: SMALL, run: benchSchedules },
  ];
  const named = parts.filter(({ name }) => process.argv.includes(name));
  for (const { size, run } of named.length > 0 ? named : parts) {
    const [database, clinics, hook] = [await newDatabase(), await startClinics(size), await startHook()];
    const hosts = clinics.map(({ sandbox }) => new URL(sandbox.baseUrl).host);
    const gateway = await startGateway(database.url, hosts, { WEBHOOK_HOST_ALLOWLIST: hook.host });
    const sql = new Client({ connectionString: database.adminUrl });
    await sql.connect();
    try {
      await run({ gateway, sql, clinics, hook });
    } finally {
      await sql.end();
      await gateway.process.stop();
      await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
      hook.close();
      await database.drop();
    }
  }
}
