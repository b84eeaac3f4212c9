import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import { openAdapter, type OpenAdapter } from '../../../test/support/adapter';
import type { ResourceName } from '../../canonical/index';
import { ref } from '../../canonical/ids';
import type { ListQuery, Page, SetAside } from '../contract';
import { VendorError } from '../kit/error';
import type { Sandbox } from '../kit/sandbox';
import { vendor } from './index';
import { PexipCredentials, PexipSettings, tokenUrlOf } from './pexip.config';
import { startSandbox } from './sandbox';
import { CALL } from './sandbox/cast';
import { issueToken, type Appointment, type State } from './sandbox/state';

const NOW = new Date('2026-03-10T10:20:00.000Z');
const EVER: ListQuery['window'] = { from: '2020-01-01T00:00:00.000Z', to: '2032-01-01T00:00:00.000Z' };
const query = (changed: Partial<ListQuery> = {}): ListQuery => ({
  window: EVER,
  updatedSince: null,
  resumeAt: null,
  ...changed,
});

let sandbox: Sandbox & { readonly state: State };
let adapter: OpenAdapter;
let clock = NOW;
beforeEach(async () => {
  clock = NOW;
  sandbox = await startSandbox({ now: () => clock, size: { clients: 230, appointments: 620 } });
  adapter = openAdapter(vendor, sandbox);
});
afterEach(() => sandbox.close());

async function pages<R extends ResourceName>(
  resource: R,
  asked = query(),
  from = adapter,
): Promise<Page<R>[]> {
  const all: Page<R>[] = [];
  for await (const page of from.ports[resource]!.list!(asked)) all.push(page);
  return all;
}
const idsOf = (all: readonly Page<ResourceName>[]): string[] =>
  all.flatMap(({ items }) => items.map((item) => item.ref.id));
const sorted = (ids: readonly string[]): string[] => [...ids].sort();
const failure = (call: Promise<unknown>): Promise<VendorError> =>
  call.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => (error instanceof VendorError ? error : Promise.reject(error as Error)),
  );

describe('lists', () => {
  const expected: Record<ResourceName, (state: State) => { id: string }[]> = {
    appointments: ({ appointments }) => [...appointments.all()],
    clients: ({ customers }) => customers.all().filter(({ deletedAt }) => deletedAt === null),
    practitioners: ({ employees }) =>
      employees.all().filter(({ status, deletedAt }) => status !== 'SUSPENDED' && deletedAt === null),
    services: ({ subjects }) => subjects.all().filter(({ deletedAt }) => deletedAt === null),
    locations: ({ offices }) => [...offices.all()],
  };

  it.each(Object.keys(expected) as ResourceName[])('every record of %s once', async (resource) => {
    const all = await pages(resource);
    const records = expected[resource](sandbox.state);
    expect(sorted(idsOf(all))).toEqual(sorted(records.map(({ id }) => id)));
    expect(all.flatMap(({ setAside }) => setAside)).toEqual([]);
    expect(all.at(-1)?.next).toBeNull();
  });

  it.each(Object.keys(expected) as ResourceName[])('the rest of %s after each page', async (resource) => {
    const all = await pages(resource);
    for (const [i, { next }] of all.slice(0, -1).entries())
      expect(idsOf(await pages(resource, query({ resumeAt: next })))).toEqual(idsOf(all.slice(i + 1)));
  });

  it('keeps to the window, and to what has no date', async () => {
    const window = { from: '2026-03-09T08:00:00.000Z', to: '2026-03-12T08:00:00.000Z' };
    const isInside = ({ start }: Appointment): boolean =>
      start === null || (start >= window.from && start < window.to);
    const inside = sandbox.state.appointments.all().filter(isInside);
    const all = await pages('appointments', query({ window }));
    expect(inside.some(({ start }) => start === null)).toBe(true);
    expect(sorted(idsOf(all))).toEqual(sorted(inside.map(({ id }) => id)));
  });

  it('takes a smaller page where the vendor gives no larger one', async () => {
    const request = adapter.http.request.bind(adapter.http);
    const clamped = vendor.ports(
      { ...adapter.http, request: (call) => request({ ...call, query: { ...call.query, limit: 30 } }) },
      adapter.settings,
    );
    const ids: string[] = [];
    for await (const { items } of clamped.clients!.list!(query()))
      ids.push(...items.map((item) => item.ref.id));
    expect(ids).toEqual(idsOf(await pages('clients')));
  });

  it('reads once more what slid between pages', async () => {
    const { customers } = sandbox.state;
    const listed = customers.all().filter(({ deletedAt }) => deletedAt === null);
    const gone = listed[3]!;
    const ids: string[] = [];
    for await (const { items } of adapter.ports.clients!.list!(query())) {
      if (ids.length === 0) customers.put({ ...gone, deletedAt: NOW.toISOString() });
      ids.push(...items.map((item) => item.ref.id));
    }
    expect(sorted(ids)).toEqual(sorted(listed.map(({ id }) => id)));
    const firsts = sandbox.requests.filter((line) => line.endsWith('/customers?limit=100'));
    expect(firsts).toHaveLength(2); // without an offset: it is demanded to be positive, 0 is the default
    expect(sandbox.requests.some((line) => line.includes('offset=0'))).toBe(false);
  });

  it('finds what was put before the place it had come to', async () => {
    const { customers } = sandbox.state;
    const made = { ...customers.all()[0]!, id: '0', deletedAt: null };
    const ids: string[] = [];
    for await (const { items } of adapter.ports.clients!.list!(query())) {
      if (ids.length === 0) customers.put(made);
      ids.push(...items.map((item) => item.ref.id));
    }
    const listed = customers.all().filter(({ deletedAt }) => deletedAt === null);
    expect(sorted(ids)).toEqual(sorted(listed.map(({ id }) => id)));
  });

  it('fails after all that came where the count never agrees', async () => {
    const request = adapter.http.request.bind(adapter.http);
    const miscounting = vendor.ports(
      {
        ...adapter.http,
        request: async (call) => {
          const answer = await request(call);
          const body = answer.body as { meta: { totalCount: number } };
          return {
            ...answer,
            body: { ...body, meta: { ...body.meta, totalCount: body.meta.totalCount + 1 } },
          };
        },
      },
      adapter.settings,
    );
    const ids: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { items } of miscounting.practitioners!.list!(query()))
        ids.push(...items.map((one) => one.ref.id));
    };
    expect(await failure(read())).toMatchObject({ kind: 'invalid_response' });
    expect(sorted(ids)).toEqual(sorted(expected.practitioners(sandbox.state).map(({ id }) => id)));
  });

  it('sets one unreadable record aside', async () => {
    const { appointments } = sandbox.state;
    const odd = { ...appointments.all()[5]!, start: '2026-02-30T09:00:00.000Z' };
    appointments.put(odd);
    const all = await pages('appointments');
    const aside: SetAside[] = all.flatMap(({ setAside }) => [...setAside]);
    expect(aside).toEqual([
      { remoteId: odd.id, code: 'invalid_record', message: expect.any(String) as string },
    ]);
    expect(idsOf(all)).toHaveLength(appointments.size - 1);
  });
});

describe('single records', () => {
  it('are as the list has them', async () => {
    for (const resource of ['appointments', 'clients', 'practitioners', 'services', 'locations'] as const) {
      const [{ items } = { items: [] }] = await pages(resource);
      const [listed] = items;
      expect(await adapter.ports[resource]!.get!(listed!.ref)).toEqual(listed);
      expect(await adapter.ports[resource]!.get!(ref('no such/id'))).toBeNull();
    }
  });

  it('show a practitioner who is listed no more', async () => {
    const { id } = sandbox.state.employees.all().find(({ status }) => status === 'SUSPENDED')!;
    expect(await adapter.ports.practitioners!.get!(ref(id))).toMatchObject({ record: { active: false } });
  });

  it('show when a client was deleted', async () => {
    const { id, deletedAt } = sandbox.state.customers.all().find((row) => row.deletedAt !== null)!;
    expect(await adapter.ports.clients!.get!(ref(id))).toMatchObject({
      deletedAt,
      record: { status: 'archived' },
    });
  });
});

describe('services', () => {
  const byName = async (): Promise<Record<string, number | null>> => {
    const records = (await pages('services')).flatMap(({ items }) => items.map(({ record }) => record));
    return Object.fromEntries(
      records.map(({ name, durationMinutes }) => [name ?? '', durationMinutes] as const),
    );
  };

  it('last as long as every office and meeting type says', async () => {
    expect(await byName()).toEqual({
      Introduction: 30,
      'Follow-up': null,
      'Full examination': 60,
      Vaccinatie: 20,
      'Advice by phone': 30,
      'Group session': null,
    });
  });

  it('are listed without durations where the offices are closed to us', async () => {
    sandbox.state.closed.add('offices');
    expect(Object.values(await byName())).toEqual([null, null, null, null, null, null]);
    expect(await failure(pages('locations'))).toMatchObject({ kind: 'forbidden' });
  });
});

describe('access', () => {
  it('logs in once, and again when the token ends or is refused', async () => {
    const logins = (): number => sandbox.requests.filter((line) => line.includes('/realms/')).length;
    await Promise.all([pages('clients'), pages('locations'), pages('practitioners')]);
    expect(logins()).toBe(1);
    sandbox.state.tokens.clear();
    await pages('locations');
    expect(logins()).toBe(2);
    expect(sandbox.ledger).toEqual([]);
  });

  it('is refused with a wrong secret and with a wrong token', async () => {
    const wrong = openAdapter(vendor, sandbox, { credentials: { clientSecret: 'wrong' } });
    expect(await failure(vendor.check(wrong.http, wrong.settings))).toMatchObject({
      kind: 'auth',
      at: { operation: 'log in', code: 'invalid_client' },
    });
    const token = openAdapter(vendor, { ...sandbox, credentials: { token: 'wrong' } });
    expect(await failure(vendor.check(token.http, token.settings))).toMatchObject({
      kind: 'auth',
      at: { code: 'UNAUTHORIZED' },
    });
  });

  it('is given with a fixed token', async () => {
    const token = openAdapter(vendor, { ...sandbox, credentials: { token: issueToken(sandbox.state) } });
    expect(await vendor.check(token.http, token.settings)).toEqual({ account: sandbox.state.enterprise });
  });

  it('reaches as far as the scopes that were asked for', async () => {
    const scoped = (...scopes: string[]): OpenAdapter =>
      openAdapter(vendor, sandbox, { settings: { scopes } });
    const reader = scoped('engage:appointments:readOnly');
    const [{ items } = { items: [] }] = await pages('appointments', query(), reader);
    const change = reader.ports.appointments!.update!(items[0]!.ref, { notes: 'Tolk' }, CALL);
    expect(await failure(change)).toMatchObject({ kind: 'forbidden', at: { outcome: 'not_done' } });
    expect(await failure(pages('clients', query(), reader))).toMatchObject({ kind: 'forbidden' });
    const greedy = scoped('engage:webhooks:readWrite');
    expect(await failure(vendor.check(greedy.http, greedy.settings))).toMatchObject({
      kind: 'forbidden',
      at: { operation: 'log in', code: 'invalid_scope' },
    });
  });

  it('is refused where the token server says nothing of an end', async () => {
    sandbox.fail({
      path: '/realms/',
      times: 3,
      fault: { kind: 'status', status: 200, body: { access_token: 'abc' } },
    });
    expect(await failure(pages('locations'))).toMatchObject({ kind: 'invalid_response' });
  });

  it('never has more than four calls in flight', async () => {
    sandbox.state.latencyMs = 20;
    await Promise.all(Array.from({ length: 5 }, () => pages('clients')));
    expect(adapter.calls.filter(({ status }) => status === 429)).toEqual([]);
  });
});

describe('failures', () => {
  it('are got over where the vendor recovers', async () => {
    for (const fault of [
      { kind: 'status', status: 503 },
      { kind: 'reset' },
      { kind: 'html' },
      { kind: 'truncated' },
    ] as const) {
      sandbox.fail({ path: '/offices', fault });
      expect(idsOf(await pages('locations'))).toHaveLength(3);
    }
  });

  it('are told by their kind', async () => {
    const kinds = [
      [{ kind: 'status', status: 500 }, 'vendor_error'],
      [{ kind: 'status', status: 404 }, 'not_found'],
      [{ kind: 'html' }, 'invalid_response'],
      [{ kind: 'empty' }, 'invalid_response'],
      [{ kind: 'status', status: 200, body: { data: [] } }, 'invalid_response'],
      [{ kind: 'status', status: 200, body: { data: 'none', meta: { totalCount: 1 } } }, 'invalid_response'],
    ] as const;
    for (const [fault, kind] of kinds) {
      sandbox.fail({ path: '/offices', fault, times: 3 });
      expect(await failure(pages('locations'))).toMatchObject({ kind });
      sandbox.heal();
    }
  });
});

describe('configuration', () => {
  const wrong = (Class: new () => object, given: object): string[] =>
    validateSync(plainToInstance(Class, given)).map(({ property }) => property);

  it('takes a client or a token, exactly one of them', () => {
    expect(wrong(PexipCredentials, { clientId: 'a', clientSecret: 'b' })).toEqual([]);
    expect(wrong(PexipCredentials, { token: 'a' })).toEqual([]);
    expect(wrong(PexipCredentials, {})).toEqual(['clientId', 'clientSecret']);
    expect(wrong(PexipCredentials, { clientId: 'a' })).toEqual(['clientSecret']);
    expect(wrong(PexipCredentials, { clientId: 'a', clientSecret: 'b', token: 'c' })).toEqual(['token']);
    expect(wrong(PexipCredentials, { token: 'a\r\nb' })).toEqual(['token']);
    const { oneOf, required } = targetConstructorToSchema(PexipCredentials);
    expect(oneOf).toHaveLength(2);
    expect(required).toBeUndefined();
  });

  it('takes scopes that can stand in a list of them', () => {
    expect(wrong(PexipSettings, { enterprise: 'acme', scopes: ['engage:offices:readOnly'] })).toEqual([]);
    for (const scopes of [[], 'a', ['a b'], [''], ['"'], [1]])
      expect(wrong(PexipSettings, { enterprise: 'acme', scopes })).toEqual(['scopes']);
  });

  it('takes one segment of a path for the enterprise', () => {
    expect(wrong(PexipSettings, { enterprise: 'acme' })).toEqual([]);
    for (const enterprise of [undefined, '', '..', 'a/b', 'a?b', 'a b'])
      expect(wrong(PexipSettings, { enterprise })).toEqual(['enterprise']);
    expect(targetConstructorToSchema(PexipSettings).required).toContain('enterprise');
  });

  it('finds the token server beside the API', () => {
    const at = (settings: object): string =>
      tokenUrlOf(plainToInstance(PexipSettings, { enterprise: 'acme', ...settings }));
    const realm = 'pexipengage.com/realms/acme/protocol/openid-connect/token';
    expect(at({})).toBe(`https://auth.${realm}`);
    expect(at({ baseUrl: 'https://api.development.pexipengage.com' })).toBe(
      `https://auth.development.${realm}`,
    );
    expect(at({ baseUrl: 'https://api.staging.pexipengage.com/' })).toBe(`https://auth.staging.${realm}`);
    expect(at({ baseUrl: 'https://api.staging.pexipengage.com.example.org' })).toBe(`https://auth.${realm}`);
    expect(at({ authUrl: 'https://sso.example.org/token' })).toBe('https://sso.example.org/token');
  });
});
