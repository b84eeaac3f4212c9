import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { ResourceName } from '../../src/canonical/index';
import { CASES } from '../contract/vendors';
import type { Shown } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import {
  after,
  changeMirror,
  feed,
  placeNow,
  since,
  synced,
  type Feed,
  type ShownEvent,
} from '../support/feed';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { until } from '../support/until';

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

describe('a change of the mirror', () => {
  let tenant: TestTenant;
  let connection: string;
  let place: string;
  beforeAll(async () => {
    ({ tenant, connection } = await synced(gateway, 'Mirror changes', clinics[0]!));
  });
  beforeEach(async () => {
    place = await placeNow(tenant);
  });

  const change = (...statements: string[]): Promise<unknown> =>
    changeMirror(gateway, tenant.id, ...statements);
  const told = async (): Promise<[string, readonly string[]][]> =>
    (await since(tenant, place)).map(({ type, changed }) => [type, changed]);
  const one = async (resource: ResourceName, nth = 0): Promise<Shown<ResourceName>> =>
    (await tenant.all<Shown<ResourceName>>(`/v1/${resource}?connectionId=${connection}&includeDeleted=true`))[
      nth
    ]!;
  const set = (id: string, status: string): string =>
    `update appointments set doc = replace(doc::text, '"status":"' || status || '"', '"status":"${status}"')::json,
       status = '${status}', version = version + 1 where id = '${id}'`;

  it('to cancelled is a cancellation, from then on it is an update', async () => {
    const booked = (await tenant.all<Shown<'appointments'>>('/v1/appointments?status=booked'))[0]!;
    await change(set(booked.id, 'cancelled'));
    expect(await told()).toEqual([['appointment.cancelled', expect.arrayContaining(['status'])]]);
    place = await placeNow(tenant);
    await change(
      `update appointments set external_id = 'a-1', version = version + 1 where id = '${booked.id}'`,
    );
    expect(await told()).toEqual([['appointment.updated', ['externalId']]]);
  });

  it('that shows in nothing but its version is none', async () => {
    const { id } = await one('services');
    await change(
      `update services set version = version + 1, changed_at = now(), content_hash = '' where id = '${id}'`,
    );
    expect(await told()).toEqual([]);
  });

  it('is one event, however many statements of a transaction make it', async () => {
    const { id } = await one('clients');
    await change(
      `update clients set external_id = 'c-1', version = version + 1 where id = '${id}'`,
      `update clients set doc = replace(doc::text, '"gender":', '"gender":"other","was":')::json where id = '${id}'`,
      `update clients set external_id = 'c-2', version = version + 1 where id = '${id}'`,
    );
    const events = await since(tenant, place);
    expect(events.map(({ type }) => type)).toEqual(['client.updated']);
    expect([...events[0]!.changed].sort()).toEqual(['externalId', 'gender', 'was']);
    expect(events[0]!.data).toMatchObject({ externalId: 'c-2', gender: 'other' });
  });

  it('that is a deletion is told as that, whatever else the transaction did', async () => {
    const { id } = (await tenant.all<Shown<'clients'>>('/v1/clients'))[1]!;
    await change(
      `update clients set external_id = 'c-3', version = version + 1 where id = '${id}'`,
      `update clients set deleted_at = now(), version = version + 1 where id = '${id}'`,
    );
    expect(await told()).toEqual([['client.deleted', ['externalId', 'deletedAt']]]);
    place = await placeNow(tenant);
    await change(`update clients set deleted_at = null, version = version + 1 where id = '${id}'`);
    expect(await told()).toEqual([['client.updated', ['deletedAt']]]);
  });

  it('makes no event of a record that is only mentioned, and a created one of its first sight', async () => {
    const ids = await gateway.rows<{ id: string }>(
      `insert into remote_ids (tenant_id, id, connection_id, vendor, resource, remote_scope, remote_id, first_seen_at)
       select $1, gen_random_uuid(), $2, 'penga', 'locations', '', 'M-' || n, now() from generate_series(1, 2) n returning id`,
      [tenant.id, connection],
    );
    const [seen, gone] = ids.map(({ id }) => id) as [string, string];
    const row = (id: string): string =>
      `insert into locations (tenant_id, id, connection_id, vendor, mentioned, version, doc, content_hash, sort_name, search, changed_at)
       values ('${tenant.id}', '${id}', '${connection}', 'penga', true, 0, '{"id":"${id}","name":null}', '', '', '', now())`;
    await change(row(seen), row(gone));
    expect(await told()).toEqual([]);
    await change(
      `update locations set mentioned = false, version = 1, doc = '{"id":"${seen}","name":"North"}' where id = '${seen}'`,
      `update locations set mentioned = false, version = 1, deleted_at = now() where id = '${gone}'`,
    );
    const events = await since(tenant, place);
    expect(events.map(({ type, resourceId }) => [type, resourceId])).toEqual([['location.created', seen]]);
    expect(events[0]!.data).toMatchObject({ id: seen, name: 'North', deletedAt: null, version: 1 });
  });

  it('that is undone leaves no event', async () => {
    const { id } = await one('services');
    await gateway.rows(
      `begin; select set_config('app.tenant_id', '${tenant.id}', true);
       update services set external_id = 's-1' where id = '${id}'; rollback`,
    );
    expect(await told()).toEqual([]);
  });
});

it('every reader sees every event once and in order, while connections sync beside each other', async () => {
  const tenant = await gateway.tenant('Busy Clinics');
  const connections: string[] = [];
  for (const { sandbox } of clinics) connections.push(await tenant.connect(sandbox));
  let syncing = true;
  const reader = async (): Promise<string[]> => {
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let last = false; ;) {
      const { data, page }: Feed = await feed(tenant, cursor === null ? '' : after(cursor));
      seen.push(...data.map(({ id }) => id));
      cursor = page.resumeCursor;
      if (page.nextCursor !== null) continue;
      if (last) return seen;
      last = !syncing;
    }
  };
  const readers = [reader(), reader()];
  const syncs = await Promise.all(connections.map((id) => tenant.sync(id))).finally(() => (syncing = false));
  expect(syncs.map(({ status }) => status)).toEqual(syncs.map(() => 'succeeded'));
  const rows = await gateway.rows<{ id: string }>('select id from events where tenant_id = $1 order by seq', [
    tenant.id,
  ]);
  expect(rows.length).toBeGreaterThan(connections.length * 50);
  for (const seen of await Promise.all(readers)) expect(seen).toEqual(rows.map(({ id }) => id));
}, 120_000);

it('a transaction that has begun to change something holds back those after it, so that none slips in before', async () => {
  const { tenant } = await synced(gateway, 'Slow Clinic', clinics[0]!);
  const [first, second] = await tenant.all<Shown<'clients'>>('/v1/clients');
  const place = await placeNow(tenant);
  const begin = `set role gateway; begin; select set_config('app.tenant_id', '${tenant.id}', true);`;
  const [slow, quick] = [1, 2].map(() => new Client({ connectionString: gateway.database.adminUrl }));
  await Promise.all([slow!.connect(), quick!.connect()]);
  try {
    await slow!.query(`${begin} update clients set external_id = 'slow' where id = '${first!.id}'`);
    let overtook = false;
    const waiting = quick!
      .query(`${begin} update clients set external_id = 'quick' where id = '${second!.id}'; commit`)
      .then(() => (overtook = true));
    await pause(300);
    expect([overtook, await since(tenant, place)]).toEqual([false, []]);
    await slow!.query('commit');
    await waiting;
  } finally {
    await Promise.all([slow!.end(), quick!.end()]);
  }
  expect((await since(tenant, place)).map(({ data }) => data.externalId)).toEqual(['slow', 'quick']);
});

it('forgets a connection, and nothing of the others, when it is removed', async () => {
  const { tenant, connection } = await synced(gateway, 'Two Accounts', clinics[0]!);
  const other = await tenant.connect(clinics[1]!.sandbox);
  await tenant.sync(other);
  const kept = (await tenant.all<ShownEvent>(`/v1/events?connectionId=${other}`)).length;
  (await tenant.call('DELETE', `/v1/connections/${connection}`)).need(204);
  const left = await tenant.all<ShownEvent>('/v1/events');
  expect([kept > 0, left.length]).toEqual([true, kept]);
  expect(new Set(left.map(({ connectionId }) => connectionId))).toEqual(new Set([other]));
});

it('forgets what is older than it shall keep, and a cursor from then goes on with the oldest kept', async () => {
  const { tenant } = await synced(gateway, 'Long Memory', clinics[0]!);
  const all = await tenant.all<ShownEvent>('/v1/events');
  const early = (await tenant.call<Feed>('GET', '/v1/events?limit=2')).need(200).page.resumeCursor;
  const old = all.slice(0, 40).map(({ id }) => id);
  await gateway.rows(
    `update events set occurred_at = occurred_at - interval '31 days' where tenant_id = $1 and id = any($2)`,
    [tenant.id, old],
  );
  await gateway.kill('SIGTERM');
  await gateway.restart();
  const kept = await until(
    () => tenant.all<ShownEvent>('/v1/events'),
    (events) => events.length < all.length,
  );
  expect(kept.map(({ id }) => id)).toEqual(all.slice(40).map(({ id }) => id));
  expect((await since(tenant, early)).map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
}, 60_000);
