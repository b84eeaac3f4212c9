import { VENDORS } from '../../src/vendors/registry';
import { openDesk, writesAt, type Desk } from '../support/bookings';
import type { Answer, Shown, ShownConnection } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { documentOf, operationsOf } from '../support/openapi';
import { until } from '../support/until';

type Appointment = Shown<'appointments'>;

const VENDOR = 'cliniko';
/** The lists in which a lost create is looked for. */
const LOOKS = '_appointments';
const TRIES = 50;
const PARALLEL = 20;

let gateway: Gateway;
let clinic: Clinic;
let tenant: TestTenant;
let desk: Desk;
let keys = 0;
const key = (): Record<string, string> => ({ 'idempotency-key': `key ${String((keys += 1))}` });

beforeAll(async () => {
  clinic = await startClinic(VENDOR, { clients: 20, appointments: 40 });
  gateway = await startGateway([clinic.sandbox], { WRITE_LOOKS_SECONDS: '0.1,0.3,3.5,4,5' });
  tenant = await gateway.tenant('Northside Clinics');
  desk = await openDesk(tenant, clinic, VENDORS.get(VENDOR)!);
});
afterAll(async () => {
  await gateway.stop();
  await clinic.sandbox.close();
});
afterEach(() => {
  clinic.sandbox.heal();
});

const book = (body: object, headers: Record<string, string>): Promise<Answer<Appointment>> =>
  desk.post('/v1/appointments', body, headers);
const codes = (answers: readonly Answer<unknown>[]): string[] =>
  answers.map(({ status, problem }) => (status < 400 ? String(status) : problem.code)).sort();

describe('an Idempotency-Key', () => {
  it('gives the first answer again, byte for byte, and asks the vendor once', async () => {
    const [body, same] = [desk.visit(), key()];
    const before = writesAt(desk);
    const first = await book(body, same);
    expect(first.status).toBe(201);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    for (let i = 0; i < 3; i += 1) {
      const again = await book(body, same);
      expect([again.status, again.text]).toEqual([201, first.text]);
      for (const header of ['etag', 'location', 'content-type'])
        expect(again.headers.get(header)).toBe(first.headers.get(header));
      expect(again.headers.get('idempotent-replayed')).toBe('true');
    }
    expect(writesAt(desk)).toBe(before + 1);
  });

  it('serves one request: another body, or another path, is refused', async () => {
    const [body, same] = [desk.visit(), key()];
    const made = (await book(body, same)).need(201);
    const others = [
      await book({ ...body, notes: 'other' }, same),
      await desk.post(`/v1/appointments/${made.id}/cancel`, {}, same),
    ];
    expect(others.map(({ status, problem }) => [status, problem.code])).toEqual([
      [422, 'idempotency_key_reused'],
      [422, 'idempotency_key_reused'],
    ]);
  });

  it('belongs to one tenant', async () => {
    const same = key();
    const rival = await gateway.tenant('Rival Clinics');
    const theirs = await openDesk(rival, clinic, VENDORS.get(VENDOR)!);
    const first = await book(desk.visit(), same);
    const second = await theirs.post<Appointment>('/v1/appointments', theirs.visit(), same);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.need(201).id).not.toBe(first.need(201).id);
  });

  it('lets twenty at once through once', async () => {
    const [body, same] = [desk.visit(), key()];
    const before = writesAt(desk);
    const answers = await Promise.all(Array.from({ length: PARALLEL }, () => book(body, same)));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    expect(new Set(codes(answers.filter(({ status }) => status !== 201)))).toEqual(
      made.length === PARALLEL ? new Set() : new Set(['idempotency_in_progress']),
    );
    expect(writesAt(desk)).toBe(before + 1);
    expect((await book(body, same)).text).toBe(made[0]!.text);
  });

  it('keeps a refusal, the vendor’s and ours, with its request id', async () => {
    clinic.sandbox.fail({
      fault: {
        kind: 'status',
        status: 422,
        body: { message: 'Validation Failed', errors: { starts_at: 'is in a holiday' } },
      },
      method: 'POST',
      path: 'individual_appointments',
    });
    const [body, same] = [desk.visit(), key()];
    const refused = await book(body, same);
    expect(refused.problem).toMatchObject({
      code: 'vendor_rejected',
      origin: 'vendor',
      errors: [{ pointer: '/start', code: 'vendor_rejected' }],
    });
    expect((await book(body, same)).text).toBe(refused.text);
    const [wrong, other] = [desk.visit({ title: 'Cliniko has none' }), key()];
    const ours = await book(wrong, other);
    expect(ours.problem.code).toBe('capability_not_supported');
    expect((await book(wrong, other)).text).toBe(ours.text);
  });

  it('may try again after a failure in which nothing was sent', async () => {
    const [body, same] = [desk.visit(), key()];
    clinic.sandbox.fail({
      fault: { kind: 'status', status: 429, headers: { 'retry-after': '6' } },
      times: 50,
    });
    const limited = await book(body, same);
    expect([limited.status, limited.problem.code]).toEqual([503, 'vendor_rate_limited']);
    clinic.sandbox.heal();
    const before = writesAt(desk);
    const made = await until(
      () => book(body, same),
      ({ status }) => status === 201,
      30_000,
    );
    expect(made.status).toBe(201);
    expect(writesAt(desk)).toBe(before + 1);
  }, 60_000);

  it('serves the other POSTs too, and keeps what they show once sealed', async () => {
    const same = key();
    const body = { name: 'reader', scopes: ['read'] };
    const path = `/v1/tenants/${tenant.id}/api-keys`;
    const first = await gateway.operator<{ key: string }>('POST', path, { body, headers: same });
    const again = await gateway.operator<{ key: string }>('POST', path, { body, headers: same });
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const kept = await gateway.rows<{ answer: string }>(
      'select answer::text from idempotency_keys where answer is not null',
    );
    expect(kept.filter(({ answer }) => answer.includes(first.need(201).key))).toEqual([]);
  });

  it('is read by every operation that documents it', async () => {
    const operations = operationsOf(await documentOf(gateway)).filter(({ parameters = [] }) =>
      parameters.some(({ name }) => name === 'Idempotency-Key'),
    );
    expect(operations.length).toBeGreaterThan(10);
    for (const { method, path, requestBody } of operations) {
      const call = path.startsWith('/v1/tenants') ? gateway.operator : tenant.call;
      const { problem } = await call(method, path.replace(/\{\w+\}/g, tenant.id), {
        headers: { 'idempotency-key': 'x'.repeat(256) },
        ...(requestBody ? { body: {} } : {}),
      });
      expect([method, path, problem.errors?.[0]?.parameter]).toEqual([method, path, 'Idempotency-Key']);
    }
  });

  it.each(['x'.repeat(256), 'na\u00efve'])('is refused as %p', async (bad) => {
    const { status, problem } = await book(desk.visit(), { 'idempotency-key': bad });
    expect([status, problem.code, problem.errors?.[0]?.parameter]).toEqual([
      400,
      'validation_failed',
      'Idempotency-Key',
    ]);
  });
});

describe('an outcome that nobody knows', () => {
  it('is told as such, held for the key, and found out in the background', async () => {
    const [body, same] = [desk.visit(), key()];
    const before = writesAt(desk);
    // The answer is lost, and the vendor is silent while the caller waits.
    clinic.sandbox.fail({ fault: { kind: 'lost_answer' }, method: 'POST', path: 'individual_appointments' });
    clinic.sandbox.fail({ fault: { kind: 'status', status: 503 }, method: 'GET', path: LOOKS, times: 500 });
    const unknown = await book(body, same);
    expect([unknown.status, unknown.problem.code, unknown.problem.outcome]).toEqual([
      504,
      'vendor_timeout',
      'unknown',
    ]);
    const meanwhile = await book(body, same);
    expect([meanwhile.status, meanwhile.problem.code]).toEqual([409, 'idempotency_in_progress']);
    clinic.sandbox.heal();
    const known = await until(
      () => book(body, same),
      ({ status }) => status !== 409,
      20_000,
    );
    expect(known.need(201)).toMatchObject({ start: body['start'], clientId: body['clientId'] });
    expect(known.headers.get('idempotent-replayed')).toBe('true');
    expect(writesAt(desk)).toBe(before + 1);
  });

  it('of what the vendor never got ends as not done, and the key may try again', async () => {
    const [body, same] = [desk.visit(), key()];
    const before = writesAt(desk);
    clinic.sandbox.fail({ fault: { kind: 'reset' }, method: 'POST', path: 'individual_appointments' });
    expect((await book(body, same)).problem.outcome).toBe('unknown');
    expect(writesAt(desk)).toBe(before);
    const made = await until(
      () => book(body, same),
      ({ status }) => status !== 409,
      20_000,
    );
    expect(made.status).toBe(201);
    expect(writesAt(desk)).toBe(before + 1);
  });

  it('is found out after the process was killed in the middle', async () => {
    const [body, same] = [desk.visit(), key()];
    const before = writesAt(desk);
    clinic.sandbox.fail({ fault: { kind: 'slow', ms: 60_000 }, method: 'GET', path: 'conflicts', times: 5 });
    const lost = book(body, same).catch(() => null);
    await until(
      () => Promise.resolve(writesAt(desk)),
      (count) => count > before,
      10_000,
    );
    await gateway.kill('SIGKILL');
    await lost;
    clinic.sandbox.heal();
    await gateway.restart();
    const known = await until(
      () => book(body, same),
      ({ status }) => status !== 409,
      40_000,
    );
    expect(known.need(201).start).toBe(body['start']);
    expect(writesAt(desk)).toBe(before + 1);
  }, 90_000);

  it('that two records fit is nobody’s guess', async () => {
    const body = desk.visit();
    const twin = desk.visit({ ...body });
    const before = writesAt(desk);
    clinic.sandbox.fail({
      fault: { kind: 'lost_answer' },
      method: 'POST',
      path: 'individual_appointments',
      times: 2,
    });
    clinic.sandbox.fail({ fault: { kind: 'status', status: 503 }, method: 'GET', path: LOOKS, times: 500 });
    const [first, second] = [key(), key()];
    await Promise.all([book(body, first), book(twin, second)]);
    clinic.sandbox.heal();
    const answers = await Promise.all(
      [first, second].map((one, i) =>
        until(
          () => book(i === 0 ? body : twin, one),
          ({ problem, status }) => status < 400 || problem.code !== 'idempotency_in_progress',
          20_000,
        ),
      ),
    );
    expect(codes(answers)).toEqual(['conflict', 'conflict']);
    const { warnings } = (
      await tenant.call<ShownConnection>('GET', `/v1/connections/${desk.connectionId}`)
    ).need(200);
    expect(warnings.filter(({ code }) => code === 'ambiguous_write')).toHaveLength(2);
    expect(writesAt(desk)).toBe(before + 2);
  });
});

describe('parallel changes', () => {
  it('book a practitioner once under conflictPolicy: reject, out of fifty tries', async () => {
    const time = desk.time();
    const before = writesAt(desk);
    const answers = await Promise.all(
      Array.from({ length: TRIES }, () => book(desk.visit({ ...time, conflictPolicy: 'reject' }), {})),
    );
    expect(codes(answers)).toEqual(['201', ...Array.from({ length: TRIES - 1 }, () => 'slot_conflict')]);
    expect(writesAt(desk)).toBe(before + 1);
    // Half over it is over it; next to it is not.
    const [start, end] = [Date.parse(time.start), Date.parse(time.end)];
    const at = (from: number, to: number): object =>
      desk.visit({
        start: new Date(from).toISOString(),
        end: new Date(to).toISOString(),
        conflictPolicy: 'reject',
      });
    const half = (end - start) / 2;
    expect((await book(at(start + half, end + half), {})).problem.code).toBe('slot_conflict');
    expect((await book(at(end, end + half), {})).status).toBe(201);
    // The vendor alone would take it.
    expect((await book(desk.visit(time), {})).status).toBe(201);
  });

  it('move an appointment once with If-Match, and lose nothing without', async () => {
    const booked = await desk.book();
    const path = `/v1/appointments/${booked.id}`;
    const guarded = await Promise.all(
      Array.from({ length: 10 }, () => desk.patch(path, desk.time(), { 'if-match': '"1"' })),
    );
    expect(codes(guarded)).toEqual(['200', ...Array.from({ length: 9 }, () => 'version_mismatch')]);
    const time = desk.time();
    const both = await Promise.all([desk.patch(path, time), desk.patch(path, { notes: 'Wheelchair' })]);
    expect(codes(both)).toEqual(['200', '200']);
    const after = (await tenant.call<Appointment>('GET', path)).need(200);
    expect(after).toMatchObject({ ...time, notes: 'Wheelchair', version: 4 });
    for (const call of [
      tenant.call('DELETE', path, { headers: { 'if-match': '"1"' } }),
      desk.post(`${path}/cancel`, {}, { 'if-match': '"1"' }),
    ])
      expect((await call).problem.code).toBe('version_mismatch');
  });
});

describe('what is wrong', () => {
  it('with a reference looks the same whether it is another’s or nobody’s, and nothing is sent', async () => {
    const rival = await gateway.tenant('Rival Clinics');
    const theirs = await openDesk(rival, clinic, VENDORS.get(VENDOR)!);
    const foreign = (await theirs.newClient()).id;
    const before = writesAt(desk);
    const answers = [];
    for (const clientId of [foreign, '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41'])
      answers.push(await book(desk.visit({ clientId }), {}));
    for (const { status, problem } of answers)
      expect([status, problem.code, problem.errors?.[0]?.pointer]).toEqual([404, 'not_found', '/clientId']);
    const strange = await book(desk.visit({ connectionId: theirs.connectionId }), {});
    expect([strange.status, strange.problem.code]).toEqual([404, 'not_found']);
    expect(writesAt(desk)).toBe(before);
  });

  it.each([
    ['an end before the start', { start: '2030-01-07T10:00:00Z', end: '2030-01-07T09:00:00Z' }, '/end'],
    ['a time without an offset', { start: '2030-01-07T10:00:00' }, '/start'],
    ['a day that does not exist', { start: '2030-02-30T10:00:00Z' }, '/start'],
    ['an unknown field', { starts: '2030-01-07T10:00:00Z' }, '/starts'],
    ['a status that is none', { status: 'confirmed' }, '/status'],
    ['a colour that is none', { color: 'red' }, '/color'],
  ])('with %s is named, and nothing is sent', async (_about, named, pointer) => {
    const before = clinic.sandbox.requests.length;
    const { status, problem } = await book(desk.visit(named), {});
    expect([status, problem.code, problem.errors?.map((one) => one.pointer)]).toEqual([
      400,
      'validation_failed',
      [pointer],
    ]);
    expect(clinic.sandbox.requests.length).toBe(before);
  });
});
