import { openAdapter, type OpenAdapter } from '../../../../test/support/adapter';
import { ref } from '../../../canonical/ids';
import { vendor } from '../index';
import { startSandbox } from './index';

type Answer = Record<string, unknown>;

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let adapter: OpenAdapter;

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 43, appointments: 130 } });
  adapter = openAdapter(vendor, sandbox);
});
afterEach(() => sandbox.close());

describe('the sandbox', () => {
  const bare = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${sandbox.baseUrl}${path}`, init);
  const asOwner = async (
    path: string,
    method = 'GET',
    body?: unknown,
  ): Promise<{ status: number; body: Answer }> => {
    const login = await bare('/auth/login', { method: 'POST', body: JSON.stringify(sandbox.credentials) });
    const { token } = (await login.json()) as { token: string };
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await bare(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer };
  };
  const booking = {
    start_time: '1893495600',
    end_time: '1893499200',
    user_id: 'U-00000007',
    client_id: 'C-00000001',
    appointmenttype_id: 'AT-00000001',
    appointmentstatus_id: 'AS-00000001',
    description: 'Annual checkup',
    send_alerts: false,
  };

  it.each([{}, { authorization: 'Bearer x.y.z' }, { authorization: 'Basic eDp5' }])(
    'answers 401 to %j',
    async (headers) => {
      const answer = await bare('/clients/perpage/10', { headers: headers as Record<string, string> });
      expect([answer.status, await answer.json()]).toEqual([401, { message: 'Unauthenticated.' }]);
    },
  );

  it.each([
    ['/clients/perpage/11', 422],
    ['/clients/perpage/0', 422],
    ['/clients/perpage/10?page=0', 422],
    [`/clients/search?searchTerm=${'x'.repeat(26)}`, 422],
    ['/appointments/starttime/monday/endtime/2/perpage/10', 422],
    ['/appointments/user/U-99999999/perpage/10', 404],
    ['/clients/C-99999999', 404],
    ['/clients', 404],
  ])('answers %s with %i', async (path, status) => {
    expect((await asOwner(path)).status).toBe(status);
  });

  it('books, changes and deletes an appointment, with its note', async () => {
    const made = await asOwner('/appointments', 'POST', {
      ...booking,
      note: 'Loyalty discount',
      send_alerts: true,
    });
    const id = String(made.body['external_id']);
    expect(made.body).toMatchObject({
      start_time: 1_893_495_600,
      description: 'Annual checkup',
      user: { external_id: 'U-00000007' },
    });
    const notes = await asOwner(`/notes/appointment/${id}/perpage/10`);
    expect(notes.body).toMatchObject({
      total: 1,
      data: [{ note: 'Loyalty discount', appointment: { external_id: id } }],
    });
    expect((await asOwner(`/sms-messages/appointment/${id}/perpage/10`)).body['total']).toBe(1);
    const moved = {
      ...booking,
      start_time: 1_893_506_400,
      end_time: 1_893_510_000,
      appointmentstatus_id: 'AS-00000002',
    };
    expect((await asOwner(`/appointments/${id}`, 'PUT', moved)).body).toMatchObject({
      appointmentstatus: { name: 'Cancelled' },
    });
    expect((await adapter.ports.appointments?.get?.(ref(id)))?.record).toMatchObject({
      status: 'cancelled',
      start: '2030-01-01T14:00:00.000Z',
    });
    expect((await asOwner(`/appointments/${id}`, 'DELETE')).body).toEqual({ success: true });
    expect(await adapter.ports.appointments?.get?.(ref(id))).toBeNull();
    expect(sandbox.ledger.map(({ method }) => method).filter((method) => method !== 'GET')).toContain(
      'DELETE',
    );
  });

  it.each([
    ['start_time', 'soon'],
    ['end_time', 1],
    ['user_id', 'U-99999999'],
    ['send_alerts', undefined],
    ['description', 'x'.repeat(256)],
  ])('refuses an appointment whose %s is %j', async (field, value) => {
    const { status, body } = await asOwner('/appointments', 'POST', { ...booking, [field]: value });
    expect([status, Object.keys(body['errors'] as object)]).toEqual([422, [field]]);
  });

  it('restores a deleted user by a GET, and forces away none that is deleted', async () => {
    expect((await asOwner('/user/U-00000008', 'DELETE')).body).toEqual({ success: true });
    expect(await asOwner('/user/force/U-00000008', 'DELETE')).toEqual({
      status: 200,
      body: { success: false },
    });
    expect((await asOwner('/user/U-00000008')).status).toBe(404);
    expect((await asOwner('/user/undelete/U-00000008')).body).toEqual({ success: true });
    expect((await asOwner('/user/U-00000008')).status).toBe(200);
  });

  it('renames a status everywhere at once, and forgets a kept list with each write', async () => {
    const body = { name: 'Missed Appointment', color: '#345678', description: 'Client missed appointment' };
    expect((await asOwner('/appointmentstatuses/AS-00000002', 'PUT', body)).body).toMatchObject(body);
    const { body: page } = await asOwner('/appointments/status/AS-00000002/perpage/10');
    const names = (page['data'] as { appointmentstatus: Answer }[]).map(
      (row) => row.appointmentstatus['name'],
    );
    expect(names).toContain('Missed Appointment');
    expect(names).not.toContain('Cancelled');
  });

  it('wants no more of a body than the reference calls required', async () => {
    const sent = async (path: string, method: string, body: object): Promise<[number, Answer]> => {
      const answer = await asOwner(path, method, body);
      return [answer.status, answer.body];
    };
    const { name } = sandbox.state.departments.byId.get('D-00000003')!;
    expect(await sent('/departments/D-00000003', 'PUT', { color: '#876354' })).toMatchObject([
      200,
      { name, color: '#876354' },
    ]);
    expect((await sent('/departments/D-00000003', 'PUT', { name: '' }))[0]).toBe(422);
    expect((await sent('/appointmenttypes/AT-00000001', 'PUT', { color: '#876354' }))[0]).toBe(422);
    expect(await sent('/sms-templates', 'POST', { template_name: 'Later' })).toMatchObject([
      200,
      { template_name: 'Later', template_body: null },
    ]);
    expect(await sent('/sms-messages', 'POST', { send_time: '1893495600' })).toMatchObject([
      200,
      { send_time: 1_893_495_600, message_body: null },
    ]);
  });

  it('stops silently at ten in lists without pages, and shows empty calendars', async () => {
    const period = `starttime/0/endtime/${String(Math.floor(Date.now() / 1000) + 400 * 86_400)}`;
    expect((await asOwner(`/appointments/${period}`)).body).toHaveLength(10);
    expect((await asOwner(`/calendar/${period}`)).body).toEqual([]);
  });
});
