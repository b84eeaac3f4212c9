import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { Webhook } from 'standardwebhooks';
import { isPublicAddress } from '../../src/platform/outgoing';
import { placeNow, since } from '../support/feed';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { answering, startReceiver, type WebhookReceiver } from '../support/webhook-receiver';
import { OWN_SECRET, webhookScene } from '../support/webhook-scene';
import {
  deliveriesOf,
  deliveryThat,
  endpointOf,
  ENDPOINTS,
  subscribe,
  type ShownEndpoint,
} from '../support/webhooks';

let gateway: Gateway;
let receiver: WebhookReceiver;
let tenant: TestTenant;
const { newPath, change } = webhookScene(4, (scene) => {
  ({ gateway, receiver, tenant } = scene);
});

describe('an endpoint', () => {
  it('is made with a secret that is told once, and kept sealed', async () => {
    const made = await subscribe(tenant, receiver.url(newPath()));
    expect(made).toMatchObject({
      eventTypes: ['*'],
      payload: 'thin',
      enabled: true,
      disabledReason: null,
      version: 1,
    });
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const { secret: _told, ...shown } = made;
    expect(await endpointOf(tenant, made.id)).toEqual(shown);
    expect(await tenant.all(ENDPOINTS)).toEqual([shown]);
    const [row] = await gateway.rows<{ text: string }>(
      'select e::text as text from webhook_endpoints e where id = $1',
      [made.id],
    );
    expect(row!.text).toContain(made.url);
    expect(row!.text).not.toContain(made.secret.slice('whsec_'.length));
  });

  it('takes a secret of its own', async () => {
    expect((await subscribe(tenant, receiver.url(newPath()), { secret: OWN_SECRET })).secret).toBe(
      OWN_SECRET,
    );
  });

  it.each([
    ['/secret', { secret: 'hunter2' }],
    ['/secret', { secret: 'whsec_c2hvcnQ=' }],
    ['/eventTypes', { eventTypes: [] }],
    ['/eventTypes', { eventTypes: ['client.cancelled'] }],
    ['/eventTypes', { eventTypes: ['client.*', 'client.*'] }],
    ['/eventTypes', { eventTypes: 'client.*' }],
    ['/payload', { payload: 'fat' }],
    ['/url', { url: 'not a url' }],
    ['/name', { name: 'Mine' }],
  ])('is refused with %s for %j', async (pointer, wrong) => {
    const body = { url: receiver.url('/never'), eventTypes: ['*'], ...wrong };
    const { status, problem } = await tenant.call('POST', ENDPOINTS, { body });
    expect([status, problem.code, problem.errors?.map((error) => error.pointer)]).toEqual([
      400,
      'validation_failed',
      [pointer],
    ]);
  });

  it('is changed with If-Match and removed with its deliveries', async () => {
    const { id } = await subscribe(tenant, receiver.url(newPath()));
    const path = `${ENDPOINTS}/${id}`;
    const stale = { headers: { 'if-match': '"7"' } };
    expect((await tenant.call('PATCH', path, { ...stale, body: { payload: 'full' } })).problem.code).toBe(
      'version_mismatch',
    );
    expect((await tenant.call('DELETE', path, stale)).problem.code).toBe('version_mismatch');
    const body = {
      url: receiver.url(newPath()),
      eventTypes: ['location.*', 'client.created'],
      payload: 'full',
    };
    const changed = await tenant.call<ShownEndpoint>('PATCH', path, { headers: { 'if-match': '"1"' }, body });
    expect(changed.need(200)).toMatchObject({ ...body, version: 2 });
    expect(changed.headers.get('etag')).toBe('"2"');
    // What a change does not name is in the answer, too.
    const same = (await tenant.call('PATCH', path, { body: { enabled: true } })).need(200);
    expect(same).toEqual((await tenant.call('GET', path)).need(200));
    await change('before the end');
    await deliveryThat(tenant, id, ({ status }) => status === 'delivered');
    (await tenant.call('DELETE', path)).need(204);
    expect([
      (await tenant.call('GET', path)).status,
      (await tenant.call('GET', `${path}/deliveries`)).status,
    ]).toEqual([404, 404]);
    expect(await gateway.rows('select from webhook_deliveries where endpoint_id = $1', [id])).toEqual([]);
  });

  it('is a matter of the scope manage, and of its own tenant', async () => {
    const { id } = await subscribe(tenant, receiver.url(newPath()));
    const reader = gateway.as(await tenant.key(['read', 'write', 'passthrough']));
    const stranger = await gateway.tenant('Southside Clinics');
    const deeds = [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/rotate-secret'],
      ['POST', '/test'],
      ['GET', '/deliveries'],
      ['POST', `/deliveries/${id}/redeliver`],
    ] as const;
    for (const [method, rest] of deeds) {
      const options = method === 'PATCH' ? { body: { enabled: false } } : {};
      const path = `${ENDPOINTS}/${id}${rest}`;
      expect([path, (await reader(method, path, options)).status]).toEqual([path, 403]);
      expect([path, (await stranger.call(method, path, options)).status]).toEqual([path, 404]);
    }
    expect((await reader('GET', ENDPOINTS)).status).toBe(403);
    expect(await stranger.all(ENDPOINTS)).toEqual([]);
    expect((await endpointOf(tenant, id)).enabled).toBe(true);
  });
});

describe('a URL', () => {
  it.each([
    'http://receiver.example/',
    'ftp://receiver.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user:password@receiver.example/',
    'https://receiver.example/#part',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.0.0.1.:8443/',
    'https://１２７.0.0.1/',
    'https://0.0.0.0/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.0.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://localhost/',
    'https://LocalHost.:8443/',
    'https://metadata.localhost/',
  ])('%s is refused when an endpoint is made and when it is changed', async (url) => {
    const { id } = await subscribe(tenant, receiver.url(newPath()));
    for (const answer of [
      await tenant.call('POST', ENDPOINTS, { body: { url, eventTypes: ['*'] } }),
      await tenant.call('PATCH', `${ENDPOINTS}/${id}`, { body: { url } }),
    ])
      expect([answer.status, answer.problem.errors?.map(({ pointer }) => pointer)]).toEqual([400, ['/url']]);
  });

  it('on the same machine is refused with the word that would let it in', async () => {
    const body = { url: 'http://127.0.0.1:4000/hook', eventTypes: ['*'] };
    const { problem } = await tenant.call('POST', ENDPOINTS, { body });
    expect(problem.errors?.map(({ message }) => message)).toEqual([
      expect.stringContaining('WEBHOOK_HOST_ALLOWLIST'),
    ]);
  });

  it('of more than 2,000 characters is refused', async () => {
    const body = { url: `https://receiver.example/${'x'.repeat(2000)}`, eventTypes: ['*'] };
    const { status, problem } = await tenant.call('POST', ENDPOINTS, { body });
    expect([status, problem.errors?.map(({ pointer }) => pointer)]).toEqual([400, ['/url']]);
  });

  it('of the list of hosts is taken with that port alone', async () => {
    const [host, port] = receiver.host.split(':') as [string, string];
    for (const url of [
      `http://${host}/`,
      `http://${host}:${String(Number(port) + 1)}/`,
      `http://localhost:${port}/`,
    ])
      expect([
        url,
        (await tenant.call('POST', ENDPOINTS, { body: { url, eventTypes: ['*'] } })).status,
      ]).toEqual([url, 400]);
    await subscribe(tenant, receiver.url('/taken'));
    await subscribe(tenant, 'https://receiver.example/hooks');
  });

  it('whose name leads to this machine is not connected to, whatever it led to when the endpoint was made', async () => {
    const name = hostname();
    expect(isPublicAddress((await lookup(name)).address)).toBe(false);
    const { id } = await subscribe(tenant, `https://${name}:${receiver.host.split(':')[1]!}/`);
    const before = receiver.connections;
    await change('to nowhere');
    expect(await deliveryThat(tenant, id, ({ attempts }) => attempts > 0)).toMatchObject({
      status: 'pending',
      responseStatus: null,
      error: 'address_not_allowed',
    });
    const test = await tenant.call('POST', `${ENDPOINTS}/${id}/test`);
    expect(test.need(200)).toMatchObject({ ok: false, status: null, error: 'address_not_allowed' });
    // As if it had been written before the rule: a literal address is never looked up.
    const literal = `https://[::ffff:127.0.0.1]:${receiver.host.split(':')[1]!}/`;
    await gateway.rows('update webhook_endpoints set url = $2 where id = $1', [id, literal]);
    expect((await tenant.call('POST', `${ENDPOINTS}/${id}/test`)).body).toMatchObject({
      error: 'address_not_allowed',
    });
    expect(receiver.connections).toBe(before);
  });
});

describe('a test call', () => {
  it.each([
    [204, { ok: true, status: 204, error: null }],
    [500, { ok: false, status: 500, error: 'refused' }],
    [302, { ok: false, status: 302, error: 'redirected' }],
    [410, { ok: false, status: 410, error: 'gone' }],
  ])('that is answered with %d says so and changes nothing', async (status, expected) => {
    const path = newPath();
    receiver.behave(path, answering(status));
    const { id, secret } = await subscribe(tenant, receiver.url(path));
    const place = await placeNow(tenant);
    const answer = (await tenant.call<{ latencyMs: number }>('POST', `${ENDPOINTS}/${id}/test`)).need(200);
    expect(answer).toEqual({ ...expected, latencyMs: expect.any(Number) as number });
    expect(receiver.at(path)).toHaveLength(1);
    expect(
      new Webhook(secret).verify(receiver.at(path)[0]!.body, receiver.at(path)[0]!.headers as never),
    ).toMatchObject({
      type: 'webhook.test',
      data: { endpointId: id },
    });
    expect(await endpointOf(tenant, id)).toMatchObject({
      enabled: true,
      lastError: null,
      lastDeliveryAt: null,
    });
    expect([await since(tenant, place), await deliveriesOf(tenant, id)]).toEqual([[], []]);
  });

  it('to where nobody listens says so', async () => {
    const deaf = await startReceiver();
    const silent = await startGateway([], { WEBHOOK_HOST_ALLOWLIST: deaf.host });
    try {
      const there = await silent.tenant('Nobody Home');
      const { id } = await subscribe(there, deaf.url('/'));
      deaf.close();
      expect((await there.call('POST', `${ENDPOINTS}/${id}/test`)).need(200)).toMatchObject({
        ok: false,
        status: null,
        error: 'connection_failed',
      });
    } finally {
      await silent.stop();
    }
  });
});
