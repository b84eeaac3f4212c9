import { Agent } from 'node:http';
import axios, { type AxiosRequestConfig } from 'axios';
import type { BenchGateway, SandboxFacts } from './gateway';

/**
 * The vendor whose requests can be written down here: a booking is its list of statuses and one POST, a reading one GET.
 * It is sent what its adapter sends, by axios with nothing around it.
 */
const VENDOR = 'penga';
const STATUSES = '/appointmentstatuses/perpage/10?page=1';
const ROUNDS = 5;
const REQUESTS = 300;
const WARM_UP = 100;
const IN_PARALLEL = [1, 10];
const DAY_MS = 86_400_000;
const LENGTH_S = 1800;

/** One request from its start to its end, whatever it takes. */
type Deed = () => Promise<void>;
interface Latency {
  readonly p50: number;
  readonly p99: number;
}
interface Booked {
  readonly id: string;
  readonly remoteId: string;
  readonly practitionerId: string | null;
  readonly clientId: string | null;
  readonly serviceId: string | null;
}

const client = axios.create({
  httpAgent: new Agent({ keepAlive: true }),
  proxy: false,
  transformResponse: (body: unknown) => body,
});
/** Sends a request; any answer but a success ends the run. The text is not parsed: that is the same work on both sides. */
const send = async (config: AxiosRequestConfig): Promise<string> =>
  (await client.request<string>(config)).data;

/** Half hours that no two requests of a run share, in seconds. */
function startTimes(): () => number {
  let next = Math.floor((Date.now() + DAY_MS) / 1000 / LENGTH_S) * LENGTH_S;
  return () => (next += LENGTH_S);
}
const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Booking and reading through the gateway. */
async function throughGateway(
  gateway: BenchGateway,
  time: () => number,
): Promise<{ book: Deed; read: Deed; model: Booked }> {
  const { data } = await gateway.call<{ data: Booked[] }>(
    'GET',
    `/v1/appointments?vendor=${VENDOR}&status=booked`,
  );
  const model = data.find((one) => one.practitionerId && one.clientId && one.serviceId);
  if (!model) throw new Error('nobody is booked here');
  const { data: connections } = await gateway.call<{ data: { id: string; vendor: string }[] }>(
    'GET',
    '/v1/connections',
  );
  const connectionId = connections.find(({ vendor }) => vendor === VENDOR)?.id;
  const { practitionerId, clientId, serviceId } = model;
  const headers = { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' };
  let keys = 0;
  const book = async (): Promise<void> => {
    const start = time();
    const [from, to] = [instant(start), instant(start + LENGTH_S)];
    const data = { connectionId, start: from, end: to, practitionerId, clientId, serviceId };
    const once = { ...headers, 'idempotency-key': `bench ${String(process.pid)} ${String((keys += 1))}` };
    await send({
      method: 'POST',
      url: `${gateway.url}/v1/appointments`,
      headers: once,
      data: JSON.stringify(data),
    });
  };
  const fresh = { authorization: headers.authorization, 'cache-control': 'no-cache' };
  const read = async (): Promise<void> => {
    await send({ method: 'GET', url: `${gateway.url}/v1/appointments/${model.id}`, headers: fresh });
  };
  return { book, read, model };
}

/** The same straight from the vendor: the requests that the adapter sent for a booking, with other times. */
async function straight(
  { settings: { baseUrl }, credentials }: SandboxFacts,
  model: Booked,
  time: () => number,
): Promise<{ book: Deed; read: Deed }> {
  const json = { accept: 'application/json', 'content-type': 'application/json' };
  const login = { method: 'POST', url: `${baseUrl}/auth/login`, headers: json };
  const { token } = JSON.parse(await send({ ...login, data: JSON.stringify(credentials) })) as {
    token: string;
  };
  const headers = { ...json, authorization: `Bearer ${token}` };
  const ledger = JSON.parse(await send({ url: `${baseUrl}/_sandbox/ledger` })) as { body: object }[];
  const sent = ledger.at(-1)?.body;
  const book = async (): Promise<void> => {
    await send({ method: 'GET', url: baseUrl + STATUSES, headers });
    const start = time();
    const data = { ...sent, start_time: String(start), end_time: String(start + LENGTH_S) };
    await send({ method: 'POST', url: `${baseUrl}/appointments`, headers, data: JSON.stringify(data) });
  };
  const read = async (): Promise<void> => {
    await send({ method: 'GET', url: `${baseUrl}/appointments/${model.remoteId}`, headers });
  };
  return { book, read };
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN;

/** So many deeds, some of them at the same time. */
async function round(deed: Deed, count: number, inParallel: number): Promise<Latency> {
  const took: number[] = [];
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started++ < count) {
      const from = performance.now();
      await deed();
      took.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: inParallel }, lane));
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) };
}

/** The middle of the rounds, figure by figure. */
const middle = (rounds: readonly Latency[]): Latency => ({
  p50: quantile(
    rounds.map(({ p50 }) => p50),
    0.5,
  ),
  p99: quantile(
    rounds.map(({ p99 }) => p99),
    0.5,
  ),
});

/** What the gateway adds to the vendor's own time, for a booking under a key and a reading past the mirror; in turns. */
export async function benchWrites(gateway: BenchGateway, sandboxes: readonly SandboxFacts[]): Promise<void> {
  const facts = sandboxes.find(({ vendor }) => vendor === VENDOR);
  if (!facts) throw new Error(`there is no sandbox of ${VENDOR}`);
  const time = startTimes();
  const ours = await throughGateway(gateway, time);
  await ours.book();
  const theirs = await straight(facts, ours.model, time);
  const deeds = [
    { name: 'booking an appointment', gateway: ours.book, vendor: theirs.book },
    { name: 'reading one with no-cache', gateway: ours.read, vendor: theirs.read },
  ];
  for (const { name, ...pair } of deeds)
    for (const inParallel of IN_PARALLEL) {
      const rounds = { gateway: [] as Latency[], vendor: [] as Latency[] };
      for (const deed of [pair.vendor, pair.gateway]) await round(deed, WARM_UP, inParallel);
      let cpuMs = 0;
      for (let i = 0; i < ROUNDS; i += 1) {
        rounds.vendor.push(await round(pair.vendor, REQUESTS, inParallel));
        const before = gateway.process.cpuMs();
        rounds.gateway.push(await round(pair.gateway, REQUESTS, inParallel));
        cpuMs += gateway.process.cpuMs() - before;
      }
      report(`${name}, ${String(inParallel)} at a time`, middle(rounds.vendor), middle(rounds.gateway));
      console.log(`  ${'gateway'.padEnd(22)} ${((cpuMs * 1000) / ROUNDS / REQUESTS).toFixed(0)} us CPU each`);
    }
}

function report(name: string, vendor: Latency, gateway: Latency): void {
  const ms = ({ p50, p99 }: Latency): string => `p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms`;
  console.log(`\n${name} (median of ${String(ROUNDS)} rounds of ${String(REQUESTS)})`);
  console.log(`  ${'the vendor by axios'.padEnd(22)} ${ms(vendor)}`);
  console.log(`  ${'through the gateway'.padEnd(22)} ${ms(gateway)}`);
  const added = { p50: gateway.p50 - vendor.p50, p99: gateway.p99 - vendor.p99 };
  console.log(`  ${'added'.padEnd(22)} ${ms(added)}`);
}
