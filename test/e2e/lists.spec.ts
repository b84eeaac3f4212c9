import { RESOURCE_NAMES, type ResourceName } from '../../src/canonical/index';
import { add, remove, seconds, type PengaState } from '../../src/vendors/penga/sandbox/state';
import { touch, type State as ClinikoState } from '../../src/vendors/cliniko/sandbox/state';
import { CASES } from '../contract/vendors';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import type { Answer, ListOf, Shown } from '../support/calls';

type Appointment = Shown<'appointments'>;
type Client = Shown<'clients'>;
type Any = Shown<ResourceName>;
type Embedding = Appointment & Record<'client' | 'practitioner' | 'service' | 'location', Any | null>;

const NOWHERE = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';
const PLANTED = 'planted-and-not-to-be-stored';

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;
/** Everything that the tenant has, deleted records too. */
const all = {} as { [R in ResourceName]: Shown<R>[] };

const clinicOf = (vendor: string): Clinic => clinics.find(({ sandbox }) => sandbox.vendor === vendor)!;
const stateOf = (vendor: string): unknown =>
  (clinicOf(vendor).sandbox as unknown as { state: unknown }).state;
const list = <R extends ResourceName>(resource: R, query = ''): Promise<Shown<R>[]> =>
  tenant.all<Shown<R>>(`/v1/${resource}${query === '' ? '' : `?${query}`}`);
const page = (path: string): Promise<Answer<ListOf<Any>>> => tenant.call<ListOf<Any>>('GET', path);
const idsOf = (records: readonly { readonly id: string }[]): string[] => records.map(({ id }) => id);
const standing = <T extends Any>(records: readonly T[]): T[] =>
  records.filter(({ deletedAt }) => deletedAt === null);
const fold = (text: string | null): string =>
  (text ?? '').normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim();
const enc = encodeURIComponent;

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 40, appointments: 120 })));
  const penga = stateOf('penga') as PengaState;
  penga.odd.set(penga.users.rows[0]!.external_id, { remember_token: PLANTED, card: { card_last4: PLANTED } });
  const cliniko = stateOf('cliniko') as ClinikoState;
  for (const row of cliniko.tables.patients.rows) touch(cliniko, row, { medicare: PLANTED });
  // Names for the search, and a last name that begins like a longer one.
  const names = ['Žižková', 'Aa', 'Aa A', "O'Brien-Smith", 'Ångström', '100%_Sure'];
  for (const clinic of clinics)
    for (const [i, name] of names.entries()) clinic.rename(clinic.ids('clients')[i]!, name);
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  tenant = await gateway.tenant('Northside Clinics');
  await Promise.all(
    clinics.map(async ({ sandbox }) => {
      const id = await tenant.connect(sandbox);
      expect((await tenant.sync(id)).status).toBe('succeeded');
    }),
  );
  // What a write of the caller's own id will leave.
  for (const resource of RESOURCE_NAMES) {
    await gateway.rows(
      `update ${resource} t set external_id = vendor || '-1' where not mentioned and id =
         (select min(o.id::text)::uuid from ${resource} o where o.vendor = t.vendor and not o.mentioned and o.deleted_at is null)`,
    );
    all[resource] = (await list(resource, 'includeDeleted=true')) as never;
  }
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

describe('one list over all vendors', () => {
  it('holds the records of each, without the deleted ones', async () => {
    for (const resource of RESOURCE_NAMES) {
      const shown = await list(resource);
      expect(new Set(shown.map(({ vendor }) => vendor))).toEqual(new Set(CASES.map(({ name }) => name)));
      expect(new Set(idsOf(shown))).toEqual(new Set(idsOf(standing<Any>(all[resource]))));
      expect(shown.length).toBe(new Set(idsOf(shown)).size);
    }
    expect(all.appointments.length).toBeGreaterThan(standing(all.appointments).length);
  });

  const byStart = (one: Any): string => (one as Appointment).start ?? '\uffff';
  const byChange = ({ changedAt }: Any): string => changedAt;
  const byLastName = (one: Any): string =>
    fold((one as Client).lastName ?? (one as Client).fullName) || '\uffff';
  const byName = (one: Any): string =>
    fold('fullName' in one ? one.fullName : (one as Shown<'locations'>).name) || '\uffff';
  it.each<[ResourceName, string, string, (one: Any) => string]>([
    ['appointments', '', 'start', byStart],
    ['appointments', 'start', 'start', byStart],
    ['appointments', 'updatedAt', 'updatedAt', byChange],
    ['clients', '', 'lastName', byLastName],
    ['clients', 'lastName', 'lastName', byLastName],
    ['clients', 'updatedAt', 'updatedAt', byChange],
    ['practitioners', '', 'name', byName],
    ['services', 'name', 'name', byName],
    ['locations', 'name', 'name', byName],
    ['locations', 'updatedAt', 'updatedAt', byChange],
  ])('%s sorted by "%s": up, and down the same way back', async (resource, sort, word, keyOf) => {
    const up = await list(resource, sort === '' ? '' : `sort=${sort}`);
    const keys = up.map(keyOf);
    expect(keys.length).toBeGreaterThan(3);
    expect(keys).toEqual([...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    for (const [i, one] of up.entries())
      if (i > 0 && resource === 'appointments' && keys[i] === keys[i - 1])
        expect(one.id > up[i - 1]!.id).toBe(true);
    expect(idsOf(await list(resource, `sort=-${word}`))).toEqual(idsOf(up).reverse());
  });

  it('says its limit, 25 unless asked, and where it goes on', async () => {
    const first = await page('/v1/appointments');
    expect(first.need(200).page).toMatchObject({ limit: 25 });
    expect(first.body.data).toHaveLength(25);
    expect(first.headers.get('link')).toBe(
      `</v1/appointments?cursor=${enc(first.body.page.nextCursor!)}>; rel="next"`,
    );
    const filtered = await page('/v1/appointments?status=booked&status=arrived&limit=2');
    const link = /<([^>]+)>; rel="next"/.exec(filtered.headers.get('link')!)![1]!;
    const next = (await page(link)).need(200);
    expect([...filtered.body.data, ...next.data]).toEqual(
      (await list('appointments', 'status=booked,arrived')).slice(0, 4),
    );
    const whole = await page('/v1/locations?limit=200');
    expect([whole.body.page.nextCursor, whole.headers.get('link')]).toEqual([null, null]);
  });

  it.each(RESOURCE_NAMES)('%s: pages of any size bring everything once', async (resource) => {
    const whole = await list(resource, 'includeDeleted=true');
    for (const limit of [1, 7, whole.length, 200].filter((size) => size > 1 || whole.length < 60))
      expect(await list(resource, `includeDeleted=true&limit=${String(Math.min(limit, 200))}`)).toEqual(
        whole,
      );
  });
});

describe('filters', () => {
  /** The list with a filter, compared with what the whole list says; the filter must let something through and keep something out. */
  async function expectList<R extends ResourceName>(
    resource: R,
    query: string,
    fits: (one: Shown<R>) => boolean,
    among: readonly Shown<R>[] = (all[resource] as Shown<R>[]).filter(({ deletedAt }) => deletedAt === null),
  ): Promise<void> {
    const expected = among.filter(fits);
    expect([query, expected.length > 0, expected.length < all[resource].length]).toEqual([query, true, true]);
    expect([query, idsOf(await list(resource, query)).sort()]).toEqual([query, idsOf(expected).sort()]);
  }

  it.each(RESOURCE_NAMES)('%s by connection, vendor, remote id, external id, change', async (resource) => {
    const [a, b] = [
      all[resource][0]!,
      all[resource].find(({ vendor }) => vendor !== all[resource][0]!.vendor)!,
    ];
    await expectList(
      resource,
      `connectionId=${a.connectionId}`,
      (one) => one.connectionId === a.connectionId,
    );
    await expectList(resource, `connectionId=${a.connectionId}&connectionId=${b.connectionId}`, (one) =>
      [a, b].some(({ connectionId }) => connectionId === one.connectionId),
    );
    await expectList(resource, `vendor=${a.vendor}`, (one) => one.vendor === a.vendor);
    await expectList(resource, `vendor=${a.vendor},${b.vendor}`, (one) =>
      [a, b].some(({ vendor }) => vendor === one.vendor),
    );
    await expectList(
      resource,
      `remoteId=${enc(a.remoteId)},${enc(b.remoteId)}&includeDeleted=true`,
      (one) => [a, b].some(({ remoteId }) => remoteId === one.remoteId),
      all[resource],
    );
    await expectList(resource, 'externalId=penga-1', (one) => one.externalId === 'penga-1');
    const instants = all[resource].map(({ changedAt }) => changedAt).sort();
    const middle = instants.find((at, i) => 2 * i >= instants.length && at > instants[0]!)!; // half may be of one
    await expectList(resource, `updatedSince=${enc(middle)}`, (one) => one.changedAt >= middle);
    for (const nothing of [
      `connectionId=${NOWHERE}`,
      'remoteId=none',
      'externalId=none',
      'updatedSince=2999-01-01T00:00:00Z',
    ])
      expect(await list(resource, nothing)).toEqual([]);
  });

  it('appointments by who takes part, the primary or not', async () => {
    const group = standing(all.appointments).find(({ attendees }) => attendees.length > 1)!;
    const second = group.attendees.at(-1)!.clientId;
    expect(second).not.toBe(group.clientId);
    const isOf = (id: string) => (one: Appointment) => one.attendees.some(({ clientId }) => clientId === id);
    await expectList('appointments', `clientId=${second}`, isOf(second));
    const pair = standing(all.appointments).find(({ practitionerIds }) => practitionerIds.length > 1)!;
    const helper = pair.practitionerIds[1]!;
    await expectList('appointments', `practitionerId=${helper}`, (one) =>
      one.practitionerIds.includes(helper),
    );
    await expectList(
      'appointments',
      `practitionerId=${helper}&clientId=${pair.clientId!}`,
      (one) => one.practitionerIds.includes(helper) && isOf(pair.clientId!)(one),
    );
    expect(idsOf(await list('appointments', `clientId=${helper}`))).toEqual([]);
  });

  it('appointments by service, location, status and start', async () => {
    const { serviceId, locationId } = standing(all.appointments).find(
      (one) => one.serviceId && one.locationId,
    )!;
    await expectList('appointments', `serviceId=${serviceId!}`, (one) => one.serviceId === serviceId);
    await expectList('appointments', `locationId=${locationId!}`, (one) => one.locationId === locationId);
    for (const status of new Set(standing(all.appointments).map((one) => one.status)))
      await expectList('appointments', `status=${status}`, (one) => one.status === status);
    const starts = standing(all.appointments)
      .flatMap(({ start }) => start ?? [])
      .sort();
    const [from, to] = [starts[starts.length >> 2]!, starts[(starts.length * 3) >> 2]!];
    await expectList('appointments', `startsFrom=${from}`, ({ start }) => start !== null && start >= from);
    await expectList('appointments', `startsBefore=${to}`, ({ start }) => start !== null && start < to);
    // The same instant with an offset; half-open: what starts at `to` is not in it.
    const shifted = `${new Date(Date.parse(from) + 7_200_000).toISOString().slice(0, 19)}+02:00`;
    await expectList(
      'appointments',
      `startsFrom=${enc(shifted)}&startsBefore=${to}`,
      ({ start }) => start !== null && start >= from && start < to,
    );
    expect(await list('appointments', `startsFrom=${to}&startsBefore=${from}`)).toEqual([]);
  });

  it('clients by e-mail, phone, birth date and status', async () => {
    const someone = (field: 'email' | 'phone' | 'birthDate'): string =>
      standing(all.clients).find((one) => one[field] !== null)![field]!;
    const [email, phone, birthDate] = [someone('email'), someone('phone'), someone('birthDate')];
    await expectList('clients', `email=${enc(email)}`, (one) => one.email === email);
    await expectList('clients', `email=${enc(email.toUpperCase())}`, (one) => one.email === email);
    await expectList('clients', `phone=${enc(phone)}`, (one) => one.phone === phone);
    await expectList('clients', `birthDate=${birthDate}`, (one) => one.birthDate === birthDate);
    await expectList('clients', 'status=active', (one) => one.status === 'active');
    await expectList('clients', 'status=archived', (one) => one.status === 'archived', all.clients);
    for (const nothing of [`email=${enc(email.slice(1))}`, 'phone=%2B32470999999', 'birthDate=1066-10-14'])
      expect(await list('clients', nothing)).toEqual([]);
  });

  it('practitioners and services by whether they are active', async () => {
    for (const resource of ['practitioners', 'services'] as const)
      for (const active of [true, false])
        await expectList(resource, `active=${String(active)}`, (one) => one.active === active);
    expect((await page('/v1/locations?active=true')).problem.errors).toEqual([
      expect.objectContaining({ parameter: 'active', code: 'unknown' }),
    ]);
  });

  const digits = (phone: string | null): string => phone?.replace(/\D/g, '') ?? '';
  const matches = (one: Client, q: string): boolean =>
    fold(q)
      .split(' ')
      .every((word) => {
        const names = [one.firstName, one.lastName, one.fullName].flatMap((name) => fold(name).split(' '));
        const number = /^[+\d(][\d().\-/+]*$/.test(word) ? digits(word) : '';
        return (
          names.some((name) => name.startsWith(word)) ||
          (one.email?.includes(word) ?? false) ||
          (number !== '' && [one.phone, one.phoneRaw].some((phone) => digits(phone).includes(number)))
        );
      });

  it('clients by words: beginnings of names, parts of e-mails, digits of phones', async () => {
    const known = standing(all.clients).find((one) => one.phone && one.email && one.firstName)!;
    const words = [
      'zizk',
      'ŽIŽK',
      'Žiž',
      'aa',
      "o'br",
      'angstr',
      '100%_s',
      known.firstName!.slice(0, 3),
      `${known.lastName!.slice(0, 4)}  ${known.firstName!.slice(0, 2)}`,
      known.email!.slice(2, 9),
      known.email!.toUpperCase(),
      known.phone!,
      known.phone!.slice(3, 9),
      known.phone!.slice(-6),
    ];
    for (const q of words) await expectList('clients', `q=${enc(q)}`, (one) => matches(one, q));
    // Middles of names, wildcards of SQL, one word that fits and one that does not.
    for (const q of ['izkov', '%', '_', '%%', `${known.lastName!} qqqq`, '99999999999', '(', '+'])
      expect([q, idsOf(await list('clients', `q=${enc(q)}`))]).toEqual([
        q,
        idsOf(standing(all.clients).filter((one) => matches(one, q))),
      ]);
  });

  it.each(['practitioners', 'services', 'locations'] as const)(
    '%s by the beginning of a name',
    async (resource) => {
      const nameOf = (one: Any): string =>
        fold('fullName' in one ? one.fullName : (one as Shown<'locations'>).name);
      const words = nameOf(standing<Any>(all[resource])[0]!).split(' ');
      const q = words.at(-1)!.slice(0, 4);
      await expectList(resource, `q=${enc(q)}`, (one) => {
        const email = 'email' in one ? (one.email ?? '') : '';
        return (
          nameOf(one)
            .split(' ')
            .some((word) => word.startsWith(q)) || email.includes(q)
        );
      });
    },
  );
});

describe('include', () => {
  it('embeds what each appointment points at, as it is read alone', async () => {
    const shown = (await list(
      'appointments',
      'include=client,practitioner&include=service,location',
    )) as Embedding[];
    const related = {
      client: 'clients',
      practitioner: 'practitioners',
      service: 'services',
      location: 'locations',
    } as const;
    const read = new Map<string, unknown>();
    for (const [name, resource] of Object.entries(related) as [keyof typeof related, ResourceName][]) {
      expect(shown.some((one) => one[name] !== null)).toBe(true);
      for (const one of shown) {
        const id = one[`${name}Id`];
        if (id !== null && !read.has(id))
          read.set(id, (await tenant.call('GET', `/v1/${resource}/${id}?includeDeleted=true`)).need(200));
        expect(one[name]).toEqual(id === null ? null : read.get(id));
      }
    }
    expect(shown.some(({ client }) => client === null)).toBe(true);
    const [first] = shown;
    const path = `/v1/appointments/${first!.id}?include=`;
    expect((await tenant.call('GET', `${path}client,practitioner,service,location`)).need(200)).toEqual(
      first,
    );
    const { text } = await tenant.call('GET', `${path}client,client&include=client`);
    expect(text.split('"client":')).toHaveLength(2);
    expect(Object.keys((await list('appointments'))[0]!)).not.toContain('client');
    for (const path of ['/v1/clients?include=practitioner', '/v1/appointments?include=clients'])
      expect((await page(path)).problem.errors).toEqual([expect.objectContaining({ parameter: 'include' })]);
  });

  it.each(RESOURCE_NAMES)("%s: the vendor's own record, without its secrets", async (resource) => {
    const shown = await list(resource, 'include=remote&includeDeleted=true');
    for (const { remote, remoteId } of shown) expect(JSON.stringify(remote)).toContain(remoteId);
    for (const { name, vendor } of CASES) {
      const text = JSON.stringify(shown.filter((one) => one.vendor === name).map(({ remote }) => remote));
      for (const secret of vendor.secretFields) expect(text).not.toContain(`"${secret}":`);
    }
    expect(JSON.stringify(shown)).not.toContain(PLANTED);
    expect(Object.keys((await list(resource))[0]!)).not.toContain('remote');
  });
});

describe('a list that is paged through', () => {
  it('shows nothing twice and skips nothing while records come and go', async () => {
    const state = stateOf('penga') as PengaState;
    const { connectionId } = all.clients.find(({ vendor }) => vendor === 'penga')!;
    const path = `/v1/clients?connectionId=${connectionId}&limit=6`;
    const before = await list('clients', `connectionId=${connectionId}`);
    const lasting = new Set(before.map(({ remoteId }) => remoteId));
    const shown: Any[] = [];
    let next: string | null = path;
    for (let round = 0; next !== null; round += 1) {
      const { data, page: at }: ListOf<Any> = (await page(next)).need(200);
      shown.push(...data);
      next = at.nextCursor === null ? null : `${path}&cursor=${enc(at.nextCursor)}`;
      if (next === null || round > 3) continue;
      // One that was shown goes, one that was not goes, and two come, before and behind.
      for (const gone of [data.at(-1)!.remoteId, before.at(-1 - round)!.remoteId]) {
        lasting.delete(gone);
        remove(state, state.clients.byId.get(gone)!);
      }
      const { external_id: _taken, ...likeTheFirst } = state.clients.rows[0]!;
      for (const last_name of [`Aaa${String(round)}`, `Zzz${String(round)}`])
        add(state.clients, { ...likeTheFirst, last_name }, seconds(state));
      state.lists.clear();
      expect((await tenant.sync(connectionId, { mode: 'full', resources: ['clients'] })).status).toBe(
        'succeeded',
      );
    }
    const names = shown.map(({ remoteId }) => remoteId);
    expect(new Set(names).size).toBe(names.length);
    expect([...lasting].filter((one) => !names.includes(one))).toEqual([]);
    expect(lasting.size).toBeLessThan(before.length);
  });

  it('goes on behind a name of any length', async () => {
    const clinic = clinicOf('pexip');
    const { connectionId } = all.clients.find(({ vendor }) => vendor === 'pexip')!;
    for (const [i, letter] of ['Å', 'B'].entries())
      clinic.rename(clinic.ids('clients')[i]!, `A${letter.repeat(3_000)}`);
    await tenant.sync(connectionId, { mode: 'full', resources: ['clients'] });
    const whole = await list('clients', `connectionId=${connectionId}`);
    const paged = await list('clients', `connectionId=${connectionId}&limit=1`).catch((error: unknown) =>
      String(error).slice(-200),
    );
    expect(paged).toEqual(whole);
  });
});
