import { startClinic, type Clinic } from '../support/clinics';
import type { Answer, Call, ListOf } from '../support/calls';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { roadUnder, type StatementRoad } from '../support/statement-road';

let road: StatementRoad;
let gateway: Gateway;
let clinic: Clinic;
let tenant: TestTenant;

beforeAll(async () => {
  clinic = await startClinic('cliniko', { clients: 12, appointments: 20 });
  gateway = await startGateway([clinic.sandbox]);
  road = await roadUnder(gateway);
  tenant = await gateway.tenant('Northside Clinics');
});
afterAll(async () => {
  road.open();
  await gateway.stop();
  await road.close();
  await clinic.sandbox.close();
});

interface Making {
  readonly path: string;
  readonly body: object;
  readonly call: Call;
  /** The statement that makes it. */
  readonly statement: string;
}
const MAKINGS: Readonly<Record<string, () => Making>> = {
  'a connection': () => ({
    path: '/v1/connections',
    body: {
      vendor: 'cliniko',
      name: 'Harbour',
      credentials: clinic.sandbox.credentials,
      settings: { ...clinic.sandbox.settings, sync: { enabled: false } },
    },
    call: tenant.call,
    statement: 'INSERT INTO "connections"',
  }),
  'an endpoint of webhooks': () => ({
    path: '/v1/webhook-endpoints',
    body: { url: 'https://hooks.example.com/clinic', eventTypes: ['*'] },
    call: tenant.call,
    statement: 'INSERT INTO "webhook_endpoints"',
  }),
  "a tenant's key": () => ({
    path: `/v1/tenants/${tenant.id}/api-keys`,
    body: { name: 'reception', scopes: ['read'] },
    call: gateway.operator,
    statement: 'INSERT INTO "api_keys"',
  }),
};

describe.each(Object.entries(MAKINGS))('%s that is made under an Idempotency-Key', (what, of) => {
  const key = { 'idempotency-key': `one of ${what}` };
  const make = (headers = key): Promise<Answer<{ id: string }>> => {
    const { call, path, body } = of();
    return call<{ id: string }>('POST', path, { body, headers });
  };
  const count = async (): Promise<number> => {
    const { call, path } = of();
    return (await call<ListOf<unknown>>('GET', `${path}?limit=200`)).need(200).data.length;
  };
  /** Kills the service where the road has come to that point, and lets the dead one's hold of its key run out. */
  async function killAt(at: 'statement' | 'commit'): Promise<void> {
    const reached = road.stopAt({ statement: of().statement, at });
    const lost = make().catch(() => null);
    await reached;
    await gateway.kill('SIGKILL');
    road.open();
    await lost;
    await gateway.restart();
    await gateway.rows('update idempotency_keys set held_until = now()');
  }

  it('is not made again where the process is killed before it can say so', async () => {
    const before = await count();
    await killAt('statement');
    expect(await count()).toBe(before);
    await killAt('commit');
    expect(await count()).toBe(before + 1);
    const [second, third] = [await make(), await make()];
    expect([second.problem.code, second.problem.retryable, third.text]).toEqual([
      'conflict',
      false,
      second.text,
    ]);
    expect(await count()).toBe(before + 1);
    (await make({ 'idempotency-key': `another of ${what}` })).need(201);
    expect(await count()).toBe(before + 2);
  });
});
