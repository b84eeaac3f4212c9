import { setTimeout as pause } from 'node:timers/promises';
import type { ListOf } from '../support/calls';
import { feed, placeNow, since } from '../support/feed';
import type { Gateway, TestTenant } from '../support/gateway';
import { documentOf, mismatches, operationsOf } from '../support/openapi';
import { until } from '../support/until';
import { answering, told, verified, type Received, type WebhookReceiver } from '../support/webhook-receiver';
import { A_WHILE_MS, OWN_SECRET, webhookScene } from '../support/webhook-scene';
import {
  deliveriesOf,
  endpointOf,
  ENDPOINTS,
  recordsFor,
  subscribe,
  type Records,
  type ShownEndpoint,
} from '../support/webhooks';

let gateway: Gateway;
let receiver: WebhookReceiver;
let tenant: TestTenant;
let records: Records;
const { newPath, change, arrived } = webhookScene(4, (scene) => {
  ({ gateway, receiver, tenant, records } = scene);
});

describe('a call', () => {
  it('is signed as Standard Webhooks say, and tells what has changed and of what', async () => {
    const path = newPath();
    const { secret } = await subscribe(tenant, receiver.url(path));
    const place = await placeNow(tenant);
    const began = Date.now();
    await change('Signed');
    const [call] = await arrived(path);
    expect(call!.at - began).toBeLessThan(5_000);
    const [event] = await since(tenant, place);
    expect(verified(secret, call!)).toEqual({
      type: 'location.updated',
      timestamp: event!.occurredAt,
      data: {
        id: event!.resourceId,
        connectionId: event!.connectionId,
        resource: 'locations',
        changed: ['name'],
      },
    });
    expect(call!.headers).toMatchObject({
      'webhook-id': event!.id,
      'content-type': 'application/json; charset=utf-8',
    });
    expect(Math.abs(Number(call!.headers['webhook-timestamp']) * 1000 - call!.at)).toBeLessThan(5_000);
    expect(() => verified(OWN_SECRET, call!)).toThrow('No matching signature');
    for (const spoilt of [
      { ...call!, body: call!.body.replace('locations', 'clients') },
      { ...call!, headers: { ...call!.headers, 'webhook-id': 'another' } },
      {
        ...call!,
        headers: {
          ...call!.headers,
          'webhook-timestamp': String(Number(call!.headers['webhook-timestamp']) + 1),
        },
      },
    ])
      expect(() => verified(secret, spoilt)).toThrow('No matching signature');
  });

  it('brings the record along where the endpoint asks for it', async () => {
    const [thin, full] = [newPath(), newPath()];
    await subscribe(tenant, receiver.url(thin));
    const { secret } = await subscribe(tenant, receiver.url(full), { payload: 'full' });
    const place = await placeNow(tenant);
    await change('Whole');
    const [event] = await until(
      () => since(tenant, place),
      (events) => events.length > 0,
    );
    const { record, ...rest } = verified(secret, (await arrived(full))[0]!).data;
    expect(record).toEqual(event!.data);
    expect(record).toMatchObject({ name: 'Whole' });
    expect(told((await arrived(thin))[0]!).data).toEqual(rest);
    expect((await arrived(full))[0]!.id).toBe((await arrived(thin))[0]!.id);
  });

  it('is as the document tells those who write a receiver: of an event, and of a test', async () => {
    const path = newPath();
    const { id } = await subscribe(tenant, receiver.url(path));
    (await tenant.call('POST', `${ENDPOINTS}/${id}/test`)).need(200);
    await change('Described');
    const [test, event] = await arrived(path, 2);
    const document = await documentOf(gateway);
    const { callbacks } = operationsOf(document).find((one) => one.callbacks)!;
    const faults = (name: string, { body }: Received): string[] => {
      const { requestBody } = callbacks![name]!['{$request.body#/url}']!.post;
      return mismatches(document, requestBody.content['application/json']!.schema!, JSON.parse(body));
    };
    expect([faults('test', test!), faults('event', event!)]).toEqual([[], []]);
    expect(faults('event', test!)).not.toEqual([]);
    // What a full one brings along is what the feed shows.
    const { WebhookDataDto: data, EventDto: shown } = document.components.schemas;
    expect(data!.properties!['record']!.anyOf).toEqual(shown!.properties!['data']!.anyOf);
  });

  it('is made for the events that the endpoint asked for, of those since it was made', async () => {
    const [all, some, others] = [newPath(), newPath(), newPath()];
    await change('before anybody listened');
    await subscribe(tenant, receiver.url(all));
    await subscribe(tenant, receiver.url(some), { eventTypes: ['client.*', 'location.updated'] });
    await subscribe(tenant, receiver.url(others), {
      eventTypes: ['client.*', 'location.created', 'appointment.cancelled'],
    });
    await change('heard');
    const more = await recordsFor(gateway, tenant, 1);
    expect((await arrived(all, 2)).map((call) => told(call).type).sort()).toEqual([
      'location.created',
      'location.updated',
    ]);
    expect((await arrived(others)).map((call) => told(call).data.id)).toEqual(more.ids);
    await pause(A_WHILE_MS);
    expect(receiver.at(some).map((call) => told(call).type)).toEqual(['location.updated']);
    expect([receiver.at(all).length, receiver.at(others).length]).toEqual([2, 1]);
  });

  it("never tells of another tenant's events", async () => {
    const path = newPath();
    await subscribe(tenant, receiver.url(path));
    const south = await gateway.tenant('Southside Clinics');
    const theirs = await recordsFor(gateway, south, 3);
    await change('ours');
    await arrived(path);
    await pause(A_WHILE_MS);
    expect((await feed(south)).data.map(({ resourceId }) => resourceId).sort()).toEqual(
      [...theirs.ids].sort(),
    );
    expect(receiver.at(path).map((call) => told(call).data.id)).toEqual([records.ids[0]]);
  });

  it('is signed with both secrets for a day after a rotation, and then with the new one alone', async () => {
    const path = newPath();
    const { id, secret: first } = await subscribe(tenant, receiver.url(path));
    const rotate = async (): Promise<ShownEndpoint> =>
      (await tenant.call<ShownEndpoint>('POST', `${ENDPOINTS}/${id}/rotate-secret`)).need(200);
    const knows = (secret: string, call: Received): boolean => {
      try {
        return Boolean(verified(secret, call));
      } catch {
        return false;
      }
    };
    const { secret: second, previousSecretUntil } = await rotate();
    expect(second).not.toBe(first);
    expect(Math.abs(Date.parse(previousSecretUntil!) - Date.now() - 24 * 3_600_000)).toBeLessThan(60_000);
    await change('both');
    const [both] = await arrived(path, 1);
    expect([both!.signatures.length, knows(first, both!), knows(second, both!)]).toEqual([2, true, true]);
    await gateway.rows(
      "update webhook_endpoints set previous_secret_until = now() - interval '1 second' where id = $1",
      [id],
    );
    await change('one');
    const [, one] = await arrived(path, 2);
    expect([one!.signatures.length, knows(first, one!), knows(second, one!)]).toEqual([1, false, true]);
    const { secret: third } = await rotate();
    const { secret: fourth } = await rotate();
    await change('after two rotations');
    const [, , last] = await arrived(path, 3);
    expect([second, third, fourth].map((secret) => knows(secret, last!))).toEqual([false, true, true]);
    expect((await tenant.call('GET', `${ENDPOINTS}/${id}`)).text).not.toMatch(/whsec_/);
  });
});

it('the log of deliveries is paged and filtered', async () => {
  const [path, refused] = [newPath(), newPath()];
  const { id } = await subscribe(tenant, receiver.url(path));
  receiver.behave(refused, answering(400));
  const { id: refusing } = await subscribe(tenant, receiver.url(refused));
  const place = await placeNow(tenant);
  for (const nth of [0, 1, 2, 3]) await change('logged', nth);
  const events = await since(tenant, place);
  const all = await until(
    () => deliveriesOf(tenant, id, '&status=delivered'),
    (list) => list.length === 4,
  );
  expect(all.map(({ eventId }) => eventId)).toEqual(events.map((event) => event.id).reverse());
  expect(all[0]).toMatchObject({
    endpointId: id,
    eventType: 'location.updated',
    status: 'delivered',
    attempts: 1,
    responseStatus: 204,
    error: null,
    nextAttemptAt: null,
  });
  expect(await tenant.all(`${ENDPOINTS}/${id}/deliveries?limit=1`)).toEqual(all);
  const { page } = (await tenant.call<ListOf<unknown>>('GET', `${ENDPOINTS}/${id}/deliveries?limit=1`)).need(
    200,
  );
  const elsewhere = await tenant.call(
    'GET',
    `${ENDPOINTS}/${refusing}/deliveries?cursor=${encodeURIComponent(page.nextCursor!)}`,
  );
  expect([elsewhere.status, elsewhere.problem.code]).toEqual([400, 'cursor_invalid']);
  await until(
    () => deliveriesOf(tenant, refusing, '&status=pending'),
    (list) => list.length === 4 && list.every(({ attempts }) => attempts === 1),
  );
  expect(await deliveriesOf(tenant, refusing, '&status=delivered,failed')).toEqual([]);
  expect(await endpointOf(tenant, refusing)).toMatchObject({
    lastDeliveryAt: null,
    lastError: { code: 'refused', status: 400 },
  });
  expect((await tenant.call('GET', `${ENDPOINTS}/${id}/deliveries?status=lost`)).status).toBe(400);
});

describe('who has a delivery in hand', () => {
  const LEASE_MS = 8_000;

  it('keeps it for as long as the receiver takes to answer', async () => {
    const path = newPath();
    receiver.behave(path, (response) => {
      setTimeout(() => response.writeHead(204).end(), LEASE_MS + 2_000);
    });
    const { id } = await subscribe(tenant, receiver.url(path));
    await change('Slowly');
    await until(
      () => deliveriesOf(tenant, id),
      ([delivery]) => delivery?.status === 'delivered',
      3 * LEASE_MS,
    );
    expect(receiver.at(path)).toHaveLength(1);
  }, 30_000);

  it('and was killed does not hold it for long: it is tried again within fifteen seconds', async () => {
    const path = newPath();
    receiver.behave(path, (response, nth) => {
      if (nth > 0) answering(204)(response, nth, receiver.at(path)[nth]!);
    });
    await subscribe(tenant, receiver.url(path));
    await change('Killed');
    await arrived(path);
    await gateway.kill('SIGKILL');
    const killed = Date.now();
    await gateway.restart();
    const [first, second] = await until(
      () => receiver.at(path),
      (calls) => calls.length > 1,
      3 * LEASE_MS,
    );
    expect([second!.id, second!.body]).toEqual([first!.id, first!.body]);
    expect(second!.at - killed).toBeLessThan(15_000);
  }, 60_000);
});
