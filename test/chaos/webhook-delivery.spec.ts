import { setTimeout as pause } from 'node:timers/promises';
import { changeMirror, placeNow, since } from '../support/feed';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { until } from '../support/until';
import {
  answering,
  hanging,
  told,
  verified,
  type Received,
  type WebhookReceiver,
} from '../support/webhook-receiver';
import { A_WHILE_MS, webhookScene } from '../support/webhook-scene';
import {
  deliveriesOf,
  deliveryThat,
  endpointOf,
  ENDPOINTS,
  recordsFor,
  subscribe,
  type Records,
  type ShownEndpoint,
} from '../support/webhooks';

/** A fifth shorter than planned at most, by chance. */
const FIRST_PAUSE_MS = 4_000;
/** Until what a killed process had in its hands is taken up again, on a busy machine. */
const TAKEN_UP_MS = 20_000;

let gateway: Gateway;
let receiver: WebhookReceiver;
let tenant: TestTenant;
let records: Records;
const { newPath, change, arrived } = webhookScene(6, (scene) => {
  ({ gateway, receiver, tenant, records } = scene);
});

const nthOf = ({ body }: Received): number =>
  records.ids.indexOf((JSON.parse(body) as { data: { id: string } }).data.id);

describe('a call that fails', () => {
  it('is made again with the same id and body, and a signature of its own time', async () => {
    const path = newPath();
    receiver.behave(path, (response, nth) =>
      response.writeHead(nth === 0 ? 500 : 204).end('x'.repeat(100_000)),
    );
    const { id, secret } = await subscribe(tenant, receiver.url(path), { payload: 'full' });
    await change('twice');
    await arrived(path, 1);
    // From now on the endpoint wants less; what has been tried keeps its body.
    (await tenant.call('PATCH', `${ENDPOINTS}/${id}`, { body: { payload: 'thin' } })).need(200);
    const [first, second] = await arrived(path, 2);
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(FIRST_PAUSE_MS - 100);
    expect([second!.id, second!.body]).toEqual([first!.id, first!.body]);
    expect(told(second!).data.record).toMatchObject({ name: 'twice' });
    expect(second!.headers['webhook-timestamp']).not.toBe(first!.headers['webhook-timestamp']);
    for (const call of [first!, second!]) verified(secret, call);
    expect(await deliveryThat(tenant, id, ({ status }) => status === 'delivered')).toMatchObject({
      attempts: 2,
      responseStatus: 204,
      error: null,
    });
    expect(await endpointOf(tenant, id)).toMatchObject({
      enabled: true,
      lastError: { code: 'refused', status: 500 },
    });
  }, 40_000);

  it('is not made again before the time that Retry-After asks for', async () => {
    const path = newPath();
    receiver.behave(path, (response, nth) =>
      nth === 0 ? response.writeHead(503, { 'retry-after': '9' }).end() : response.writeHead(204).end(),
    );
    const { id } = await subscribe(tenant, receiver.url(path));
    await change('later, please');
    const waiting = await deliveryThat(tenant, id, ({ attempts }) => attempts === 1);
    const asked = Date.parse(waiting.nextAttemptAt!) - Date.parse(waiting.lastAttemptAt!);
    expect([waiting.status, waiting.responseStatus, asked >= 9_000, asked <= 9_000 * 1.2 + 1]).toEqual([
      'pending',
      503,
      true,
      true,
    ]);
    const [first, second] = await arrived(path, 2, 30_000);
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(9_000 - 100);
  }, 60_000);

  it('holds back the later events of its record and of no other', async () => {
    const path = newPath();
    receiver.behave(path, (response, nth) => response.writeHead(nth === 0 ? 500 : 204).end());
    await subscribe(tenant, receiver.url(path));
    await change('first of 0');
    await arrived(path, 1);
    await change('second of 0');
    await change('first of 1', 1);
    await change('third of 0');
    const calls = await arrived(path, 5);
    expect(calls.map(nthOf)).toEqual([0, 1, 0, 0, 0]);
    expect(calls[2]!.id).toBe(calls[0]!.id);
    const times = calls.slice(2).map((call) => told(call).timestamp);
    expect(times).toEqual([...times].sort());
    expect(new Set(calls.slice(2).map((call) => call.id)).size).toBe(3);
  }, 40_000);

  it('by a redirect is a failure, and nobody follows it', async () => {
    const [path, target] = [newPath(), newPath()];
    receiver.behave(path, answering(307, { location: receiver.url(target) }));
    const { id } = await subscribe(tenant, receiver.url(path));
    await change('elsewhere');
    expect(await deliveryThat(tenant, id, ({ attempts }) => attempts === 1)).toMatchObject({
      status: 'pending',
      responseStatus: 307,
      error: 'redirected',
    });
    await pause(A_WHILE_MS);
    expect(receiver.at(target)).toEqual([]);
  });

  it('for three days is given up, and the endpoint with it', async () => {
    const path = newPath();
    receiver.behave(path, answering(500));
    const { id, version } = await subscribe(tenant, receiver.url(path));
    await change('in vain');
    await change('in vain too', 1);
    await until(
      () => deliveriesOf(tenant, id),
      (list) => list.length === 2 && list.every(({ attempts }) => attempts === 1),
    );
    const [first] = receiver.at(path);
    await gateway.rows(
      `update webhook_deliveries d set first_attempt_at = now() - interval '3 days 1 second', next_attempt_at = now()
       from events v where v.tenant_id = d.tenant_id and v.seq = d.seq and d.endpoint_id = $1 and v.id = $2`,
      [id, first!.id],
    );
    const given = await until(
      () => endpointOf(tenant, id),
      ({ enabled }) => !enabled,
    );
    expect(given).toMatchObject({
      disabledReason: 'failing',
      lastError: { code: 'refused', status: 500 },
      version: version + 1,
    });
    const list = await deliveriesOf(tenant, id);
    expect(list.map(({ status }) => status).sort()).toEqual(['failed', 'pending']);
    const calls = receiver.at(path).length;
    await change('while it is off', 2);
    await pause(A_WHILE_MS);
    expect(receiver.at(path)).toHaveLength(calls);
    const failed = list.find(({ status }) => status === 'failed')!;
    const redelivered = await tenant.call('POST', `${ENDPOINTS}/${id}/deliveries/${failed.id}/redeliver`);
    expect([redelivered.status, redelivered.problem.code]).toEqual([409, 'conflict']);
  }, 40_000);
});

it('a 410 switches an endpoint off; switched on again it gets what has happened meanwhile', async () => {
  const path = newPath();
  receiver.behave(path, answering(410));
  const { id } = await subscribe(tenant, receiver.url(path));
  await change('gone');
  const off = await until(
    () => endpointOf(tenant, id),
    ({ enabled }) => !enabled,
  );
  expect(off).toMatchObject({ disabledReason: 'gone', lastError: { code: 'gone', status: 410 } });
  await change('meanwhile', 1);
  await change('meanwhile', 2);
  await pause(A_WHILE_MS);
  expect(receiver.at(path)).toHaveLength(1);
  receiver.behave(path, answering(200));
  const on = await tenant.call<ShownEndpoint>('PATCH', `${ENDPOINTS}/${id}`, { body: { enabled: true } });
  expect(on.need(200)).toMatchObject({ enabled: true, disabledReason: null });
  expect((await arrived(path, 3)).slice(1).map(nthOf).sort()).toEqual([1, 2]);
  (await tenant.call('PATCH', `${ENDPOINTS}/${id}`, { body: { enabled: false } })).need(200);
  expect(await endpointOf(tenant, id)).toMatchObject({ enabled: false, disabledReason: 'switched_off' });
  await change('while it is off');
  await pause(A_WHILE_MS);
  expect(receiver.at(path)).toHaveLength(3);
}, 40_000);

it('an endpoint that never answers delays no other, and none of its own that it could take', async () => {
  const [path, quick] = [newPath(), newPath()];
  receiver.behave(path, (response, nth, call) => {
    if (told(call).data.id === records.ids[0]) hanging(response, nth, call);
    else response.writeHead(204).end();
  });
  const { id } = await subscribe(tenant, receiver.url(path));
  await subscribe(tenant, receiver.url(quick));
  const other = await gateway.tenant('Southside Clinics');
  const south = newPath();
  await subscribe(other, receiver.url(south));
  const began = Date.now();
  await change('hangs');
  await arrived(path, 1);
  await change('passes', 1);
  await recordsFor(gateway, other, 1);
  await arrived(path, 2, 8_000);
  await arrived(quick, 2, 8_000);
  await arrived(south, 1, 8_000);
  expect(Date.now() - began).toBeLessThan(14_000);
  const hung = await until(
    () => deliveriesOf(tenant, id),
    (list) => list.some(({ error }) => error !== null),
    30_000,
  );
  expect(hung.find(({ resourceId }) => resourceId === records.ids[0])).toMatchObject({
    status: 'pending',
    error: 'timeout',
    responseStatus: null,
  });
  expect(Date.now() - began).toBeGreaterThanOrEqual(15_000);
}, 60_000);

it('a delivery is made again on demand, with the id and body that it had', async () => {
  const path = newPath();
  const { id, secret } = await subscribe(tenant, receiver.url(path));
  await change('once more');
  const delivered = await deliveryThat(tenant, id, ({ status }) => status === 'delivered');
  await change('and changed since');
  await arrived(path, 2);
  const again = await tenant.call('POST', `${ENDPOINTS}/${id}/deliveries/${delivered.id}/redeliver`);
  expect(again.need(202)).toMatchObject({ id: delivered.id, status: 'pending', deliveredAt: null });
  const [first, , third] = await arrived(path, 3);
  expect([third!.id, third!.body]).toEqual([first!.id, first!.body]);
  verified(secret, third!);
  const unknown = await tenant.call('POST', `${ENDPOINTS}/${id}/deliveries/${id}/redeliver`);
  expect([unknown.status, unknown.problem.code]).toEqual([404, 'not_found']);
});

it('everything arrives, each record in order and each id with one body, however often the gateway is killed', async () => {
  const path = newPath();
  receiver.behave(path, (response) => setTimeout(() => response.writeHead(204).end(), 20));
  const { id, secret } = await subscribe(tenant, receiver.url(path), { payload: 'full' });
  const place = await placeNow(tenant);
  const rounds = 40;
  for (let round = 0; round < rounds; round += 1)
    await changeMirror(
      gateway,
      tenant.id,
      `update locations set doc = json_build_object('id', id, 'name', 'round ${String(round)}'), version = version + 1`,
    );
  const events = await since(tenant, place);
  expect(events).toHaveLength(rounds * records.ids.length);
  for (const enough of [20, 60, 120]) {
    await arrived(path, enough, 2 * TAKEN_UP_MS);
    await gateway.kill('SIGKILL');
    await gateway.restart();
  }
  await until(
    () => new Set(receiver.at(path).map((call) => call.id)).size,
    (distinct) => distinct === events.length,
    3 * TAKEN_UP_MS,
  );
  const bodies = new Map<string, string>();
  for (const call of receiver.at(path)) {
    verified(secret, call);
    expect(bodies.get(call.id) ?? call.body).toBe(call.body);
    bodies.set(call.id, call.body);
  }
  for (const record of records.ids) {
    const expected = events.filter(({ resourceId }) => resourceId === record).map((event) => event.id);
    const first = [...bodies.keys()].filter((event) => expected.includes(event));
    expect(first).toEqual(expected);
  }
  await until(
    () => deliveriesOf(tenant, id, '&status=pending'),
    (list) => list.length === 0,
    2 * TAKEN_UP_MS,
  );
}, 240_000);

it('SIGTERM ends it cleanly beside a receiver that never answers, and what was under way is tried again', async () => {
  const path = newPath();
  receiver.behave(path, (response, nth, call) => {
    if (nth === 0) hanging(response, nth, call);
    else response.writeHead(204).end();
  });
  const { id } = await subscribe(tenant, receiver.url(path));
  await change('at the end');
  await arrived(path, 1);
  const began = Date.now();
  expect(await gateway.kill('SIGTERM')).toBe(0);
  expect(Date.now() - began).toBeLessThan(14_000);
  await gateway.restart();
  await deliveryThat(tenant, id, ({ status }) => status === 'delivered', 2 * TAKEN_UP_MS);
  const [first, second] = receiver.at(path);
  expect([second!.id, second!.body]).toEqual([first!.id, first!.body]);
}, 120_000);

it('tells Prometheus how deliveries fare, and of nobody', async () => {
  const path = newPath();
  receiver.behave(path, answering(500));
  await subscribe(tenant, receiver.url(path));
  await change('measured');
  const [{ count }] = (await gateway.rows<{ count: string }>('select count(*) from events')) as [
    { count: string },
  ];
  const figure = (text: string, name: string): number =>
    Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
  const metrics = await until(
    async () => (await gateway.as(null)('GET', '/metrics')).text,
    (text) =>
      figure(text, 'gateway_webhook_oldest_undelivered_seconds') >= 1 &&
      figure(text, 'gateway_events_written') >= Number(count) &&
      text.includes('outcome="put_off"'),
    40_000,
  );
  expect(metrics).toMatch(/gateway_webhook_deliveries_total\{outcome="delivered"\} [1-9]/);
  const said = [metrics, ...gateway.log].join('\n');
  for (const secret of [receiver.host, tenant.id, records.ids[0]!, 'measured'])
    expect(metrics).not.toContain(secret);
  for (const secret of ['whsec_', path]) expect(said).not.toContain(secret);
}, 60_000);

it('a process that serves callers alone delivers nothing', async () => {
  const callers = await startGateway([], { WEBHOOK_HOST_ALLOWLIST: receiver.host, ROLE: 'api' });
  try {
    const there = await callers.tenant('Callers Only');
    const path = newPath();
    const { id } = await subscribe(there, receiver.url(path));
    await recordsFor(callers, there, 1);
    await pause(A_WHILE_MS);
    expect((await since(there, await placeNow(there))).length).toBe(0);
    expect(await there.all('/v1/events')).toHaveLength(1);
    expect([receiver.at(path), await deliveriesOf(there, id)]).toEqual([[], []]);
    expect((await there.call('POST', `${ENDPOINTS}/${id}/test`)).body).toMatchObject({ ok: true });
  } finally {
    await callers.stop();
  }
}, 60_000);
