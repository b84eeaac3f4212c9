import { Client } from 'pg';
import type { BenchGateway } from './gateway';
import { start, type Measured } from './process';

interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuUs: number;
}
interface Load {
  (options: {
    url: string;
    connections: number;
    duration: number;
    headers?: Record<string, string>;
  }): Promise<{
    requests: { average: number; total: number };
    latency: { p50: number; p99: number };
    non2xx: number;
    errors: number;
  }>;
}
// eslint-disable-next-line @typescript-eslint/no-require-imports -- it comes without types
const autocannon = require('autocannon') as Load;

const CONNECTIONS = 50;
const WARM_SECONDS = 3;
const SECONDS = 10;
const ROUNDS = 3;

/** A plain table as another server would have it: one typed column for each field. */
const PLAIN_TABLE = `
  create table if not exists bench_appointments as
  select t.tenant_id, t.id, t.connection_id, t.vendor, d->>'remoteId' as remote_id, t.external_id, t.status,
    d->>'remoteStatus' as remote_status, t.sort_start, t.sort_start as start, t.end_at as "end", d->>'title' as title,
    d->>'description' as description, d->>'notes' as notes, d->>'clientMessage' as client_message, d->>'modality' as modality,
    d->>'videoUrl' as video_url, t.practitioner_id, d->'practitionerIds' as practitioner_ids, t.client_id, d->'attendees' as attendees,
    t.service_id, t.location_id, (d->>'arrivedAt')::timestamptz as arrived_at, d->'cancellation' as cancellation,
    d->>'color' as color, d->>'timeZone' as time_zone, (d->>'createdAt')::timestamptz as created_at,
    (d->>'updatedAt')::timestamptz as updated_at, t.changed_at, t.deleted_at, t.version
  from (select *, doc::jsonb as d from appointments) t`;

async function prepare(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(PLAIN_TABLE);
  await client.query(
    'create index if not exists bench_appointments_by_start on bench_appointments (tenant_id, sort_start, id)',
  );
  await client.query('vacuum analyze');
  await client.end();
}

async function round(url: string, server: Measured, headers: Record<string, string> = {}): Promise<Round> {
  await autocannon({ url, headers, connections: CONNECTIONS, duration: WARM_SECONDS });
  const before = server.cpuMs();
  const { requests, latency, non2xx, errors } = await autocannon({
    url,
    headers,
    connections: CONNECTIONS,
    duration: SECONDS,
  });
  if (non2xx + errors > 0) throw new Error(`${url}: ${String(non2xx)} refusals, ${String(errors)} errors`);
  return {
    perSecond: requests.average,
    p50: latency.p50,
    p99: latency.p99,
    cpuUs: ((server.cpuMs() - before) * 1000) / requests.total,
  };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** The middle of the rounds, figure by figure. */
const middle = (rounds: readonly Round[]): Round => ({
  perSecond: median(rounds.map(({ perSecond }) => perSecond)),
  p50: median(rounds.map(({ p50 }) => p50)),
  p99: median(rounds.map(({ p99 }) => p99)),
  cpuUs: median(rounds.map(({ cpuUs }) => cpuUs)),
});

/** Pages of 25 appointments from the gateway and from a bare server, in turns, in the same run. */
export async function benchReads(gateway: BenchGateway, adminUrl: string): Promise<void> {
  await prepare(adminUrl);
  const bare = start([
    '--require',
    './test/support/typescript.cjs',
    'test/bench/bare.ts',
    adminUrl,
    gateway.tenantId,
  ]);
  const bareUrl = await bare.line((line) => (line.startsWith('http') ? line : undefined));
  const headers = { authorization: `Bearer ${gateway.key}` };
  const include = '?include=client,practitioner,service,location';
  const pairs = [
    { name: 'page of 25', ours: '/v1/appointments', theirs: ['/columns', '/documents'] },
    { name: 'page of 25, four includes', ours: `/v1/appointments${include}`, theirs: ['/columns-included'] },
  ];
  for (const { name, ours, theirs } of pairs) {
    const all = new Map<string, Round[]>();
    for (let i = 0; i < ROUNDS; i += 1) {
      for (const path of theirs) all.set(path, [...(all.get(path) ?? []), await round(bareUrl + path, bare)]);
      all.set('gateway', [
        ...(all.get('gateway') ?? []),
        await round(gateway.url + ours, gateway.process, headers),
      ]);
    }
    report(name, new Map([...all].map(([path, rounds]) => [path, middle(rounds)])));
  }
  await bare.stop();
}

function report(name: string, figures: ReadonlyMap<string, Round>): void {
  const ours = figures.get('gateway');
  console.log(
    `\n${name} (${String(CONNECTIONS)} connections, median of ${String(ROUNDS)} rounds of ${String(SECONDS)} s)`,
  );
  for (const [path, { perSecond, p50, p99, cpuUs }] of figures) {
    const ratio =
      ours && path !== 'gateway'
        ? `   gateway/bare: ${(ours.perSecond / perSecond).toFixed(2)} requests, ${(ours.cpuUs / cpuUs).toFixed(2)} CPU`
        : '';
    console.log(
      `  ${path.padEnd(18)} ${perSecond.toFixed(0).padStart(6)} req/s  p50 ${String(p50)} ms  p99 ${String(p99)} ms  ${cpuUs.toFixed(0)} us CPU/request${ratio}`,
    );
  }
}
