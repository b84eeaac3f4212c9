import { randomUUID } from 'node:crypto';
import { newKey } from '../../src/tenants/key-text';
import { SCOPES, type Scope } from '../../src/platform/scopes';
import { CASES } from '../contract/vendors';
import { openDesk, requestsAt, type Desk } from '../support/bookings';
import type { Answer, Call, CallOptions, Shown } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import {
  documentOf,
  operationsOf,
  schemaAt,
  type OpenApi,
  type Operation,
  type Schema,
} from '../support/openapi';

const OPERATORS = /^\/v1\/tenants/;
/** Which scope a route demands; whatever is not here and is no GET must be added, or fails. */
const DEMANDS: readonly (readonly [method: RegExp, path: RegExp, scope: Scope])[] = [
  [/./, /^\/v1\/(?:audit-events|webhook-endpoints)/, 'manage'],
  [/GET/, /./, 'read'],
  [/./, /\/passthrough$/, 'passthrough'],
  [/./, /^\/v1\/connections/, 'manage'],
  [/./, /^\/v1\/(?:appointments|clients)/, 'write'],
];

let gateway: Gateway;
let clinics: Clinic[];
let document: OpenApi;
let routes: Operation[];
let north: Desk;
let south: Desk;
let client: Shown<'clients'>;

beforeAll(async () => {
  const { name, vendor } = CASES.find((one) => one.name === 'cliniko')!;
  clinics = [
    await startClinic(name, { clients: 20, appointments: 60 }),
    await startClinic(name, { clients: 20, appointments: 60 }, 2),
  ];
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  north = await openDesk(await gateway.tenant('Northside Clinics'), clinics[0]!, vendor);
  south = await openDesk(await gateway.tenant('Southside Clinics'), clinics[1]!, vendor);
  client = await north.newClient();
  document = await documentOf(gateway);
  routes = operationsOf(document).filter(({ path }) => path.startsWith('/v1/'));
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

const addressOf = ({ path }: Operation, id = randomUUID()): string => path.replace(/\{\w+\}/g, id);
const optionsOf = ({ requestBody }: Operation): CallOptions => (requestBody ? { body: {} } : {});
const tried = async (call: Call, operation: Operation): Promise<unknown[]> => {
  const { status, problem } = await call(operation.method, addressOf(operation), optionsOf(operation));
  return [operation.method, operation.path, status, status >= 400 ? problem.code : null];
};

describe('a key', () => {
  it('that is none, made up, revoked, expired or of a deleted tenant opens no route', async () => {
    const { tenant } = north;
    const [revoked, expired, used] = [await tenant.key(), await tenant.key(), await tenant.key()];
    const gone = await gateway.tenant('Newcomers');
    const goneKey = await gone.key();
    for (const key of [used, goneKey]) expect((await gateway.as(key)('GET', '/v1/clients')).status).toBe(200);
    await gateway.operator('DELETE', `/v1/tenants/${gone.id}`);
    const kept = `/v1/tenants/${tenant.id}/api-keys`;
    const { data } = (await gateway.operator<{ data: { id: string; prefix: string }[] }>('GET', kept)).need(
      200,
    );
    for (const key of [revoked, used]) {
      const { id } = data.find(({ prefix }) => key.startsWith(prefix))!;
      expect((await gateway.operator('DELETE', `${kept}/${id}`)).status).toBe(204);
    }
    const { id } = data.find(({ prefix }) => expired.startsWith(prefix))!;
    await gateway.rows("update api_keys set expires_at = now() - interval '1 second' where id = $1", [id]);
    // A second may pass until every process has heard of it.
    await new Promise((resume) => setTimeout(resume, 1_100));
    const malformed = [
      'x',
      `${revoked}x`,
      revoked.slice(0, -1),
      revoked.toLowerCase(),
      'null',
      '%00',
      `sgw_${'0'.repeat(36)}`,
    ];
    for (const key of [null, newKey(), revoked, expired, used, goneKey, ...malformed])
      for (const route of routes)
        expect([key, ...(await tried(gateway.as(key), route))]).toEqual([
          key,
          route.method,
          route.path,
          401,
          'unauthenticated',
        ]);
  });

  it("of the operator's opens no tenant's route, and a tenant's none of the operator's", async () => {
    for (const route of routes) {
      const call = OPERATORS.test(route.path) ? north.tenant.call : gateway.operator;
      expect(await tried(call, route)).toEqual([route.method, route.path, 403, 'forbidden']);
    }
  });

  it('opens what its scopes say, and with any of them missing nothing else', async () => {
    const one = new Map<Scope, Call>();
    const allBut = new Map<Scope, Call>();
    for (const scope of SCOPES) {
      one.set(scope, gateway.as(await north.tenant.key([scope])));
      allBut.set(scope, gateway.as(await north.tenant.key(SCOPES.filter((other) => other !== scope))));
    }
    for (const route of routes.filter(({ path }) => !OPERATORS.test(path))) {
      const { method, path } = route;
      const scope = DEMANDS.find(([verb, at]) => verb.test(method) && at.test(path))?.[2];
      if (!scope) throw new Error(`isolation-keys.spec.ts does not know what ${method} ${path} demands`);
      expect([scope, ...(await tried(allBut.get(scope)!, route))]).toEqual([
        scope,
        method,
        path,
        403,
        'forbidden',
      ]);
      expect([scope, ...(await tried(one.get(scope)!, route))]).not.toEqual([
        scope,
        method,
        path,
        403,
        'forbidden',
      ]);
    }
  });
});

/** An answer but for what is of its request alone, and for the ids that were asked for. */
const likeness = ({ status, headers, text }: Answer<unknown>): unknown => [
  status,
  [...headers.keys()].filter((name) => name !== 'link'),
  text.replace(/"(?:requestId|instance|resumeCursor)":"[^"]*"/g, ''),
];
const isId = (schema: Schema | undefined): boolean =>
  schema?.format === 'uuid' || schema?.items?.format === 'uuid';

describe("another tenant's id looks like one that never was", () => {
  const ids = (): string[] => [north.connectionId, client.id, ...Object.values(north.visit()).filter(isText)];
  const isText = (value: unknown): value is string =>
    typeof value === 'string' && /^[\da-f-]{36}$/.test(value);

  it('in every parameter of every query', async () => {
    const places = routes
      // The audit tells the tenant what it asked for itself.
      .filter(({ path }) => !/\{|audit-events/.test(path) && !OPERATORS.test(path))
      .flatMap((route) =>
        (route.parameters ?? [])
          .filter((one) => one.in === 'query' && isId(one.schema))
          .map(({ name }) => ({ route, name })),
      );
    expect(places.length).toBeGreaterThan(15);
    for (const { route, name } of places) {
      const needed = (route.parameters ?? [])
        .filter((one) => one.required && one.in === 'query')
        .map((one) => `&${one.name}=2026-12-0${one.name === 'from' ? 1 : 2}T00:00:00Z`)
        .join('');
      const ask = async (id: string): Promise<unknown> =>
        likeness(await south.tenant.call('GET', `${route.path}?${name}=${id}${needed}`));
      const never = await ask(randomUUID());
      for (const id of ids()) expect([route.path, name, await ask(id)]).toEqual([route.path, name, never]);
    }
  });

  it('in every place of a body', async () => {
    const writes: readonly [string, string, Record<string, unknown>][] = [
      ['/v1/appointments', 'CreateAppointmentDto', south.visit()],
      ['/v1/clients', 'CreateClientDto', south.person()],
    ];
    const asked = requestsAt(south) + requestsAt(north);
    for (const [path, dto, good] of writes) {
      const { properties = {} } = schemaAt(document, `#/components/schemas/${dto}`);
      const names = Object.keys(properties).filter((name) => isId(properties[name]));
      expect(names.length).toBeGreaterThan(1);
      const places = [
        ...names.map((name) => (id: string): object => ({ ...good, [name]: id })),
        ...('attendees' in properties
          ? [(id: string): object => ({ ...good, attendees: [{ clientId: id }] })]
          : []),
      ];
      for (const place of places) {
        const ask = async (id: string): Promise<unknown> =>
          likeness(await south.tenant.call('POST', path, { body: place(id) }));
        const never = await ask(randomUUID());
        expect([404, 422]).toContain((never as [number])[0]);
        for (const id of ids())
          expect([path, place('ID'), await ask(id)]).toEqual([path, place('ID'), never]);
        const inBatch = async (id: string): Promise<string> =>
          (
            await south.tenant.call<{ results: { status: number }[] }>('POST', `${path}/batch`, {
              body: {
                operations: [
                  { op: 'create', data: place(id) },
                  { op: 'update', id, data: { notes: 'Mine' } },
                ],
              },
            })
          )
            .need(200)
            .results.map(({ status }) => String(status))
            .join();
        const neverInBatch = await inBatch(randomUUID());
        for (const id of ids())
          expect([path, place('ID'), await inBatch(id)]).toEqual([path, place('ID'), neverInBatch]);
      }
    }
    expect(requestsAt(south) + requestsAt(north)).toBe(asked);
  });

  it('and an Idempotency-Key is of its tenant alone', async () => {
    const headers = { 'idempotency-key': 'the same' };
    const make = (tenant: TestTenant): Promise<Answer<{ id: string }>> =>
      tenant.call('POST', '/v1/webhook-endpoints', {
        headers,
        body: { url: 'https://receiver.example/x', eventTypes: ['*'] },
      });
    const [first, again, other] = [
      await make(north.tenant),
      await make(north.tenant),
      await make(south.tenant),
    ];
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.text).toBe(first.text);
    expect(other.headers.get('idempotent-replayed')).toBeNull();
    expect(other.need(201).id).not.toBe(first.need(201).id);
  });
});
