import { randomUUID } from 'node:crypto';
import type { PengaState } from '../../src/vendors/penga/sandbox/state';
import type { State as PexipState } from '../../src/vendors/pexip/sandbox/state';
import type { Fault } from '../../src/vendors/kit/sandbox';
import { auditOf } from '../support/audit';
import type { Answer, Shown, ShownConnection } from '../support/calls';
import { startClinic } from '../support/clinics';
import { startGateway } from '../support/gateway';
import { until } from '../support/until';
import { openPassages, type Passages, type Passed } from '../support/passthrough';

let passages: Passages;

beforeAll(async () => {
  passages = await openPassages();
}, 60_000);
afterAll(() => passages.stop());
afterEach(() => passages.recover());

describe('reaches what the canonical model does not cover', () => {
  it('Penga: templates of text messages, and notes', async () => {
    const template = { template_name: 'Reminder', template_body: 'See you tomorrow' };
    const made = await passages.done('penga', { method: 'POST', path: 'sms-templates', body: template });
    expect(made).toMatchObject({ status: 200, body: template });
    const { external_id: id } = made.body as { external_id: string };
    const read = await passages.done('penga', { method: 'GET', path: `/sms-templates/${id}` });
    expect(read).toMatchObject({ status: 200, body: { external_id: id, ...template } });
    const changed = { ...template, template_body: 'See you soon' };
    await passages.done('penga', { method: 'PUT', path: `sms-templates/${id}`, body: changed });
    expect((await passages.done('penga', { method: 'DELETE', path: `sms-templates/${id}` })).body).toEqual({
      success: true,
    });
    const note = await passages.done('penga', { method: 'POST', path: 'notes', body: { note: 'Called' } });
    expect(note).toMatchObject({ status: 200, body: { note: 'Called' } });
    const ledger = passages.sandbox('penga').ledger.map(({ method, path }) => `${method} ${path}`);
    expect(ledger).toEqual([
      'POST /sms-templates',
      `PUT /sms-templates/${id}`,
      `DELETE /sms-templates/${id}`,
      'POST /notes',
    ]);
  });

  it('Cliniko: users, settings, daily availabilities, blocks', async () => {
    const settings = await passages.done('cliniko', { method: 'GET', path: 'settings/public' });
    expect(settings).toMatchObject({ status: 200, body: { account: { name: 'Harbour Health' } } });
    expect(settings.headers['content-type']).toMatch(/^application\/json/);
    const users = await passages.done('cliniko', { method: 'GET', path: '/users', query: { per_page: 1 } });
    expect((users.body as { users: object[] }).users).toHaveLength(1);
    const [business] = (await passages.tenant.all<Shown<'locations'>>('/v1/locations?vendor=cliniko')).map(
      ({ remoteId }) => remoteId,
    );
    const changed = await passages.done('cliniko', {
      method: 'PATCH',
      path: `businesses/${business!}`,
      body: { business_name: 'Harbour Health North' },
    });
    expect(changed).toMatchObject({ status: 200, body: { business_name: 'Harbour Health North' } });
    expect(passages.sandbox('cliniko').ledger.at(-1)).toMatchObject({ method: 'PATCH' });
  });

  it('Pexip: below the enterprise, when employees cannot be booked', async () => {
    // A token opens what it was asked for, and no more.
    const connection = `/v1/connections/${passages.connections.get('pexip')!}`;
    const { settings } = (await passages.tenant.call<ShownConnection>('GET', connection)).need(200);
    const scopes = [
      ...(settings['scopes'] as string[]),
      'engage:employees:readWrite',
      'engage:availability:readOnly',
    ];
    (await passages.tenant.call('PATCH', connection, { body: { settings: { scopes } } })).need(200);
    const [employee] = (
      await passages.tenant.all<Shown<'practitioners'>>('/v1/practitioners?vendor=pexip')
    ).map(({ remoteId }) => remoteId);
    const made = await passages.done('pexip', {
      method: 'POST',
      path: `employees/${employee!}/unavailability`,
      body: { startDate: '2031-05-05', endDate: '2031-05-07' },
    });
    expect(made.status).toBe(201);
    const window = { start: '2031-05-01T00:00:00.000Z', end: '2031-06-01T00:00:00.000Z' };
    const query = { ...window, 'type[]': ['USER_DEFINED', 'APPOINTMENT'] };
    const { body } = await passages.done('pexip', { method: 'GET', path: 'unavailability', query });
    expect((body as { data: unknown[] }).data).toEqual([(made.body as { data: unknown }).data]);
    expect(passages.sandbox('pexip').requests.at(-1)).toMatch(
      /^GET \/enterprises\/sandbox-clinic\/unavailability\?/,
    );
  });

  it('Progenda: the services of a calendar', async () => {
    const [calendar] = (
      await passages.tenant.all<Shown<'practitioners'>>('/v1/practitioners?vendor=progenda')
    ).map(({ remoteId }) => remoteId);
    const path = `calendars/${calendar!}/services`;
    const before = (await passages.done('progenda', { method: 'GET', path })).body as { services: object[] };
    const service = { name: 'Control', duration: 20, remote_id: 'control' };
    const made = await passages.done('progenda', {
      method: 'POST',
      path: `${path}_collections`,
      body: { services_collection: { services: [{ service }] } },
    });
    expect(made.status).toBe(200);
    const after = (await passages.done('progenda', { method: 'GET', path })).body as { services: object[] };
    expect(after.services).toHaveLength(before.services.length + 1);
    expect(JSON.stringify(after)).toContain('"remote_id":"control"');
  });

  it("the vendor's refusals are answers, with their words", async () => {
    const missing = await passages.done('cliniko', { method: 'GET', path: 'patients/404404' });
    expect(missing.status).toBe(404);
    const refused = await passages.done('cliniko', { method: 'POST', path: 'patients', body: {} });
    expect(refused).toMatchObject({ status: 422, body: { errors: { first_name: "can't be blank" } } });
    passages.sandbox('pexip').fail({ fault: { kind: 'status', status: 500, body: { oh: 'no' } }, times: 9 });
    const failed = await passages.done('pexip', { method: 'GET', path: 'offices' });
    expect(failed).toMatchObject({ status: 500, body: { oh: 'no' } });
  });

  it('HEAD has a status and headers alone', async () => {
    passages.sandbox('cliniko').fail({
      fault: { kind: 'status', status: 204, headers: { etag: '"7"' }, body: '' },
      method: 'HEAD',
    });
    const answer = await passages.done('cliniko', { method: 'HEAD', path: 'patients' });
    expect(answer).toMatchObject({ status: 204, headers: { etag: '"7"' }, body: null });
  });

  it('integers beyond 2^53 come digit for digit', async () => {
    const big = '9007199254740993123';
    passages
      .sandbox('cliniko')
      .fail({ fault: { kind: 'status', status: 200, body: `{"id": ${big}, "n": 5}` } });
    expect((await passages.done('cliniko', { method: 'GET', path: 'users' })).body).toEqual({
      id: big,
      n: 5,
    });
  });

  it('a body that is no JSON is base64', async () => {
    passages.sandbox('cliniko').fail({ fault: { kind: 'html' } });
    const { body, encoding } = await passages.done('cliniko', { method: 'GET', path: 'users' });
    expect(encoding).toBe('base64');
    expect(Buffer.from(String(body), 'base64').toString()).toBe('<html><body>Be right back</body></html>');
  });
});

describe('when the vendor is in trouble', () => {
  it('a read is tried again, a write never', async () => {
    passages.sandbox('penga').fail({ fault: { kind: 'reset' }, times: 2 });
    expect((await passages.done('penga', { method: 'GET', path: 'sms-templates' })).status).toBe(200);
    passages.sandbox('penga').heal();
    const body = { note: 'once' };
    for (const [method, path] of [
      ['POST', 'notes'],
      ['PUT', 'notes/N-1'],
      ['DELETE', 'notes/N-1'],
    ] as const) {
      passages.sandbox('penga').fail({ fault: { kind: 'status', status: 503 }, method });
      const seen = await passages.seenBy('penga', async () => {
        expect((await passages.done('penga', { method, path, body })).status).toBe(503);
      });
      expect(seen).toHaveLength(1);
    }
  });

  it.each<[string, Fault]>([
    ['an answer that is lost', { kind: 'lost_answer' }],
    ['an answer that breaks off', { kind: 'truncated' }],
  ])('%s leaves a write unknown, and says so', async (_what, fault) => {
    const before = passages.sandbox('penga').ledger.length;
    passages.sandbox('penga').fail({ fault, method: 'POST' });
    const answer = await passages.pass('penga', { method: 'POST', path: 'notes', body: { note: 'lost' } });
    expect([answer.status, answer.problem]).toMatchObject([
      504,
      { code: 'vendor_timeout', outcome: 'unknown', origin: 'vendor', vendor: { name: 'penga' } },
    ]);
    expect(passages.sandbox('penga').ledger.length).toBe(before + 1);
    const [event] = await auditOf(passages.tenant.call, answer);
    expect(event).toMatchObject({
      outcome: 'unknown',
      status: 504,
      detail: { method: 'POST', vendorStatus: null },
    });
    passages.sandbox('penga').fail({ fault, method: 'GET', times: 3 });
    const read = await passages.pass('penga', { method: 'GET', path: 'notes/search' });
    expect([read.status, 'outcome' in read.problem]).toEqual([fault.kind === 'truncated' ? 502 : 503, false]);
  });

  it('a write that never left is not unknown', async () => {
    const other = await startClinic('cliniko', { clients: 1, appointments: 1 });
    const port = new URL(passages.sandbox('cliniko').baseUrl).port;
    const lone = await startGateway([other.sandbox], {});
    const somebody = await lone.tenant('Eastside');
    const id = await somebody.connect(other.sandbox);
    await other.sandbox.close();
    const send = () =>
      somebody.call('POST', `/v1/connections/${id}/passthrough`, {
        body: { method: 'POST', path: 'patients', body: {} },
        headers: { 'idempotency-key': 'never left' },
      });
    const answers = [await send(), await send()];
    await lone.stop();
    for (const { status, problem, headers } of answers)
      expect([status, problem.code, 'outcome' in problem, headers.get('idempotent-replayed')]).toEqual([
        503,
        'vendor_unavailable',
        false,
        null,
      ]);
    expect(port).not.toBe('');
  });

  it('a token that no longer serves is renewed once, and what the vendor then says is the answer', async () => {
    const { state } = passages.sandbox('pexip') as unknown as { state: PexipState };
    await passages.done('pexip', { method: 'GET', path: 'offices' });
    state.tokens.clear();
    const seen = await passages.seenBy('pexip', async () => {
      expect((await passages.done('pexip', { method: 'GET', path: 'offices' })).status).toBe(200);
    });
    expect(seen.map((request) => request.replace(/^(\w+) .*\/(\w+)$/, '$1 $2'))).toEqual([
      'GET offices',
      'POST token',
      'GET offices',
    ]);
    passages.sandbox('pexip').fail({ fault: { kind: 'status', status: 401 }, path: 'offices', times: 9 });
    expect((await passages.done('pexip', { method: 'GET', path: 'offices' })).status).toBe(401);
  });
});

describe('under an Idempotency-Key', () => {
  const writes = (): number => passages.sandbox('penga').ledger.length;
  const send = (key: string): Promise<Answer<Passed>> =>
    passages.tenant.call<Passed>('POST', passages.path('penga'), {
      body: { method: 'POST', path: 'notes', body: { note: key } },
      headers: { 'idempotency-key': key },
    });
  const replayed = ({ headers }: Answer<unknown>): boolean => headers.has('idempotent-replayed');

  it('a write happens once, and its answer is given again', async () => {
    const before = writes();
    const [first, second] = [await send('twice'), await send('twice')];
    expect([second.text, replayed(first), replayed(second)]).toEqual([first.text, false, true]);
    expect([first.need(200).status, writes()]).toEqual([200, before + 1]);
  });

  it('a write of which nobody knows is not sent again; with another key it is', async () => {
    const before = writes();
    passages.sandbox('penga').fail({ fault: { kind: 'lost_answer' }, method: 'POST' });
    const [first, second] = [await send('lost'), await send('lost')];
    expect([first.status, first.problem.outcome, second.text, replayed(second)]).toEqual([
      504,
      'unknown',
      first.text,
      true,
    ]);
    expect(writes()).toBe(before + 1);
    (await send('found to be lost')).need(200);
    expect(writes()).toBe(before + 2);
  });

  it('a write whose process was killed is not sent again either', async () => {
    const before = writes();
    passages.sandbox('penga').fail({ fault: { kind: 'drip', ms: 8_000 }, method: 'POST' });
    const lost = send('killed').catch(() => null);
    await until(writes, (count) => count > before);
    expect((await send('killed')).problem.code).toBe('idempotency_in_progress');
    await passages.gateway.kill('SIGKILL');
    await lost;
    passages.heal();
    await passages.gateway.restart();
    expect((await send('killed')).problem.code).toBe('idempotency_in_progress');
    // As if its time were over: nobody holds the key any more.
    await passages.gateway.rows("update idempotency_keys set held_until = now() where key = 'killed'");
    const { status, problem, ...answer } = await send('killed');
    expect([status, problem.code, problem.outcome, writes()]).toEqual([
      504,
      'vendor_timeout',
      'unknown',
      before + 1,
    ]);
    expect(replayed(answer as Answer<unknown>)).toBe(true);
  });
});

describe('who may', () => {
  it('only a key with the scope: Penga has a GET that changes its state', async () => {
    const { state } = passages.sandbox('penga') as unknown as { state: PengaState };
    const [user] = state.users.rows.slice(-1);
    await passages.done('penga', { method: 'DELETE', path: `user/${user!.external_id}` });
    expect(user!.deleted_at).not.toBeNull();
    const undelete = { method: 'GET', path: `user/undelete/${user!.external_id}` };
    for (const scopes of [['read'], ['read', 'write'], ['manage']] as const) {
      const weak = passages.gateway.as(await passages.tenant.key(scopes));
      const answer = await weak('POST', passages.path('penga'), { body: undelete });
      expect([answer.status, answer.problem.code]).toEqual([403, 'forbidden']);
      expect((await auditOf(passages.tenant.call, answer))[0]).toMatchObject({
        outcome: 'refused',
        status: 403,
        connectionId: passages.connections.get('penga'),
      });
    }
    expect(user!.deleted_at).not.toBeNull();
    const strong = passages.gateway.as(await passages.tenant.key(['passthrough']));
    const answer = await strong<Passed>('POST', passages.path('penga'), { body: undelete });
    expect(answer.need(200)).toMatchObject({ status: 200, body: { success: true } });
    expect(user!.deleted_at).toBeNull();
  });

  it("nobody else's connection, and none that is switched off", async () => {
    const body = { method: 'GET', path: 'user' };
    const other = await passages.gateway.tenant('Southside Clinics');
    expect((await other.call('POST', passages.path('penga'), { body })).status).toBe(404);
    const unknown = await passages.tenant.call('POST', `/v1/connections/${randomUUID()}/passthrough`, {
      body,
    });
    expect(unknown.status).toBe(404);
    const id = await passages.tenant.connect(passages.sandbox('penga'));
    await passages.tenant.call('PATCH', `/v1/connections/${id}`, { body: { enabled: false } });
    const seen = await passages.seenBy('penga', async () => {
      const off = await passages.tenant.call('POST', `/v1/connections/${id}/passthrough`, { body });
      expect([off.status, off.problem.code]).toEqual([409, 'connection_disabled']);
    });
    expect(seen).toEqual([]);
  });
});

describe('the audit', () => {
  it("has a row for each call: its method, its path without names, the vendor's status and the client", async () => {
    const [client] = await passages.tenant.all<Shown<'clients'>>('/v1/clients?vendor=penga');
    const calls = [
      [{ method: 'GET', path: `clients/${client!.remoteId}` }, `/clients/${client!.remoteId}`, 200, 'done'],
      [{ method: 'GET', path: 'user/byname/annabel' }, '/user/byname/*', 404, 'refused'],
      [{ method: 'POST', path: 'notes', body: { note: 'x' } }, '/notes', 200, 'done'],
    ] as const;
    for (const [body, path, vendorStatus, outcome] of calls) {
      const answer = await passages.pass('penga', body);
      const events = await auditOf(passages.tenant.call, answer);
      expect(events).toMatchObject([
        {
          action: 'connection.passthrough',
          connectionId: passages.connections.get('penga'),
          outcome,
          status: 200,
          clientIds: body.path.startsWith('clients/') ? [client!.id] : [],
          detail: { method: body.method, path, vendorStatus },
        },
      ]);
    }
    const refused = await passages.pass('penga', { method: 'GET', path: '../x' });
    expect(await auditOf(passages.tenant.call, refused)).toMatchObject([{ outcome: 'refused', status: 400 }]);
  });
});
