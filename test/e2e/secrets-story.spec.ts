import { readFileSync } from 'node:fs';
import type { Fault } from '../../src/vendors/kit/sandbox';
import { CASES } from '../contract/vendors';
import { EVERYTHING } from '../support/bookings';
import { answered, type Shown } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { leaksIn, secretsOf } from '../support/secrets';
import { textsOfTables } from '../support/tables';
import { until } from '../support/until';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver';
import { deliveriesOf, ENDPOINTS, subscribe, type ShownEndpoint } from '../support/webhooks';

const PHONES: Readonly<Record<string, string>> = {
  penga: '+447911123987',
  progenda: '+32470123987',
  pexip: '+32470123987',
  cliniko: '+61412345987',
};
/** Somebody whose every word is found again, wherever it stands. */
const PERSON = {
  firstName: 'Quillonette',
  lastName: 'Zaberfeldt',
  email: 'q.zaberfeldt@planted.example',
  notes: 'planted-note: fears Xylocarbonate',
};
/** Where a client's data belongs: the mirror, the vendor's record, and what was asked and told of both. */
const HOMES = /^public\.(?:clients|appointments|raw_records|events|writes|idempotency_keys)$/;

let gateway: Gateway;
let receiver: WebhookReceiver;
let clinics: Clinic[];
let tenant: TestTenant;
let tables: Map<string, string>;
let secrets: Map<string, string>;
const personal = new Map<string, string>(Object.entries(PERSON));
/** Shown once, in the answer that made them. */
const webhookSecrets = new Map<string, string>();

/** Vendors that repeat what they were sent, each in another place. */
function echoes({ sandbox }: Clinic): Fault[] {
  const words = Object.values(sandbox.credentials).join(' ');
  const query = new URLSearchParams(sandbox.credentials as Record<string, string>).toString();
  const base64 = Buffer.from(words).toString('base64');
  return [
    { kind: 'status', status: 400, body: { error: { [words]: [words], nested: { query } } } },
    {
      kind: 'status',
      status: 401,
      headers: {
        'www-authenticate': `Bearer realm="${words}"`,
        'x-echo': words,
        'set-cookie': `session=${query}`,
      },
      body: { message: words },
    },
    { kind: 'status', status: 302, headers: { location: `${sandbox.baseUrl}/elsewhere?${query}` }, body: {} },
    {
      kind: 'status',
      status: 500,
      headers: { 'content-type': 'text/html' },
      body: `<html><title>Error</title><pre>Authorization: ${words}\n${query}\n</pre></html>`,
    },
    { kind: 'status', status: 422, headers: { 'x-debug': base64 }, body: { errors: [words, query] } },
  ];
}

/** Makes a client with planted words, changes and looks for her, and has the vendor repeat our credentials meanwhile. */
async function story(clinic: Clinic): Promise<void> {
  const { sandbox } = clinic;
  const { vendor } = CASES.find(({ name }) => name === sandbox.vendor)!;
  const connectionId = await tenant.connect(sandbox, EVERYTHING[sandbox.vendor]);
  expect((await tenant.sync(connectionId)).status).toBe('succeeded');
  const [location] = await tenant.all<Shown<'locations'>>(`/v1/locations?connectionId=${connectionId}`);
  const { writableFields } = vendor.capabilities.clients!;
  personal.set(`${sandbox.vendor} phone`, PHONES[sandbox.vendor]!);
  const wanted = { ...PERSON, phone: PHONES[sandbox.vendor], locationId: location!.id };
  const body = Object.fromEntries(Object.entries(wanted).filter(([name]) => writableFields.includes(name)));
  const { id } = (
    await tenant.call<{ id: string }>('POST', '/v1/clients', {
      body: { connectionId, ...body },
      headers: { 'idempotency-key': `planted ${sandbox.vendor}` },
    })
  ).need(201);
  await tenant.call('PATCH', `/v1/clients/${id}`, { body: { lastName: `${PERSON.lastName}-Two` } });
  await tenant.call('GET', `/v1/clients?q=${PERSON.lastName}&email=${encodeURIComponent(PERSON.email)}`);
  await tenant.call('GET', `/v1/clients?phone=${encodeURIComponent(PHONES[sandbox.vendor]!)}&limit=0`);
  await tenant.call('POST', '/v1/clients', { body: { connectionId, ...body, shoeSize: PERSON.notes } });
  await tenant.call('POST', '/v1/clients', { raw: JSON.stringify({ connectionId, ...body }).slice(0, -1) });
  for (const fault of echoes(clinic)) {
    sandbox.fail({ fault, times: 4 });
    const asked = { method: 'GET', path: '/nothing', query: { name: PERSON.lastName } };
    await tenant.call('POST', `/v1/connections/${connectionId}/passthrough`, { body: asked });
    // After a 5xx nobody knows whether it was written, and the gateway would go on looking for it.
    if (fault.kind === 'status' && fault.status < 500)
      await tenant.call('PATCH', `/v1/clients/${id}`, { body: { lastName: PERSON.lastName } });
    sandbox.heal();
  }
  await tenant.call('PATCH', `/v1/connections/${connectionId}`, {
    body: { credentials: sandbox.credentials },
  });
  await tenant.call('DELETE', `/v1/clients/${id}`);
}

beforeAll(async () => {
  receiver = await startReceiver();
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 6, appointments: 12 })));
  const env = {
    LOG_LEVEL: 'debug',
    WEBHOOK_HOST_ALLOWLIST: receiver.host,
    ENCRYPTION_KEYS: `a:${Buffer.from('first-key-of-thirty-two-bytes-01').toString('base64')}`,
  };
  gateway = await startGateway(
    clinics.map(({ sandbox }) => sandbox),
    env,
  );
  tenant = await gateway.tenant('Northside Clinics');
  secrets = secretsOf({ ...env, ADMIN_API_KEY: gateway.operatorKey, DATABASE_URL: gateway.database.url });
  for (const { sandbox } of clinics)
    for (const [name, value] of Object.entries(sandbox.credentials))
      if (!/mail|clientId/i.test(name)) secrets.set(`${sandbox.vendor} ${name}`, String(value));
  const thin = await subscribe(tenant, receiver.url('/thin'));
  const rotated = (await tenant.call<ShownEndpoint>('POST', `${ENDPOINTS}/${thin.id}/rotate-secret`)).need(
    200,
  );
  webhookSecrets.set('first', thin.secret).set('second', rotated.secret);
  for (const clinic of clinics) await story(clinic);
  await until(
    () => deliveriesOf(tenant, thin.id),
    (all) => all.length > 4 && all.every(({ status }) => status === 'delivered'),
    20_000,
  );
  await until(
    () => gateway.rows<{ n: string }>("select count(*) as n from audit_events where action like 'client.%'"),
    ([row]) => Number(row!.n) > 20,
  );
  tables = await textsOfTables(gateway);
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  receiver.close();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

const everySecret = (): Map<string, string> => new Map([...secrets, ...webhookSecrets]);

it('the person was there, and the secrets were used', () => {
  expect(leaksIn(tables.get('public.raw_records')!, personal)).toEqual(
    expect.arrayContaining(['lastName', 'email']),
  );
  expect(leaksIn(answered.join('\n'), personal).length).toBeGreaterThan(4);
  expect(answered.join('\n')).toContain('"vendor"');
  expect(receiver.at('/thin').length).toBeGreaterThan(4);
  expect(secrets.size).toBeGreaterThan(6);
});

it('no log line, no metric and no argument of the process holds a secret or a word of a person', async () => {
  const { text } = await gateway.as(null)('GET', '/metrics');
  const argv = readFileSync(`/proc/${String(gateway.pid)}/cmdline`, 'utf8');
  const spoken = [...gateway.log, text, argv].join('\n');
  expect(gateway.log.length).toBeGreaterThan(100);
  expect(leaksIn(spoken, new Map([...everySecret(), ...personal]))).toEqual([]);
});

it('no answer repeats a secret, whatever the vendor said, but for the one that shows it first', () => {
  expect(answered.filter((text) => leaksIn(text, secrets).length > 0)).toEqual([]);
  expect(answered.filter((text) => leaksIn(text, webhookSecrets).length > 0)).toHaveLength(2);
});

it('no table holds a secret, and a person stands where she belongs alone', () => {
  for (const [name, text] of tables) {
    expect([name, leaksIn(text, everySecret())]).toEqual([name, []]);
    if (!HOMES.test(name)) expect([name, leaksIn(text, personal)]).toEqual([name, []]);
  }
});

it('a thin webhook names nobody', () => {
  const sent = receiver.at('/thin').map(({ body, headers }) => body + JSON.stringify(headers));
  expect(leaksIn(sent.join('\n'), new Map([...everySecret(), ...personal]))).toEqual([]);
});

it('a gateway whose log names its key does not stop as if nothing had happened', async () => {
  const careless = await startGateway();
  (careless.log as string[]).push(`{"msg":"Bearer ${careless.operatorKey}"}`);
  await expect(careless.stop()).rejects.toThrow("the operator's key");
});
