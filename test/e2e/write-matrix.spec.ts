import type { ResourceCapabilities } from '../../src/vendors/contract';
import { APPOINTMENT_STATUSES } from '../../src/canonical/appointment';
import { CASES } from '../contract/vendors';
import { EVERYTHING, openDesk, requestsAt, writesAt, type Desk } from '../support/bookings';
import type { Answer, Shown } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';

type Resource = 'appointments' | 'clients';
type Body = Record<string, unknown>;
interface Matrix {
  readonly capabilities: Readonly<Record<Resource, ResourceCapabilities>>;
}

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 20, appointments: 60 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  tenant = await gateway.tenant('Northside Clinics');
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

/** Every canonical field that a body can name, with a value that a vendor which keeps the field can hold. */
const VALUES: Readonly<Record<Resource, Readonly<Record<string, unknown>>>> = {
  appointments: {
    title: 'Checkup',
    description: 'Yearly checkup',
    notes: 'Bring the card',
    clientMessage: 'Please come early',
    modality: 'phone',
    color: '#a1b2c3',
  },
  clients: {
    firstName: 'Grace',
    lastName: 'Hopper',
    fullName: 'Rear Admiral Hopper',
    email: 'grace.hopper@example.com',
    phoneRaw: '12 34',
    birthDate: '1906-12-09',
    gender: 'female',
    language: 'fr',
    notes: 'Prefers mornings',
    'address.line1': '1 Harbour Street',
    'address.line2': 'Flat 2',
    'address.line3': 'Rear building',
    'address.city': 'Arlington',
    'address.region': 'Kent',
    'address.postalCode': 'CT11 8LS',
    'address.country': 'GB',
    'address.formatted': '1 Harbour Street, Arlington',
    'consents.smsReminders': false,
    'consents.emailReminders': false,
    'consents.smsMarketing': false,
    'consents.emailMarketing': false,
  },
};
/** Part of what an address must have for a vendor to take the rest. */
const WITH: Readonly<Record<string, Body>> = {
  address: { line1: '1 Harbour Street', country: 'GB', city: 'Arlington' },
};

describe.each(CASES)('the matrix of $name', ({ name, vendor }) => {
  let desk: Desk;
  let matrix: Matrix['capabilities'];
  beforeAll(async () => {
    const clinic = clinics.find(({ sandbox }) => sandbox.vendor === name)!;
    desk = await openDesk(tenant, clinic, vendor);
    matrix = (await tenant.call<Matrix>('GET', `/v1/vendors/${name}`)).need(200).capabilities;
  });

  const reaches = (resource: Resource, field: string, op: 'create' | 'update'): boolean => {
    const { writableFields, onlyOnCreate = [], onlyOnUpdate = [] } = vendor.capabilities[resource]!;
    return writableFields.includes(field) && !(op === 'create' ? onlyOnUpdate : onlyOnCreate).includes(field);
  };
  const minimal = (resource: Resource): Body => (resource === 'clients' ? desk.person() : desk.visit());
  const made = async (resource: Resource): Promise<{ id: string }> =>
    resource === 'clients' ? desk.newClient() : desk.book();
  /** A body that names one field; inside an object what the vendor needs beside it, if that can be written at all. */
  const naming = (resource: Resource, path: string): Body => {
    const value = VALUES[resource][path];
    const [field = '', part] = path.split('.');
    if (part === undefined) return { [field]: value };
    const beside = Object.entries(WITH[field] ?? {}).filter(([one]) =>
      vendor.capabilities[resource]!.writableFields.includes(`${field}.${one}`),
    );
    return { [field]: { ...Object.fromEntries(beside), [part]: value } };
  };
  const valueOf = (record: Body, path: string): unknown =>
    path.split('.').reduce<unknown>((one, part) => (one as Body | null)?.[part], record);
  const expectRefused = (
    answer: Answer<unknown>,
    path: string,
    [writes, requests]: [number, number],
  ): void => {
    expect([answer.status, answer.problem.code]).toEqual([422, 'capability_not_supported']);
    expect(answer.problem.errors?.[0]?.pointer).toBe(`/${path.replace('.', '/')}`);
    expect(answer.problem.detail).toContain(vendor.title);
    expect([writesAt(desk), requestsAt(desk)]).toEqual([writes, requests]);
  };
  const counts = (): [number, number] => [writesAt(desk), requestsAt(desk)];

  it('is the one that the adapter declares', () => {
    for (const resource of ['appointments', 'clients'] as const)
      expect(matrix[resource]).toEqual(vendor.capabilities[resource]);
  });

  describe.each(['appointments', 'clients'] as const)('%s', (resource) => {
    const cell = vendor.capabilities[resource]!;
    const paths = Object.keys(VALUES[resource]);

    it.each(paths)('a create keeps or refuses %s as promised', async (path) => {
      if (!cell.operations.includes('create')) return;
      const before = counts();
      const body = { ...minimal(resource), ...naming(resource, path) };
      const answer = await desk.post<Body>(`/v1/${resource}`, body);
      if (!reaches(resource, path, 'create')) {
        expectRefused(answer, path, before);
        return;
      }
      const record = answer.need(201);
      if (!cell.writeOnlyFields?.includes(path))
        expect(valueOf(record, path)).toEqual(VALUES[resource][path]);
      expect(writesAt(desk)).toBeGreaterThan(before[0]);
    });

    it.each(paths)('a change keeps or refuses %s as promised', async (path) => {
      if (!cell.operations.includes('update')) return;
      const { id } = await made(resource);
      const before = counts();
      // A message goes out with what it is about.
      const along = path === 'clientMessage' ? desk.time() : {};
      const answer = await desk.patch<Body>(`/v1/${resource}/${id}`, { ...naming(resource, path), ...along });
      if (!reaches(resource, path, 'update')) {
        expectRefused(answer, path, before);
        return;
      }
      const record = answer.need(200);
      if (!cell.writeOnlyFields?.includes(path))
        expect(valueOf(record, path)).toEqual(VALUES[resource][path]);
      expect(writesAt(desk)).toBeGreaterThan(before[0]);
    });

    it('needs what it says it needs', async () => {
      for (const field of cell.requiredFields ?? []) {
        // An end that is left out may follow from the service.
        if (field === 'end') continue;
        const body = Object.fromEntries(Object.entries(minimal(resource)).filter(([name]) => name !== field));
        const before = counts();
        const answer = await desk.post(`/v1/${resource}`, body);
        expect([field, answer.status]).toEqual([field, 400]);
        expect(answer.problem.errors?.map(({ pointer }) => pointer)).toContain(`/${field}`);
        expect(counts()).toEqual(before);
      }
    });

    it('offers the operations that it promises, and no other', async () => {
      for (const op of ['create', 'update', 'delete'] as const) {
        const { id } = await made(resource).catch(() => ({ id: '' }));
        const before = counts();
        const answer =
          op === 'create'
            ? await desk.post(`/v1/${resource}`, minimal(resource))
            : op === 'delete'
              ? await tenant.call('DELETE', `/v1/${resource}/${id}`)
              : await desk.patch(
                  `/v1/${resource}/${id}`,
                  resource === 'clients' ? { lastName: 'Curie' } : desk.time(),
                );
        if (cell.operations.includes(op)) {
          expect([op, answer.status]).toEqual([op, { create: 201, update: 200, delete: 204 }[op]]);
          expect(writesAt(desk)).toBeGreaterThan(before[0]);
        } else {
          expect([op, answer.status, answer.problem.code]).toEqual([op, 422, 'capability_not_supported']);
          expect(counts()).toEqual(before);
        }
      }
    });
  });

  it.each(APPOINTMENT_STATUSES.filter((status) => status !== 'cancelled'))(
    'sets or refuses %s',
    async (status) => {
      const { statuses = [] } = vendor.capabilities.appointments!;
      const { id, status: now } = await desk.book();
      if (status === now) return;
      const before = counts();
      const answer = await desk.patch<Shown<'appointments'>>(`/v1/appointments/${id}`, { status });
      if (statuses.includes(status)) {
        // From where a new appointment stands, the vendor's documentation may forbid it: then it says so.
        if (answer.status === 422)
          expect(['transition_not_allowed', 'vendor_rejected']).toContain(answer.problem.code);
        else expect(answer.need(200).status).toBe(status);
      } else expectRefused(answer, 'status', before);
    },
  );

  it('asks the vendor to tell the client, or refuses to', async () => {
    const before = counts();
    const answer = await desk.post('/v1/appointments', desk.visit({ notifyClient: true }));
    if (reaches('appointments', 'notifyClient', 'create')) expect(answer.status).toBe(201);
    else expectRefused(answer, 'notifyClient', before);
  });

  it('offers nothing that hangs on a setting where the setting is off', async () => {
    const conditional = Object.entries(vendor.capabilities).flatMap(([resource, { onlyWith = {} }]) =>
      Object.keys(onlyWith).map((what) => ({ resource: resource as Resource, what })),
    );
    if (conditional.length === 0) return;
    const off = Object.fromEntries(Object.keys(EVERYTHING[name] ?? {}).map((setting) => [setting, false]));
    const careful = await openDesk(await gateway.tenant('Careful Clinics'), desk.clinic, vendor, off).catch(
      (error: unknown) => error,
    );
    const shy = careful as Desk;
    for (const { resource, what } of conditional) {
      const body: Body = resource === 'clients' ? shy.person() : shy.visit();
      const standing = resource === 'clients' ? 'active' : 'booked';
      const list = await shy.tenant.all<{ id: string }>(
        `/v1/${resource}?connectionId=${shy.connectionId}&status=${standing}`,
      );
      const path = `/v1/${resource}/${list[0]!.id}`;
      const before = counts();
      const answer =
        what === 'create'
          ? await shy.post(`/v1/${resource}`, body)
          : what === 'delete'
            ? await shy.tenant.call('DELETE', path)
            : what === 'cancel'
              ? await shy.post(`${path}/cancel`, {})
              : await shy.patch(path, { status: what });
      expect([what, answer.status, answer.problem.code]).toEqual([what, 422, 'capability_not_supported']);
      expect(answer.problem.detail).toContain(Object.keys(off)[0]);
      expect(counts()).toEqual(before);
    }
  });
});
