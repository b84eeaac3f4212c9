import type { Fault } from '../../src/vendors/kit/sandbox';
import { FRESH, type Answer, type Shown, type ShownConnection, type ShownSync } from '../support/calls';
import { FOR_GOOD, startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { EVERYTHING } from '../support/bookings';
import { CASES } from '../contract/vendors';
import { PLACES, type Listed, type Place, type Row, type Seen, type Tries } from './row';
import { Scene } from './scene';
import { startStrangers, type Strangers } from './strangers';

const SIZE = { clients: 120, appointments: 60 };
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'];
/** Where a token is got, as a fault's `path`. */
const LOGINS: Readonly<Record<string, string>> = { penga: '^/auth/login', pexip: '/token$' };

/** What became of one vendor in a row, place by place. */
export type Findings = Partial<Record<Place, object>>;

/** What all lanes share. */
interface World {
  readonly rows: Gateway['rows'];
  readonly tenant: TestTenant;
  readonly strangers: Strangers;
}

/** One vendor in all rows: its clinic, and a connection that starts afresh for each place of each row. */
export class Lane {
  private round = 0;
  private clients: Shown<'clients'>[] = [];
  private connection = '';
  private live = '';

  constructor(
    readonly name: string,
    readonly clinic: Clinic,
    private readonly stage: Clinic,
    private readonly world: World,
  ) {}

  get logsIn(): boolean {
    return this.name in LOGINS;
  }

  async open(): Promise<void> {
    const { tenant } = this.world;
    this.connection = await tenant.connect(this.clinic.sandbox, { ...EVERYTHING[this.name] });
    const { status } = await tenant.sync(this.connection);
    if (status !== 'succeeded') throw new Error(`the first sync of ${this.name} ended as ${status}`);
    this.clients = await tenant.all(`/v1/clients?connectionId=${this.connection}`);
    this.live = await this.alive();
    // The vendors that write by an id of ours are given it by the first write.
    for (const client of this.clients)
      if (client.lastName === null) throw new Error('a client without a name');
  }

  /** Lets the fault loose in each of these places that the row names, and says what was seen there. */
  async run(row: Row, places?: readonly Place[]): Promise<Findings> {
    const findings: Findings = {};
    for (const place of Object.keys(this.expected(row, places)) as Place[]) {
      if (place === 'story') {
        findings.story = await this.story(row);
        continue;
      }
      await this.afresh(row);
      if (row.address === undefined && place !== 'login') await this.get(0);
      findings[place] = await this[place](row).finally(() => {
        this.clinic.sandbox.heal();
      });
    }
    return findings;
  }

  /** What the row says must be seen in this lane. Where nothing comes in, nothing is counted. */
  expected({ seen, address }: Row, places = PLACES): Findings {
    return Object.fromEntries(
      Object.entries(seen)
        .filter(([place]) => places.includes(place as Place) && (place !== 'login' || this.logsIn))
        .map(([place, wanted]) => {
          if (typeof wanted === 'function') return [place, wanted(this.name)];
          const { tries, ...rest } = wanted as { tries?: Tries };
          const known = typeof tries === 'object' ? tries[this.logsIn ? 'token' : 'key'] : tries;
          return [place, known === undefined || address ? rest : { ...rest, tries: known }];
        }),
    );
  }

  /** No memory of the row before: neither a circuit, nor a token, nor a limit that the vendor said is spent. */
  private async afresh({ address }: Row): Promise<void> {
    const { tenant, strangers: places } = this.world;
    this.round += 1;
    await this.rest();
    const { settings } = this.clinic.sandbox;
    const at = address === undefined ? {} : { baseUrl: places[address], authUrl: `${places[address]}/token` };
    const changed = { ...settings, ...at, rateLimit: { requestsPerMinute: 600_000 - this.round } };
    if (this.name !== 'pexip') delete (changed as { authUrl?: string }).authUrl;
    const body = { settings: changed };
    (await tenant.call('PATCH', `/v1/connections/${this.connection}`, { body })).need(200);
  }

  /** Whatever a vendor said of its limits is forgotten: a limit may be one for several connections. */
  private async rest(): Promise<void> {
    await this.world.rows("update vendor_limits set paused_until = null, next_at = 'epoch'");
  }

  private isLogin(request: string): boolean {
    const path = LOGINS[this.name];
    return path !== undefined && new RegExp(path).test(request.replace(/^\w+ /, ''));
  }

  private get(nth: number): Promise<Answer<Shown<'clients'>>> {
    return this.world.tenant.call('GET', `/v1/clients/${this.clients[nth]!.id}`, FRESH);
  }

  private rename({ id }: Shown<'clients'>, lastName: string): Promise<Answer<Shown<'clients'>>> {
    return this.world.tenant.call('PATCH', `/v1/clients/${id}`, { body: { lastName } });
  }

  private fail({ fault, times = FOR_GOOD }: Row, where: { method?: string; path?: string } = {}): void {
    if (fault) this.clinic.sandbox.fail({ fault: this.faultOf(fault), times, ...where });
  }
  private faultOf(fault: NonNullable<Row['fault']>): Fault {
    return typeof fault === 'function' ? fault(this.world.strangers, this.clinic) : fault;
  }

  /** Counts the requests that come in meanwhile. */
  private async counting<T>(
    isTry: (request: string) => boolean,
    act: () => Promise<T>,
  ): Promise<{ made: T; tries: number }> {
    const requests = this.clinic.sandbox.requests as string[];
    requests.splice(0);
    const made = await act();
    return { made, tries: requests.filter(isTry).length };
  }

  protected async read(row: Row): Promise<object> {
    this.fail(row, { method: 'GET' });
    const { made, tries } = await this.counting(
      () => true,
      () => this.get(1),
    );
    const after = { ...seenOf(made), ...told(row, 'read', tries) };
    return { ...after, ...(row.seen.read?.connection ? { connection: (await this.shown()).status } : {}) };
  }

  protected async write(row: Row): Promise<object> {
    let nth = this.round;
    const next = (): Shown<'clients'> => this.clients[nth++ % this.clients.length]!;
    let client = next();
    // Some vendors must be given an id of ours before a record can be written by it, and some hold one that they refuse to write.
    if (!row.address)
      while ((await this.rename(client, `Before ${String(this.round)}`)).status !== 200) client = next();
    for (const method of WRITES) this.fail(row, { method });
    const { ledger } = this.clinic.sandbox;
    const before = ledger.length;
    const lastName = `Round ${String(this.round)}`;
    const { made, tries } = await this.counting(
      (request) => !request.startsWith('GET') && !this.isLogin(request),
      () => this.rename(client, lastName),
    );
    const written = ledger
      .slice(before)
      .filter(({ body }) => JSON.stringify(body).includes(`"${lastName}"`)).length;
    return { ...seenOf(made), ...told(row, 'write', tries), written };
  }

  protected async login(row: Row): Promise<object> {
    const path = LOGINS[this.name]!;
    this.fail(row, { path });
    const { made, tries } = await this.counting(
      (request) => this.isLogin(request),
      () => this.get(1),
    );
    return { ...seenOf(made), ...told(row, 'login', tries) };
  }

  protected async list(row: Row): Promise<object> {
    this.fail(row, { method: 'GET', ...(row.onLists ? { path: this.clinic.lists.clients } : {}) });
    const sync = await this.world.tenant.sync(this.connection, { mode: 'full', resources: ['clients'] });
    const { status, lastError } = await this.shown();
    const listed: Listed = {
      sync: sync.status,
      errors: [...new Set(sync.errors.map(({ code }) => code))],
      setAside: sync.resources.clients?.failed ?? 0,
      deleted: deletedIn(sync),
      connection: status,
      lastError: lastError && { code: lastError.code, retryable: lastError.retryable },
      lost: (await this.alive()) !== this.live,
    };
    return listed;
  }

  /** In the other clinic, so that nothing of it is left behind for the rows after. */
  private async story({ story }: Row): Promise<object> {
    if (!story) throw new Error('a row that expects a story tells none');
    await this.rest();
    return story(await Scene.open(this.world.tenant, this.stage)).finally(() => {
      this.stage.sandbox.heal();
    });
  }

  private async shown(): Promise<ShownConnection> {
    const path = `/v1/connections/${this.connection}`;
    return (await this.world.tenant.call<ShownConnection>('GET', path)).need(200);
  }

  /** How many records stand, of each kind. */
  private async alive(): Promise<string> {
    const counts = await this.world.rows(
      `select (select count(*) from clients where connection_id = $1 and deleted_at is null) as clients,
              (select count(*) from appointments where connection_id = $1 and deleted_at is null) as appointments`,
      [this.connection],
    );
    return JSON.stringify(counts);
  }
}

/** The tries, where the row says how many there may be. */
const told = ({ seen, address }: Row, place: 'read' | 'write' | 'login', tries: number): object =>
  address || seen[place]?.tries === undefined ? {} : { tries };

const deletedIn = ({ resources }: ShownSync): number =>
  Object.values(resources).reduce((sum, { deleted }) => sum + deleted, 0);

function seenOf({ status, problem, headers }: Answer<unknown>): Seen {
  if (status < 400) return { status };
  const { code, retryable, outcome, retryAfterSeconds } = problem;
  const waits = headers.get('retry-after');
  if ((waits ?? undefined) !== (retryAfterSeconds === undefined ? undefined : String(retryAfterSeconds)))
    throw new Error(`Retry-After says ${String(waits)}, the problem ${String(retryAfterSeconds)}`);
  return {
    status,
    code,
    retryable,
    ...(outcome === undefined ? {} : { outcome }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

/** Tries a row at every vendor that it applies to: what was seen, and what should have been. */
export async function struck(
  { all }: Lanes,
  row: Row,
  places?: readonly Place[],
): Promise<{ seen: object; expected: object }> {
  const lanes = all.filter(({ name }) => row.vendors?.includes(name) ?? true);
  const found = await Promise.all(
    lanes.map(async (lane): Promise<[string, Findings]> => [lane.name, await lane.run(row, places)]),
  );
  return {
    seen: Object.fromEntries(found),
    expected: Object.fromEntries(lanes.map((lane) => [lane.name, lane.expected(row, places)])),
  };
}

/** One gateway and a clinic of each vendor, for all rows. */
export interface Lanes {
  readonly all: readonly Lane[];
  readonly strangers: Strangers;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

/** `VENDOR_TIMES_MS`: short enough for a test, long enough for a sandbox on a busy machine. */
const TIMES = '400,1500,4000,4000,10';

/** Starts them. `sizes`: of the clinics in which stories are told, by vendor. */
export async function startLanes(sizes: Readonly<Record<string, typeof SIZE>> = {}): Promise<Lanes> {
  const others = await startStrangers();
  const clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, SIZE)));
  const stages = await Promise.all(CASES.map(({ name }) => startClinic(name, sizes[name] ?? SIZE, 2)));
  const all = [...clinics, ...stages];
  const hosts = [others.refusing, others.silent, others.deaf].map((url) => new URL(url).host);
  const gateway = await startGateway([], {
    VENDOR_TIMES_MS: TIMES,
    WRITE_LOOKS_SECONDS: '0.05,3600',
    VENDOR_HOST_ALLOWLIST: [...all.map(({ sandbox }) => new URL(sandbox.baseUrl).host), ...hosts].join(','),
  });
  const tenant = await gateway.tenant('Unlucky Clinics');
  // One connection looks behind the service's back: one question after the other.
  let last: Promise<unknown> = Promise.resolve();
  const rows = ((statement, values) => {
    const answer = last.then(() => gateway.rows(statement, values));
    last = answer.catch(() => undefined);
    return answer;
  }) as Gateway['rows'];
  const world = { rows, tenant, strangers: others };
  const lanes = CASES.map(({ name }, i) => new Lane(name, clinics[i]!, stages[i]!, world));
  await Promise.all(lanes.map((lane) => lane.open()));
  return {
    all: lanes,
    strangers: others,
    gateway,
    close: async () => {
      await gateway.stop();
      await Promise.all(all.map(({ sandbox }) => sandbox.close()));
      await others.close();
    },
  };
}
