import { mapReferences, type ResourceName } from '../../src/canonical/index';
import type { RemoteRef } from '../../src/canonical/ids';
import type { Seen } from '../../src/vendors/contract';
import { CASES } from '../contract/vendors';
import { openAdapter } from '../support/adapter';
import { FOR_GOOD, startClinic, type Clinic, type Window } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { FRESH, type Shown, type ShownConnection, type ShownMapping, type ShownSync } from '../support/calls';
import { mappedName, remoteName } from '../support/remote-names';
import { spoiltCredentials } from '../support/secrets';

const DAY = 86_400_000;
/** A day back, so that some appointments lie outside. */
const WINDOW = { pastDays: 1, futureDays: 365 };

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 60, appointments: 240 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  tenant = await gateway.tenant('Northside Clinics');
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

type Record_ = Shown<ResourceName>;
const recordsOf = <R extends ResourceName>(resource: R, connection: string): Promise<Shown<R>[]> =>
  tenant.all<Shown<R>>(`/v1/${resource}?connectionId=${connection}&includeDeleted=true`);
const mappingsOf = (connection: string): Promise<ShownMapping[]> =>
  tenant.all<ShownMapping>(`/v1/remote-ids?connectionId=${connection}`);
const connectionOf = async (id: string): Promise<ShownConnection> =>
  (await tenant.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);
const windowOf = ({ startedAt }: ShownSync): Window => ({
  from: new Date(Date.parse(startedAt!) - WINDOW.pastDays * DAY).toISOString(),
  to: new Date(Date.parse(startedAt!) + WINDOW.futureDays * DAY).toISOString(),
});
const isArchived = (record: object): boolean => 'status' in record && record.status === 'archived';
const remoteIds = (records: readonly Record_[]): string[] => records.map(({ remoteId }) => remoteId).sort();

/** Every id that a record points at. */
function pointedAt(resource: ResourceName, record: Record_): [ResourceName, string][] {
  const found: [ResourceName, string][] = [];
  mapReferences[resource](record as never, (to: ResourceName, id: string) => {
    found.push([to, id]);
    return id;
  });
  return found;
}

describe.each(CASES)('$name', ({ name, vendor }) => {
  let clinic: Clinic;
  let connection: string;
  let first: ShownSync;
  const resources = Object.keys(vendor.capabilities) as ResourceName[];
  const isScanned = vendor.capabilities.clients!.deletions === 'full_scan';

  beforeAll(async () => {
    clinic = clinics.find(({ sandbox }) => sandbox.vendor === name)!;
    connection = await tenant.connect(clinic.sandbox, { window: WINDOW });
    first = await tenant.sync(connection);
  });
  afterEach(() => {
    clinic.sandbox.heal();
  });
  const clientNamed = async (remoteId: string): Promise<Shown<'clients'>> =>
    (await recordsOf('clients', connection)).find((one) => one.remoteId === remoteId)!;

  /** An appointment whose client the clinic still has. */
  async function pointingAtAClient(
    of: TestTenant,
    appointments: readonly Shown<'appointments'>[],
  ): Promise<Shown<'appointments'>> {
    const mapped = await of.all<ShownMapping>('/v1/remote-ids?resource=clients');
    const held = new Set(clinic.ids('clients'));
    const ids = new Set(
      mapped.filter(({ remoteId }) => held.has(remoteId)).map(({ canonicalId }) => canonicalId),
    );
    return appointments.find(({ clientId }) => clientId !== null && ids.has(clientId))!;
  }

  it('is in the mirror after the first sync, each record once', async () => {
    expect(first).toMatchObject({ mode: 'full', status: 'succeeded', errors: [] });
    for (const resource of resources) {
      const held = [...clinic.ids(resource, windowOf(first))].sort();
      expect(held.length).toBeGreaterThan(0);
      expect(remoteIds(await recordsOf(resource, connection))).toEqual(held);
      expect([resource, first.resources[resource]]).toEqual([
        resource,
        { seen: held.length, created: held.length, updated: 0, deleted: 0, failed: 0, drift: null },
      ]);
    }
    expect(clinic.ids('appointments').length).toBeGreaterThan(
      clinic.ids('appointments', windowOf(first)).length,
    );
    const [latest] = await gateway.rows<{ count: string; ids: string }>(
      `select count(*), count(distinct (resource, remote_scope, remote_id)) as ids from remote_ids where connection_id = $1`,
      [connection],
    );
    expect(latest!.ids).toBe(latest!.count);
    expect(await connectionOf(connection)).toMatchObject({
      status: 'active',
      lastSyncAt: first.finishedAt,
      lastError: null,
    });
  });

  it('shows each record as the mapper made it, its references as ids of ours', async () => {
    const { settings } = (await connectionOf(connection)) as unknown as { settings: object };
    const { ports } = openAdapter(vendor, clinic.sandbox, { settings });
    const ids = new Map((await mappingsOf(connection)).map((one) => [mappedName(one), one]));
    const query = { window: windowOf(first), updatedSince: null, resumeAt: null };
    for (const resource of resources) {
      const shown = new Map((await recordsOf(resource, connection)).map((one) => [one.id, one]));
      const seen: Seen<ResourceName>[] = [];
      for await (const { items } of ports[resource]!.list!(query)) seen.push(...items);
      expect(seen.length).toBe(shown.size);
      for (const { ref, mark, record, createdAt, updatedAt, deletedAt } of seen) {
        const mapping = ids.get(remoteName(resource, ref))!;
        const expected = mapReferences[resource](
          record as never,
          (to: ResourceName, other: RemoteRef) => ids.get(remoteName(to, other))!.canonicalId,
        );
        const one = shown.get(mapping.canonicalId);
        expect(one).toEqual({
          ...(expected as object),
          id: mapping.canonicalId,
          connectionId: connection,
          vendor: name,
          remoteId: ref.id,
          externalId: null,
          createdAt,
          updatedAt,
          // Who does not say when it was archived: it is since we have known.
          deletedAt: deletedAt ?? (isArchived(record) ? one!.changedAt : null),
          version: 1,
          changedAt: one!.changedAt,
          syncedAt: one!.changedAt,
        });
        expect(mapping).toMatchObject({ externalId: mark, goneAt: null, lastSeenAt: one!.syncedAt });
      }
    }
  });

  it('points at nothing that cannot be fetched', async () => {
    const targets = new Map<string, ResourceName>();
    for (const resource of resources)
      for (const record of await recordsOf(resource, connection))
        for (const [to, id] of pointedAt(resource, record)) targets.set(id, to);
    expect(targets.size).toBeGreaterThan(clinic.ids('locations').length);
    for (const [id, resource] of targets) {
      const answer = await tenant.call<Record_>('GET', `/v1/${resource}/${id}?includeDeleted=true`);
      expect(answer.need(200)).toMatchObject({ id, connectionId: connection });
    }
  });

  it('changes nothing when it is read again', async () => {
    const before = await Promise.all(resources.map((resource) => recordsOf(resource, connection)));
    const again = await tenant.sync(connection);
    expect(again).toMatchObject({ status: 'succeeded', errors: [] });
    for (const resource of resources)
      expect([resource, again.resources[resource]]).toEqual([
        resource,
        expect.objectContaining({ created: 0, updated: 0, deleted: 0, failed: 0 }),
      ]);
    const after = await Promise.all(resources.map((resource) => recordsOf(resource, connection)));
    const still = (list: readonly Record_[]): unknown =>
      list.map(({ id, version, changedAt }) => [id, version, changedAt]);
    expect(after.map(still)).toEqual(before.map(still));
    const clients = after[resources.indexOf('clients')]!;
    expect(clients.every(({ syncedAt }) => syncedAt! >= again.startedAt!)).toBe(true);
  });

  it.each(['full', 'incremental'])('takes over what changed, by a sync that is %s', async (mode) => {
    const [remoteId] = clinic.ids('clients');
    const before = await clientNamed(remoteId!);
    clinic.rename(remoteId!, `Renamed-${mode}`);
    const sync = await tenant.sync(connection, { mode });
    expect([sync.mode, sync.status, sync.resources.clients]).toEqual([
      mode,
      'succeeded',
      expect.objectContaining({ created: 0, updated: 1 }),
    ]);
    const after = await clientNamed(remoteId!);
    expect(after).toMatchObject({ id: before.id, lastName: `Renamed-${mode}`, version: before.version + 1 });
    expect(after.changedAt > before.changedAt).toBe(true);
    expect(after.changedAt >= sync.startedAt!).toBe(true);
  });

  it('notices what was deleted', async () => {
    const remoteId = clinic.ids('clients')[1]!;
    const before = await clientNamed(remoteId);
    clinic.remove(remoteId);
    const sync = await tenant.sync(connection);
    expect(sync.status).toBe('succeeded');
    expect(sync.resources.clients).toMatchObject({ created: 0, [isScanned ? 'deleted' : 'updated']: 1 });
    const after = await clientNamed(remoteId);
    expect(after).toMatchObject({ id: before.id, version: before.version + 1 });
    expect(after.deletedAt).toMatch(/Z$/);
    const listed = await tenant.all<Record_>(`/v1/clients?connectionId=${connection}`);
    expect(listed.filter(({ id }) => id === before.id)).toEqual([]);
    const mapping = (await mappingsOf(connection)).find(({ canonicalId }) => canonicalId === before.id);
    expect(mapping!.goneAt).toEqual(isScanned ? after.deletedAt : null);
    const again = await tenant.sync(connection);
    expect(again.resources.clients).toMatchObject({ updated: 0, deleted: 0 });
    expect((await clientNamed(remoteId)).version).toBe(after.version);
  });

  it('sets one unreadable record aside, and takes over the rest', async () => {
    const [renamed, spoilt] = [clinic.ids('clients')[4]!, clinic.ids('clients')[5]!];
    const before = await clientNamed(spoilt);
    clinic.rename(renamed, 'Beside The Bad One');
    const mend = clinic.spoil(spoilt);
    const sync = await tenant.sync(connection);
    expect(sync.status).toBe('partial');
    expect(sync.errors).toEqual([
      {
        resource: 'clients',
        remoteId: spoilt,
        code: 'invalid_record',
        message: expect.stringMatching(/\w/) as string,
      },
    ]);
    expect(sync.resources.clients).toMatchObject({ updated: 1, failed: 1, deleted: 0 });
    expect(sync.resources.appointments).toMatchObject({ failed: 0 });
    expect((await clientNamed(renamed)).lastName).toBe('Beside The Bad One');
    expect(await clientNamed(spoilt)).toMatchObject({ version: before.version, deletedAt: null });
    expect(await connectionOf(connection)).toMatchObject({ status: 'degraded' });
    mend();
    expect(await tenant.sync(connection)).toMatchObject({ status: 'succeeded', errors: [] });
    expect(await connectionOf(connection)).toMatchObject({ status: 'active', lastError: null });
  });

  it('believes no read in which more than a tenth is gone', async () => {
    if (!isScanned) {
      expect(vendor.capabilities.clients!.deletions).toBe('flag');
      return;
    }
    const second = await gateway.tenant('Southside Clinics');
    const gone = clinic.ids('clients').slice(10, 24);
    const id = await second.connect(clinic.sandbox, { window: WINDOW });
    await second.sync(id);
    for (const remoteId of gone) clinic.remove(remoteId);
    const sync = await second.sync(id);
    expect(sync.resources.clients).toMatchObject({ deleted: 0 });
    const left = await second.all<Record_>(`/v1/clients?connectionId=${id}&status=active,archived`);
    expect(left.filter(({ remoteId }) => gone.includes(remoteId))).toHaveLength(gone.length);
    const { warnings } = (await second.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);
    expect(warnings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ code: 'deletions_not_believed', resource: 'clients', count: 1 }),
      ]),
    );
  });

  it('goes on where one collection is closed, and mentions what it cannot read', async () => {
    const guest = await gateway.tenant('Guest Clinics');
    const id = await guest.connect(clinic.sandbox, { window: WINDOW });
    clinic.sandbox.fail({
      fault: { kind: 'status', status: 403 },
      path: clinic.lists.clients,
      times: FOR_GOOD,
    });
    const sync = await guest.sync(id);
    expect(sync.status).toBe('partial');
    expect(sync.errors).toEqual([
      expect.objectContaining({ resource: 'clients', remoteId: null, code: 'vendor_forbidden' }),
    ]);
    const shown = (await guest.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);
    expect(shown).toMatchObject({ status: 'degraded', lastError: null });
    expect(shown.warnings).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'resource_closed', resource: 'clients' })]),
    );
    expect(await guest.all(`/v1/clients?includeDeleted=true`)).toEqual([]);
    const appointments = await guest.all<Shown<'appointments'>>('/v1/appointments?includeDeleted=true');
    expect(remoteIds(appointments)).toEqual([...clinic.ids('appointments', windowOf(sync))].sort());
    const { clientId } = await pointingAtAClient(guest, appointments);
    const client = await guest.call<Shown<'clients'>>('GET', `/v1/clients/${clientId!}`);
    expect(client.need(200)).toMatchObject({
      id: clientId,
      remoteId: expect.stringMatching(/./) as string,
      fullName: null,
      email: null,
      syncedAt: null,
      deletedAt: null,
    });
    // Once the vendor opens the collection, the record that was only mentioned is filled in, under the same id.
    clinic.sandbox.heal();
    await guest.sync(id);
    const filled = (
      await guest.call<Shown<'clients'>>('GET', `/v1/clients/${clientId!}?includeDeleted=true`)
    ).need(200);
    expect(filled).toMatchObject({ id: clientId, remoteId: client.body.remoteId, version: 1 });
    expect(filled.lastName).toMatch(/\w/);
  });

  it('fails where the credentials open nothing, without trying again and again', async () => {
    const guest = await gateway.tenant('Locked Out Clinics');
    const id = await guest.connect(clinic.sandbox);
    (
      await guest.call('PATCH', `/v1/connections/${id}`, {
        body: { credentials: spoiltCredentials(clinic.sandbox.credentials) },
      })
    ).need(200);
    const before = clinic.sandbox.requests.length;
    const sync = await guest.sync(id);
    expect([sync.status, sync.errors.map(({ code }) => code)]).toEqual(['failed', ['vendor_auth_failed']]);
    expect(clinic.sandbox.requests.length - before).toBeLessThanOrEqual(3);
    const shown = (await guest.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);
    expect(shown).toMatchObject({
      status: 'failing',
      lastSyncAt: null,
      lastError: { code: 'vendor_auth_failed', retryable: false },
    });
    expect((await guest.sync(id)).status).toBe('failed');
  });

  it('gives one id to a new record that two readers meet at once', async () => {
    const guest = await gateway.tenant('Busy Clinics');
    const id = await guest.connect(clinic.sandbox, { window: WINDOW });
    await guest.sync(id, { mode: 'full', resources: ['appointments'] });
    const mentioned = await pointingAtAClient(
      guest,
      await guest.all<Shown<'appointments'>>('/v1/appointments'),
    );
    const fresh = (path: string): Promise<unknown> => guest.call('GET', path, FRESH);
    const reads = Array.from({ length: 6 }, () => [
      fresh(`/v1/clients/${mentioned.clientId!}`),
      fresh(`/v1/appointments/${mentioned.id}`),
    ]).flat();
    const [sync] = await Promise.all([guest.sync(id), ...reads]);
    expect(sync.status).not.toBe('failed');
    for (const resource of resources) {
      const list = await guest.all<Record_>(`/v1/${resource}?includeDeleted=true`);
      const unreadable = sync.errors.filter((error) => error.resource === resource).length;
      expect([resource, list.length]).toEqual([
        resource,
        clinic.ids(resource, windowOf(sync)).length - unreadable,
      ]);
      expect(new Set(list.map(({ id: own }) => own)).size).toBe(list.length);
    }
    const client = (
      await guest.call<Shown<'clients'>>('GET', `/v1/clients/${mentioned.clientId!}?includeDeleted=true`)
    ).need(200);
    expect([client.version, client.syncedAt === null]).toEqual([1, false]);
  });
});
