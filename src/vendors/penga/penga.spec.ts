import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { openAdapter, type OpenAdapter } from '../../../test/support/adapter';
import { RESOURCE_NAMES, type ResourceName } from '../../canonical/index';
import { ref } from '../../canonical/ids';
import type { ListQuery, Page, Port, Seen } from '../contract';
import { VendorError } from '../kit/error';
import { expiryOf } from './api';
import { vendor } from './index';
import { PengaSettings } from './penga.config';
import { startSandbox } from './sandbox/index';
import { SECRETS } from './sandbox/account';
import { schedule, unschedule } from './sandbox/schedule';
import { change, standing, type Appointment, type Row } from './sandbox/state';
import { explain } from './tables';

type Started = Awaited<ReturnType<typeof startSandbox>>;

const DAY = 86_400_000;
const dayFrom = (days: number): string => new Date(Date.now() + days * DAY).toISOString();
const everything: ListQuery = {
  window: { from: dayFrom(-3000), to: dayFrom(3000) },
  updatedSince: null,
  resumeAt: null,
};

let clock: Date | null = null;
let sandbox: Started;
let adapter: OpenAdapter;

beforeEach(async () => {
  clock = null;
  sandbox = await startSandbox({ now: () => clock ?? new Date(), size: { clients: 43, appointments: 130 } });
  adapter = openAdapter(vendor, sandbox);
});
afterEach(() => sandbox.close());

const portOf = (resource: ResourceName): Port<ResourceName> => adapter.ports[resource] as Port<ResourceName>;

async function pages(resource: ResourceName, query: ListQuery = everything): Promise<Page<ResourceName>[]> {
  const read: Page<ResourceName>[] = [];
  for await (const page of portOf(resource).list(query)) read.push(page);
  return read;
}
const seen = async (resource: ResourceName, query?: ListQuery): Promise<Seen<ResourceName>[]> =>
  (await pages(resource, query)).flatMap(({ items }) => items);
const idsOf = (items: readonly Seen<ResourceName>[]): string[] => items.map((item) => item.ref.id);
const held = (resource: ResourceName): string[] => {
  const { appointments, clients, users, types, departments } = sandbox.state;
  const tables = { appointments, clients, practitioners: users, services: types, locations: departments };
  return standing<Row>(sandbox.state, tables[resource]).map(({ external_id }) => external_id);
};
const failure = (asked: Promise<unknown>): Promise<VendorError> =>
  asked.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error as VendorError,
  );
/** Does something behind the reading's back, once, when that page has been read. */
async function readWhile(resource: ResourceName, after: number, act: () => void): Promise<string[]> {
  const ids: string[] = [];
  let read = 0;
  for await (const { items } of portOf(resource).list(everything)) {
    ids.push(...idsOf(items));
    read += 1;
    if (read === after) act();
  }
  return ids;
}

describe('lists', () => {
  it.each(RESOURCE_NAMES)('gives all %s exactly once', async (resource) => {
    const ids = idsOf(await seen(resource));
    expect([...ids].sort()).toEqual(held(resource).sort());
  });

  it('goes on in the middle where another reading stopped', async () => {
    const [first, second, ...rest] = await pages('clients');
    const resumed = await pages('clients', { ...everything, resumeAt: second?.next ?? null });
    expect(first?.items).toHaveLength(10);
    expect(resumed.map(({ items }) => idsOf(items))).toEqual(rest.map(({ items }) => idsOf(items)));
    expect(resumed.at(-1)?.next).toBeNull();
  });

  it('starts afresh from a cursor that it does not know', async () => {
    expect(await seen('clients', { ...everything, resumeAt: 'page=2' })).toHaveLength(43);
  });

  it('asks for pages of ten and never for a list without pages', async () => {
    for (const resource of RESOURCE_NAMES) await pages(resource);
    const lists = sandbox.requests.filter((request) => !request.includes('/auth/login'));
    expect(lists.every((request) => /\/perpage\/10\?page=\d+$/.test(request))).toBe(true);
  });

  it('misses nobody when a record is deleted behind its back', async () => {
    const [first] = held('clients');
    const ids = await readWhile('clients', 2, () => {
      change(sandbox.state, sandbox.state.clients.byId.get(first ?? '')!, { deleted_at: 1 });
    });
    expect(ids).toEqual([first, ...held('clients')]);
  });

  it('reads once more where a record moved to a place that was read already', async () => {
    const { state } = sandbox;
    const last = state.schedule.at(-1) as Appointment;
    const ids = await readWhile('appointments', 3, () => {
      unschedule(state, last);
      change(state, last, { start_time: (state.schedule[0] as Appointment).start_time });
      schedule(state, last);
    });
    expect(new Set(ids)).toEqual(new Set(held('appointments')));
    expect(ids.length).toBeGreaterThan(held('appointments').length);
  });

  it('does not call a list whole that stays shorter than the count', async () => {
    const body = { data: [{ external_id: 'D-00000002' }], last_page: 1, total: 2 };
    sandbox.fail({ fault: { kind: 'status', status: 200, body }, path: '/departments', times: 9 });
    const error = await failure(pages('locations'));
    expect(error).toMatchObject({ kind: 'invalid_response', at: { operation: 'list locations' } });
  });
});

describe('the window', () => {
  const query: ListQuery = { ...everything, window: { from: dayFrom(-2), to: dayFrom(2) } };

  it.each(['starts', 'contained', 'overlaps'] as const)(
    'is cut by start, whether the vendor means %s',
    async (rule) => {
      sandbox.state.periodRule = rule;
      const inside = sandbox.state.schedule.filter(({ start_time }) => {
        const start = new Date(start_time * 1000).toISOString();
        return start >= query.window.from && start < query.window.to;
      });
      expect(inside.length).toBeGreaterThan(5);
      expect(idsOf(await seen('appointments', query)).sort()).toEqual(
        inside.map((row) => row.external_id).sort(),
      );
    },
  );

  it('holds its first moment and not its last', async () => {
    const [early, late] = [sandbox.state.schedule[20], sandbox.state.schedule[60]] as [
      Appointment,
      Appointment,
    ];
    const at = (row: Appointment): string => new Date(row.start_time * 1000).toISOString();
    const ids = idsOf(
      await seen('appointments', { ...everything, window: { from: at(early), to: at(late) } }),
    );
    expect(ids).toContain(early.external_id);
    expect(ids).not.toContain(late.external_id);
  });

  it('keeps an appointment without a date', async () => {
    const { external_id } = sandbox.state.schedule[50] as Appointment;
    sandbox.state.odd.set(external_id, { start_time: null, end_time: null });
    const one = (await seen('appointments')).find(({ ref: { id } }) => id === external_id);
    expect(one?.record).toMatchObject({ start: null, end: null });
  });
});

describe('one record', () => {
  it.each(RESOURCE_NAMES)(
    'of %s is the same as in the list, and null where there is none',
    async (resource) => {
      const [first] = await seen(resource);
      const one = await portOf(resource).get(first!.ref);
      expect({ ...one, raw: null }).toEqual({ ...first, raw: null });
      expect(await portOf(resource).get(ref('X-99999999'))).toBeNull();
    },
  );

  it('shows a deleted practitioner as deleted', async () => {
    const gone = sandbox.state.users.rows.find(({ deleted_at }) => deleted_at !== null)!;
    const one = await adapter.ports.practitioners?.get?.(ref(gone.external_id));
    expect(one).toMatchObject({
      deletedAt: new Date(gone.deleted_at! * 1000).toISOString(),
      record: { active: false },
    });
  });

  it('that cannot be read is an invalid answer', async () => {
    const { external_id } = sandbox.state.schedule[0] as Appointment;
    sandbox.state.odd.set(external_id, { start_time: 'soon' });
    const error = await failure(portOf('appointments').get(ref(external_id)));
    expect(error).toMatchObject({ kind: 'invalid_response' });
  });

  it('is set aside in a list, and the rest arrives', async () => {
    const { external_id } = sandbox.state.schedule[10] as Appointment;
    sandbox.state.odd.set(external_id, { start_time: 'soon' });
    const read = await pages('appointments');
    expect(read.flatMap(({ setAside }) => setAside)).toEqual([
      { remoteId: external_id, code: 'invalid_record', message: 'start_time is not a Unix time in seconds' },
    ]);
    expect(read.flatMap(({ items }) => items)).toHaveLength(129);
  });
});

describe('statuses', () => {
  it('warns of one whose name says nothing, until the map says what it means', async () => {
    const warned = (await seen('appointments')).flatMap(({ warnings }) => warnings);
    expect(warned.length).toBeGreaterThan(0);
    expect(new Set(warned.map(({ field, value }) => `${field} ${value}`))).toEqual(
      new Set(['status On Hold']),
    );

    adapter = openAdapter(vendor, sandbox, { settings: { statusMap: { 'AS-00000006': 'proposed' } } });
    const items = await seen('appointments');
    expect(items.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect(items.filter(({ record }) => 'status' in record && record.status === 'proposed')).toHaveLength(
      warned.length,
    );
  });

  it.each([
    [{ 'AS-1': 'booked' }, 'AS-1'],
    [{ 'AS-00000001': 'done' }, 'AS-00000001'],
    [['booked'], '0'],
    ['booked', 'object'],
  ])('refuses the map %j', (statusMap, named) => {
    const [wrong] = validateSync(plainToInstance(PengaSettings, { statusMap }));
    expect(JSON.stringify(wrong?.constraints)).toContain(named);
  });
});

describe('logging in', () => {
  const logins = (): number => sandbox.requests.filter((request) => request.includes('/auth/login')).length;

  it('happens once for many calls, and again when the token has ended', async () => {
    await Promise.all(RESOURCE_NAMES.map((resource) => pages(resource)));
    expect(logins()).toBe(1);
    clock = new Date(Date.now() + 2 * 3_600_000);
    await Promise.all([seen('clients'), seen('services')]);
    expect(logins()).toBe(2);
  });

  it('that is refused is a fault of the credentials, and is not tried again', async () => {
    adapter = openAdapter(vendor, sandbox, { credentials: { password: 'wrong' } });
    expect(await failure(pages('clients'))).toMatchObject({ kind: 'auth' });
    expect(logins()).toBe(1);
  });

  it.each([
    {
      status: 422,
      body: {
        message: 'The given data was invalid.',
        errors: { email: ['These credentials do not match.'] },
      },
    },
    { status: 200, body: { success: false } },
    { status: 403, body: { message: 'Suspended' } },
  ])('refused with $status is one as well', async ({ status, body }) => {
    sandbox.fail({ fault: { kind: 'status', status, body }, path: '/auth/login' });
    expect(await failure(pages('clients'))).toMatchObject({ kind: 'auth' });
  });

  it('reads the end of a token out of it, else takes an hour', () => {
    const now = Date.parse('2026-03-02T09:00:00Z');
    const token = (claims: object): string =>
      `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
    expect(expiryOf(token({ exp: now / 1000 + 60 }), now)).toBe('2026-03-02T09:01:00.000Z');
    for (const other of [token({}), token({ exp: now / 1000 - 60 }), token({ exp: 1e30 }), 'opaque', ''])
      expect(expiryOf(other, now)).toBe('2026-03-02T10:00:00.000Z');
  });

  it('checks with the names of the organisation and the user, and keeps no secret', async () => {
    const { account } = await vendor.check(adapter.http, adapter.settings);
    expect(account).toMatch(/^Bright Smiles \/ \w+/);
    expect(vendor.secretFields).toEqual(expect.arrayContaining(Object.keys(SECRETS)));
    const kept = JSON.stringify([account, await seen('practitioners')]);
    for (const secret of ['remember-token', 'undelete-token']) expect(kept).not.toContain(secret);
  });
});

describe('a vendor that fails', () => {
  it.each(['reset', 'html', 'malformed', 'truncated', 'empty'] as const)(
    'is asked again after a %s answer',
    async (kind) => {
      sandbox.fail({ fault: { kind }, path: '/clients/perpage' });
      expect(await seen('clients')).toHaveLength(43);
    },
  );

  it.each([
    [500, 'vendor_error'],
    [503, 'unavailable'],
    [422, 'rejected'],
    [403, 'forbidden'],
  ])('with %i for good is %s', async (status, kind) => {
    sandbox.fail({ fault: { kind: 'status', status }, path: '/clients/perpage', times: 9 });
    expect(await failure(pages('clients'))).toMatchObject({ kind });
  });

  it.each([{ success: false }, [], { data: {} }, { data: [], last_page: 'x', total: 1 }])(
    'is not believed when it answers %j',
    async (body) => {
      sandbox.fail({ fault: { kind: 'status', status: 200, body }, path: '/clients', times: 9 });
      expect(await failure(pages('clients'))).toBeInstanceOf(VendorError);
      expect(await failure(portOf('clients').get(ref('C-00000001')))).toBeInstanceOf(VendorError);
    },
  );

  it('says when to come back where its limit is spent', async () => {
    clock = new Date(Math.floor(Date.now() / 60_000) * 60_000 + 10_000);
    sandbox.state.requestsPerMinute = 2;
    const error = await failure(pages('clients'));
    expect(error.kind).toBe('rate_limited');
    expect(error.at.retryAfterMs).toBe(50_000);
  });

  it('has its words read', () => {
    expect(
      explain({ message: 'Invalid.', errors: { email: ['Taken.'], mobile: ['Too long.'] } }).message,
    ).toBe('Invalid. Taken. Too long.');
    for (const body of [null, [], 'no', {}, { message: 3 }]) expect(explain(body).message).toBeNull();
  });
});
