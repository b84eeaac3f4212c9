import { mapReferences, type ResourceName } from '../../src/canonical/index';
import type { RemoteRef } from '../../src/canonical/ids';
import type { Seen, Vendor } from '../../src/vendors/contract';
import { openAdapter } from '../support/adapter';
import type { Shown, ShownMapping } from '../support/calls';
import type { Clinic, Window } from '../support/clinics';
import type { TestTenant } from '../support/gateway';

/** A connection, and the clinic that it leads to. */
export interface Followed {
  readonly connectionId: string;
  readonly clinic: Clinic;
  readonly vendor: Vendor;
}
type Record_ = Shown<ResourceName>;

const nameOf = (resource: string, { id, scope }: RemoteRef): string => `${resource} ${scope}/${id}`;
const isInside = (record: object, { from, to }: Window): boolean => {
  const start = 'start' in record ? (record.start as string | null) : null;
  return !('start' in record) || (start !== null && start >= from && start < to);
};

/** What the vendor holds, asked without the gateway, by its name there. */
async function heldBy(
  { vendor, clinic }: Followed,
  window: Window,
): Promise<Map<string, Seen<ResourceName>>> {
  const { ports } = openAdapter(vendor, clinic.sandbox);
  const held = new Map<string, Seen<ResourceName>>();
  for (const resource of Object.keys(vendor.capabilities) as ResourceName[])
    for await (const { items } of ports[resource]!.list!({ window, updatedSince: null, resumeAt: null }))
      for (const seen of items) if (isInside(seen.record, window)) held.set(nameOf(resource, seen.ref), seen);
  return held;
}

/**
 * Compares the mirror with the vendor, record by record and field by field: what stands here stands there and says the same.
 * Gives how many records were compared, and how many are known to be gone.
 */
export async function expectMirrorEqualsVendor(
  tenant: TestTenant,
  followed: Followed,
  window: Window,
): Promise<{ same: number; gone: number }> {
  const { vendor, connectionId } = followed;
  const held = await heldBy(followed, window);
  const mappings = await tenant.all<ShownMapping>(`/v1/remote-ids?connectionId=${connectionId}`);
  const names = new Map(
    mappings.map(({ canonicalId, resource, remoteId, remoteScope }) => [
      canonicalId,
      nameOf(resource, { id: remoteId, scope: remoteScope ?? '' }),
    ]),
  );
  const compared = new Set<string>();
  let gone = 0;
  for (const resource of Object.keys(vendor.capabilities) as ResourceName[])
    for (const shown of await tenant.all<Record_>(
      `/v1/${resource}?connectionId=${connectionId}&includeDeleted=true`,
    )) {
      if (!isInside(shown, window)) continue;
      const name = names.get(shown.id)!;
      const seen = held.get(name);
      if (!seen) {
        expect([name, shown.deletedAt]).toEqual([name, expect.any(String)]);
        gone += 1;
        continue;
      }
      compared.add(name);
      const expected = mapReferences[resource](
        seen.record as never,
        (to: ResourceName, ref: RemoteRef) => nameOf(to, ref) as never,
      ) as object;
      const here = mapReferences[resource](
        shown as never,
        (_to: ResourceName, id: string) => (names.get(id) ?? id) as never,
      );
      const { createdAt, updatedAt, deletedAt } = seen;
      expect([name, here]).toEqual([
        name,
        expect.objectContaining({ ...expected, createdAt, updatedAt, deletedAt }),
      ]);
    }
  expect([...held.keys()].filter((name) => !compared.has(name))).toEqual([]);
  return { same: compared.size, gone };
}
