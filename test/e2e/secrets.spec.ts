import type { ResourceName } from '../../src/canonical/index';
import type { Fault } from '../../src/vendors/kit/sandbox';
import type { State as PexipState } from '../../src/vendors/pexip/sandbox/state';
import { schemaOf } from '../../src/vendors/kit/config-schema';
import { CASES } from '../contract/vendors';
import { FOR_GOOD, startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { FRESH, answered, type Shown, type ShownConnection } from '../support/calls';
import { leaksIn, spoiltCredentials } from '../support/secrets';
import { textsOfTables } from '../support/tables';

const BAD = 'Wr0ng/Secret+Value';
const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 401 },
  { kind: 'status', status: 403 },
  { kind: 'status', status: 422 },
  { kind: 'status', status: 500 },
  { kind: 'reset' },
  { kind: 'html' },
  { kind: 'truncated' },
];

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;
/** Everything that must be seen nowhere, by what it is. */
const secrets = new Map<string, string>();
/** Shown once, in the answer that made them. */
const keys = new Map<string, string>();
let tables: Map<string, string>;
let metrics: string;

/** The credentials that the vendor's schema calls secret. */
const secretNames = (vendor: (typeof CASES)[number]['vendor']): string[] => {
  const { properties } = schemaOf(vendor.credentials) as {
    properties: Record<string, { writeOnly?: boolean }>;
  };
  return Object.entries(properties).flatMap(([name, { writeOnly }]) => (writeOnly ? [name] : []));
};

/** A vendor that repeats in its words whatever it was sent. */
const echo = (clinic: Clinic): Fault => ({
  kind: 'status',
  status: 422,
  body: {
    message: Object.values(clinic.sandbox.credentials).join(' '),
    error: `no user for ${new URLSearchParams(clinic.sandbox.credentials as Record<string, string>).toString()}`,
  },
});

/** Makes a connection do everything that it can, well and badly. */
async function exercise(clinic: Clinic): Promise<void> {
  const { sandbox } = clinic;
  const id = await tenant.connect(sandbox);
  const path = `/v1/connections/${id}`;
  await tenant.call('POST', `${path}/check`);
  await tenant.sync(id);
  const [client] = await tenant.all<Shown<ResourceName>>(`/v1/clients?connectionId=${id}&include=remote`);
  await tenant.call('GET', `/v1/clients/${client!.id}`, FRESH);
  for (const fault of [...FAULTS, echo(clinic)]) {
    sandbox.fail({ fault, times: FOR_GOOD });
    await tenant.call('GET', `/v1/clients/${client!.id}`, FRESH);
    await tenant.call('POST', `${path}/check`);
    await tenant.sync(id, { mode: 'full', resources: ['clients'] });
    sandbox.heal();
  }
  const credentials = spoiltCredentials(sandbox.credentials);
  await tenant.call('PATCH', path, { body: { credentials } });
  await tenant.call('POST', `${path}/check`);
  await tenant.sync(id);
  const shown = (await tenant.call<ShownConnection>('GET', path)).need(200);
  expect(shown).toMatchObject({ status: 'failing', lastError: { code: 'vendor_auth_failed' } });
  for (const wrong of [{ note: BAD }, { ...sandbox.credentials, note: BAD }, BAD, [BAD]]) {
    const { status } = await tenant.call('PATCH', path, { body: { credentials: wrong } });
    expect(status).toBe(400);
  }
  const raw = `{"credentials": {"password": "${BAD}", `;
  expect((await tenant.call('PATCH', path, { raw })).status).toBe(400);
}

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 12, appointments: 20 })));
  const encryptionKey = Buffer.from('an-encryption-key-of-32-bytes!!!').toString('base64');
  gateway = await startGateway(
    clinics.map(({ sandbox }) => sandbox),
    { LOG_LEVEL: 'debug', ENCRYPTION_KEYS: `test:${encryptionKey}` },
  );
  tenant = await gateway.tenant('Northside Clinics');
  keys.set("a tenant's key", await tenant.key(['read']));
  const reader = gateway.as(keys.get("a tenant's key")!);
  await reader('GET', '/v1/clients');
  await reader('POST', '/v1/connections', { body: {} });
  await gateway.as(`${keys.get("a tenant's key")!}x`)('GET', '/v1/clients');
  secrets.set("the operator's key", gateway.operatorKey);
  secrets.set('the encryption key', 'an-encryption-key-of-32-bytes!!!');
  secrets.set('a refused value', BAD);
  for (const { name, vendor } of CASES) {
    const clinic = clinics.find(({ sandbox }) => sandbox.vendor === name)!;
    for (const secret of secretNames(vendor)) {
      const value = clinic.sandbox.credentials[secret];
      if (typeof value !== 'string') continue;
      secrets.set(`${name} ${secret}`, value);
      secrets.set(`${name} ${secret}, wrong`, String(spoiltCredentials({ value })['value']));
    }
    await exercise(clinic);
  }
  const pexip = clinics.find(({ sandbox }) => sandbox.vendor === 'pexip')!.sandbox as unknown as {
    state: PexipState;
  };
  for (const token of pexip.state.tokens.keys()) secrets.set(`pexip token ${token.slice(0, 12)}`, token);
  metrics = (await gateway.as(null)('GET', '/metrics')).text;
  tables = await textsOfTables(gateway);
}, 180_000);
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

/** Which of the secrets stand in a text, in whatever form. */
const leaks = (text: string, among: ReadonlyMap<string, string> = secrets): string[] => leaksIn(text, among);

it('there is something to be found, and somewhere to look', () => {
  for (const { name } of CASES) expect([...secrets.keys()].some((what) => what.startsWith(name))).toBe(true);
  expect([...secrets.keys()].filter((what) => what.startsWith('pexip token')).length).toBeGreaterThan(0);
  expect(gateway.log.length).toBeGreaterThan(200);
  expect(answered.length).toBeGreaterThan(200);
  expect(metrics).toContain('gateway_vendor_call_duration_seconds_count');
  expect(tables.get('public.connections')).toContain('vendor_auth_failed');
  expect(leaks(JSON.stringify([...secrets.values()]))).toEqual([...secrets.keys()]);
});

it('no log line holds a secret', () => {
  expect(gateway.log.filter((line) => leaks(line).length > 0 || leaks(line, keys).length > 0)).toEqual([]);
});

it('no answer holds a secret', () => {
  expect(answered.filter((text) => leaks(text).length > 0)).toEqual([]);
  expect(answered.filter((text) => leaks(text, keys).length > 0)).toHaveLength(1);
});

it('no metric holds a secret', () => {
  expect(leaks(metrics)).toEqual([]);
});

it('no table holds a secret', () => {
  for (const [name, text] of tables) expect([name, leaks(text), leaks(text, keys)]).toEqual([name, [], []]);
});

it('neither logs nor metrics name a client', async () => {
  const clients = await tenant.all<Shown<'clients'>>('/v1/clients?includeDeleted=true');
  const personal = clients.flatMap(({ email, phone, phoneRaw, fullName }) => [
    email,
    phone,
    phoneRaw,
    fullName,
  ]);
  const words = [...new Set(personal)].filter((word) => word !== null && word.length > 6);
  expect(words.length).toBeGreaterThan(50);
  const spoken = [...gateway.log, metrics].join('\n');
  expect(words.filter((word) => spoken.includes(word!))).toEqual([]);
});

it('every log line is JSON', () => {
  const odd = gateway.log.filter((line) => {
    try {
      return typeof (JSON.parse(line) as { msg?: unknown }).msg !== 'string';
    } catch {
      return true;
    }
  });
  expect(odd).toEqual([]);
});
