import { readFileSync } from 'node:fs';
import { RESOURCE_NAMES, type ResourceName } from '../../src/canonical/index';
import { CASES } from '../contract/vendors';
import type { Shown } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { after, feed, placeNow, since, synced, type Feed, type ShownEvent } from '../support/feed';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';

const UUID_7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

let gateway: Gateway;
let clinics: Clinic[];

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 30, appointments: 60 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

const recordsOf = (
  tenant: TestTenant,
  resource: ResourceName,
  connection: string,
): Promise<Shown<ResourceName>[]> =>
  tenant.all(`/v1/${resource}?connectionId=${connection}&includeDeleted=true`);

describe.each(CASES)('$name', ({ name, vendor }) => {
  const resources = Object.keys(vendor.capabilities) as ResourceName[];
  let clinic: Clinic;
  let tenant: TestTenant;
  let connection: string;
  let place: string;
  beforeAll(async () => {
    clinic = clinics.find(({ sandbox }) => sandbox.vendor === name)!;
    ({ tenant, connection } = await synced(gateway, `Feed of ${name}`, clinic));
  });
  beforeEach(async () => {
    place = await placeNow(tenant);
  });

  it('has one created event for each record of the first sync, that tells the record as it is shown', async () => {
    const events = await tenant.all<ShownEvent>('/v1/events');
    for (const resource of resources) {
      // What was deleted before it was ever seen has never been there.
      const there = (await recordsOf(tenant, resource, connection)).filter(
        ({ deletedAt }) => deletedAt === null,
      );
      const shown = new Map(there.map((one) => [one.id, one]));
      const created = events.filter((event) => event.resource === resource);
      expect(created.map(({ resourceId }) => resourceId).sort()).toEqual([...shown.keys()].sort());
      for (const { id, type, changed, resourceId, connectionId, data } of created) {
        expect(id).toMatch(UUID_7);
        expect([type, changed, connectionId]).toEqual([`${resource.slice(0, -1)}.created`, [], connection]);
        expect(data).toEqual({ ...shown.get(resourceId), syncedAt: null });
      }
    }
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const times = events.map(({ occurredAt }) => occurredAt);
    expect(times).toEqual([...times].sort());
  });

  it('has nothing new when a sync finds nothing new', async () => {
    expect((await tenant.sync(connection)).status).toBe('succeeded');
    expect(await since(tenant, place)).toEqual([]);
  });

  it('tells what a change behind the gateway changed, and no more', async () => {
    const [remoteId] = clinic.ids('clients');
    clinic.rename(remoteId!, 'Vandenbroucke');
    await tenant.sync(connection, { mode: 'incremental' });
    const events = await since(tenant, place);
    expect(events).toEqual([
      expect.objectContaining({ type: 'client.updated', resource: 'clients', connectionId: connection }),
    ]);
    const [{ changed, data, resourceId }] = events as [ShownEvent];
    expect(changed).toContain('lastName');
    expect(changed.filter((member) => !['lastName', 'fullName', 'updatedAt'].includes(member))).toEqual([]);
    const shown = (await tenant.call<Shown<'clients'>>('GET', `/v1/clients/${resourceId}`)).need(200);
    expect(shown).toMatchObject({ remoteId, lastName: 'Vandenbroucke' });
    expect(data).toEqual({ ...shown, syncedAt: null });
  });

  it('tells of a deletion once', async () => {
    const remoteId = clinic.ids('clients')[1]!;
    clinic.remove(remoteId);
    await tenant.sync(connection);
    await tenant.sync(connection);
    const events = (await since(tenant, place)).filter(({ data }) => data.remoteId === remoteId);
    expect(events.map(({ type }) => type)).toEqual(['client.deleted']);
    expect(events[0]!.changed).toContain('deletedAt');
    expect(events[0]!.data.deletedAt).not.toBeNull();
  });
});

describe('the feed', () => {
  let tenant: TestTenant;
  let connection: string;
  beforeAll(async () => {
    ({ tenant, connection } = await synced(gateway, 'Patient Readers', clinics[1]!));
  });
  const idsOf = (events: readonly ShownEvent[]): string[] => events.map(({ id }) => id);

  it('shows the same event with the same bytes, however often and in whatever page', async () => {
    const bytes = async (limit: number): Promise<string> => {
      let [joined, cursor] = ['', null as string | null];
      do {
        const at = cursor === null ? '' : after(cursor);
        const { text, body } = await tenant.call<Feed>('GET', `/v1/events?limit=${String(limit)}${at}`);
        joined += `${joined === '' ? '' : ','}${text.slice('{"data":['.length, text.lastIndexOf('],"page":'))}`;
        cursor = body.page.nextCursor;
      } while (cursor !== null);
      return joined;
    };
    const all = await bytes(200);
    expect((JSON.parse(`[${all}]`) as ShownEvent[]).length).toBeGreaterThan(50);
    expect(await bytes(200)).toBe(all);
    expect(await bytes(7)).toBe(all);
  });

  it('ends in a page without nextCursor, whose resumeCursor goes on with what happens later', async () => {
    const all = await tenant.all<ShownEvent>('/v1/events');
    const first = (await tenant.call<Feed>('GET', '/v1/events?limit=10')).need(200);
    expect(idsOf(first.data)).toEqual(idsOf(all.slice(0, 10)));
    expect(first.page.nextCursor).toBe(first.page.resumeCursor);
    const end = await feed(tenant, '&from=now');
    expect([end.data, end.page.nextCursor]).toEqual([[], null]);
    const [remoteId] = clinics[1]!.ids('clients');
    clinics[1]!.rename(remoteId!, 'Later');
    await tenant.sync(connection);
    const later = await feed(tenant, after(end.page.resumeCursor));
    expect(later.data.map(({ type }) => type)).toEqual(['client.updated']);
    const none = await feed(tenant, after(later.page.resumeCursor));
    expect([none.data, none.page.nextCursor]).toEqual([[], null]);
  });

  it('can be narrowed, and a filter that fits nothing does not hold its reader back', async () => {
    const all = await tenant.all<ShownEvent>('/v1/events');
    const narrowed = async (query: string): Promise<string[]> =>
      idsOf(await tenant.all<ShownEvent>(`/v1/events?${query}`));
    const where = (fits: (event: ShownEvent) => boolean): string[] => idsOf(all.filter(fits));
    expect(await narrowed('type=client.created')).toEqual(where(({ type }) => type === 'client.created'));
    expect(await narrowed('type=client.updated,client.created&limit=3')).toEqual(
      where(({ type }) => type.startsWith('client.')),
    );
    expect(await narrowed('resource=services&resource=locations')).toEqual(
      where(({ resource }) => resource === 'services' || resource === 'locations'),
    );
    expect(await narrowed(`connectionId=${connection}`)).toEqual(idsOf(all));
    expect(await narrowed(`connectionId=${tenant.id}`)).toEqual([]);
    const { page } = await feed(tenant, '&type=practitioner.deleted');
    expect(await since(tenant, page.resumeCursor, '&type=practitioner.deleted')).toEqual([]);
  });

  it.each([
    ['type', 'type=client.cancelled'],
    ['type', 'type=webhook.test'],
    ['resource', 'resource=invoices'],
    ['connectionId', 'connectionId=mine'],
    ['from', 'from=yesterday'],
    ['limit', 'limit=201'],
    ['since', 'since=2026-01-01T00:00:00Z'],
  ])('refuses a wrong %s (%s)', async (parameter, query) => {
    const { status, problem } = await tenant.call('GET', `/v1/events?${query}`);
    expect([status, problem.code]).toEqual([400, 'validation_failed']);
    expect(problem.errors?.map((error) => error.parameter)).toEqual([parameter]);
  });

  it('takes a cursor with the filters that it was made with alone, and of its own tenant alone', async () => {
    const cursor = after((await feed(tenant, '&type=client.created')).page.resumeCursor);
    const other = await gateway.tenant('Nosy Neighbours');
    for (const answer of [
      await tenant.call('GET', `/v1/events?limit=5${cursor}`),
      await tenant.call('GET', `/v1/events?type=client.updated${cursor}`),
      await tenant.call('GET', `/v1/clients?limit=5${cursor}`),
      await other.call('GET', `/v1/events?type=client.created${cursor}`),
    ])
      expect([answer.status, answer.problem.code]).toEqual([400, 'cursor_invalid']);
    expect(await other.all('/v1/events')).toEqual([]);
  });

  it('is open to a key that may read, and to no other', async () => {
    const [reader, manager] = [
      await tenant.key(['read']),
      await tenant.key(['manage', 'write', 'passthrough']),
    ];
    expect((await gateway.as(reader)('GET', '/v1/events')).status).toBe(200);
    expect((await gateway.as(manager)('GET', '/v1/events')).status).toBe(403);
  });
});

it('every event that there can be is documented', async () => {
  const { components } = (
    await gateway.as(null)<{ components: { schemas: Record<string, { enum: string[] }> } }>(
      'GET',
      '/openapi.json',
    )
  ).need(200);
  const migration = readFileSync('src/platform/database/migrations/1790000002000-events.ts', 'utf8');
  const singular = [...migration.matchAll(/^ {2}(\w+): '(\w+)',$/gm)].map(([, , one]) => one);
  expect(singular).toHaveLength(RESOURCE_NAMES.length);
  const words = [
    ...new Set([...migration.matchAll(/'\.(created|updated|deleted|cancelled)'/g)].map(([, word]) => word)),
  ];
  expect(components.schemas['EventType']!.enum.sort()).toEqual(
    singular
      .flatMap((one) =>
        words
          .filter((word) => word !== 'cancelled' || one === 'appointment')
          .map((word) => `${one!}.${word!}`),
      )
      .sort(),
  );
});
