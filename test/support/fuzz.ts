import { Agent } from 'node:http';
import fc from 'fast-check';
import { CASES } from '../contract/vendors';
import { openDesk } from './bookings';
import type { ListOf, ShownProblem } from './calls';
import { startClinic, type Clinic } from './clinics';
import { fire, MIB, type Hit, type Shot } from './fuzz-fire';
import { shotsAt } from './fuzz-requests';
import { Values, type Ids } from './fuzz-values';
import type { Gateway, TestTenant } from './gateway';
import { faultsOf, problemOf } from './fuzz-answers';
import { documentOf, operationsOf, type Operation } from './openapi';
import { startReplicas, stopReplicas } from './replicas';
import { subscribe } from './webhooks';

const OPERATORS = /^\/v1\/tenants/;
/** Rows that tell of the requests themselves. */
const BOOKS = /^(?:audit_|caller_|idempotency_keys)/;
/** First what makes, last what takes away. */
const TURNS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];

/** The service with every vendor's records in it, and everything that is written noted. */
export interface Range {
  readonly gateway: Gateway;
  readonly operations: readonly Operation[];
  /** Shoots at an operation: `runs` requests, each looked at; what is wrong with the first that is, null where none is. */
  shootAt(operation: Operation, runs: number): Promise<string | null>;
  /** How often each status was answered. */
  readonly seen: ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

const singular = (word: string): string => word.replace(/s$/, '');
/** What an id of a list is called elsewhere: those of `/v1/webhook-endpoints` are `endpointId` too. */
const namesOf = (path: string): string[] => {
  const last = singular(path.split('/').at(-1)!);
  return [last, last.split('-').at(-1)!].map(
    (word) => `${word.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase())}Id`,
  );
};

type Row = Readonly<Record<string, unknown>>;

/** What the lists of the document show that a path or a body can name: of one connection, so that they fit each other. */
async function idsOf(
  operations: readonly Operation[],
  call: TestTenant['call'],
  chosen = 0,
): Promise<Map<string, string[]>> {
  const ids = new Map<string, string[]>();
  const keep = (name: string, ...found: unknown[]): unknown =>
    ids.set(name, [...(ids.get(name) ?? []), ...found.filter((one) => typeof one === 'string')]);
  const names = new Set(
    operations.flatMap(({ path }) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)),
  );
  const lists = operations.filter(({ method, path }) => method === 'GET' && path.startsWith('/v1/'));
  for (const list of lists.sort((a, b) => rank(a) - rank(b))) {
    const { status, body } = await call<Partial<ListOf<Row>>>('GET', addressOf(list, ids));
    const rows = status === 200 ? (body.data ?? []) : [];
    const first = rank(list) === 0 ? chosen % Math.max(1, rows.length) : 0;
    for (const row of [...rows.slice(first), ...rows.slice(0, first)]) {
      for (const name of namesOf(list.path)) keep(name, row['id']);
      for (const name of names) keep(name, row[name]);
    }
  }
  return ids;
}
/** Connections first: the others are asked for by one. */
const rank = ({ path }: Operation): number => (path === '/v1/connections' ? 0 : 1);
/** Where a list is, of the first connection if it can be asked for by one. */
function addressOf({ path, parameters = [] }: Operation, ids: Ids): string {
  const at = path.replace(/\{(\w+)\}/g, (_all, name: string) => ids.get(name)?.[0] ?? 'none');
  const isNarrow = parameters.some(({ name }) => name === 'connectionId');
  return isNarrow ? `${at}?connectionId=${ids.get('connectionId')?.[0] ?? ''}` : at;
}

/** Notes every row that is written, by a trigger behind the service's back. */
async function watchRows(gateway: Gateway): Promise<void> {
  const rows: Gateway['rows'] = (statement) => gateway.rows(statement);
  await rows('create table public.noted (n bigint generated always as identity, what text)');
  await rows(
    `create function public.note() returns trigger language plpgsql security definer as $$
     begin insert into public.noted (what) values (tg_op || ' ' || tg_table_name); return null; end $$`,
  );
  const tables = await rows<{ name: string; table: string }>(
    `select c.relname as table, c.oid::regclass::text as name from pg_class c
     where c.relkind = 'r' and (c.relnamespace = 'public'::regnamespace or c.oid = to_regclass('pgboss.job'))
       and c.relname not in ('noted', 'migrations')`,
  );
  for (const { name, table } of tables)
    if (!BOOKS.test(table))
      await rows(
        `create trigger noting after insert or update or delete on ${name} for each row execute function public.note()`,
      );
}
const noted = async (gateway: Gateway): Promise<string[]> =>
  (
    await gateway.rows<{ what: string }>(
      'with gone as (delete from public.noted returning what) select what from gone',
    )
  ).map(({ what }) => what);

/** How many requests vendors got since this was last asked. */
function heard(clinics: readonly Clinic[]): string[] {
  return clinics.flatMap(({ sandbox }) => (sandbox.requests as string[]).splice(0));
}

/** What a request did besides being answered. */
interface Effects {
  readonly calls: readonly string[];
  readonly rows: readonly string[];
}

/** A refusal costs nothing; what a vendor refused was asked of it, and is kept. */
function costsOf({ status }: Hit, problem: ShownProblem | null, { calls, rows }: Effects): string[] {
  if (!problem) return [];
  const isVendors = problem.origin === 'vendor' || problem.code.startsWith('vendor_');
  if (isVendors) return status >= 500 && calls.length === 0 ? ['no vendor was asked'] : [];
  // Whether a state forbids something, or something else is needed with it, may be for the vendor to tell; what is wrong as it stands is not.
  const mayAsk =
    [409, 412, 422].includes(status) || problem.errors?.some(({ code }) => code === problem.code);
  return [
    ...(status >= 500 ? [`${String(status)} ${problem.code}`] : []),
    ...calls.filter((call) => !mayAsk || !call.startsWith('GET ')).map((call) => `the vendor got ${call}`),
    ...rows.map((row) => `wrote: ${row}`),
  ];
}

/** Starts the service, fills it, and gets ready to shoot. Nothing runs in the background: each row that changes was asked for. */
export async function openRange(seed: number): Promise<Range> {
  const clinics = await Promise.all(
    CASES.map(({ name }) => startClinic(name, { clients: 20, appointments: 80 })),
  );
  const accounts = clinics.map(({ sandbox }) => sandbox);
  const [filler, gateway] = (await startReplicas(accounts, [{}, { ROLE: 'api' }])) as [Gateway, Gateway];
  const tenant = await filler.tenant('Northside Clinics');
  const other = await filler.tenant('Southside Clinics');
  for (const clinic of clinics) {
    const { vendor } = CASES.find(({ name }) => name === clinic.sandbox.vendor)!;
    await (await openDesk(tenant, clinic, vendor)).newClient();
  }
  await subscribe(tenant, 'https://receiver.invalid/hooks');
  await other.sync(await other.connect(clinics[0]!.sandbox));
  const [key, otherKey] = [await tenant.key(), await other.key()];
  await filler.kill('SIGTERM');
  const document = await documentOf(gateway);
  const operations = operationsOf(document).sort((a, b) => (turnOf(a) < turnOf(b) ? -1 : 1));
  const ids = await idsOf(operations, gateway.as(key), seed);
  ids.set('foreign', [...(await idsOf(operations, gateway.as(otherKey))).values()].flat());
  // Deleting the tenant that shoots would end it all.
  ids.set('tenantId', [other.id]);
  await watchRows(gateway);
  heard(clinics);
  const agent = new Agent({ keepAlive: true });
  const values = new Values(document, ids);
  const seen = new Map<number, number>();
  const look = async (operation: Operation, shot: Shot): Promise<void> => {
    const hit = await fire(gateway.url, agent, shot);
    const effects = { calls: heard(clinics), rows: await noted(gateway) };
    // A large body that is refused early may break the connection before the answer is read.
    if (!hit) {
      if ((shot.body?.length ?? 0) < MIB / 2) throw new Error(`the connection broke\n${described(shot)}`);
      return;
    }
    seen.set(hit.status, (seen.get(hit.status) ?? 0) + 1);
    const problem = hit.status >= 400 ? problemOf(hit) : null;
    const wrong = [...faultsOf(document, operation, hit), ...costsOf(hit, problem, effects)];
    if (wrong.length > 0)
      throw new Error(`${wrong.join('\n')}\n${described(shot)}\n${hit.text.slice(0, 1_000)}`);
  };
  return {
    gateway,
    operations,
    seen,
    shootAt: async (operation, runs) => {
      const authorization = `Bearer ${OPERATORS.test(operation.path) ? gateway.operatorKey : key}`;
      const shots = fc.asyncProperty(shotsAt(operation, values, authorization), (shot) =>
        look(operation, shot),
      );
      const { errorInstance, counterexamplePath } = await fc.check(shots, {
        numRuns: runs,
        seed,
        endOnFailure: true,
      });
      return errorInstance instanceof Error
        ? `${operation.method} ${operation.path} (run ${String(counterexamplePath)}): ${errorInstance.message}`
        : null;
    },
    stop: async () => {
      agent.destroy();
      await stopReplicas([filler, gateway]);
      await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
    },
  };
}

const turnOf = ({ method, path }: Operation): string =>
  `${String(TURNS.indexOf(method))} ${path.endsWith('{id}') ? 'records' : 'what holds them'} ${path}`;

const described = ({ method, path, headers, body }: Shot): string =>
  `${method} ${path.slice(0, 500)}\n${headers
    .filter(([name]) => name !== 'Authorization')
    .map(([name, value]) => `${name}: ${value.slice(0, 100)}`)
    .slice(0, 20)
    .join('\n')}\n${body?.toString().slice(0, 1_000) ?? 'no body'}`;
