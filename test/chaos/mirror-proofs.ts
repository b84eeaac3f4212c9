import { mapReferences, type ResourceName } from '../../src/canonical/index';
import type { RemoteRef } from '../../src/canonical/ids';
import type { Vendor } from '../../src/vendors/contract';
import type { Shown } from '../support/calls';
import type { Clinic, Window } from '../support/clinics';
import type { TestTenant } from '../support/gateway';
import { namesByIds, remoteName } from '../support/remote-names';
import { heldAtVendor } from './proofs';

/** A connection, and the clinic that it leads to. */
export interface Followed {
  readonly connectionId: string;
  readonly clinic: Clinic;
  readonly vendor: Vendor;
}
type Record_ = Shown<ResourceName>;

const isInside = (record: object, { from, to }: Window): boolean => {
  const start = 'start' in record ? (record.start as string | null) : null;
  return !('start' in record) || (start !== null && start >= from && start < to);
};

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
  const names = await namesByIds(tenant, connectionId);
  let [same, gone] = [0, 0];
  for (const resource of Object.keys(vendor.capabilities) as ResourceName[]) {
    const all = await heldAtVendor(followed, resource, window);
    const held = new Map([...all].filter(([, { record }]) => isInside(record, window)));
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
      held.delete(name);
      same += 1;
      const expected = mapReferences[resource](
        seen.record as never,
        (to: ResourceName, ref: RemoteRef) => remoteName(to, ref) as never,
      ) as object;
      const here = mapReferences[resource](
        shown as never,
        (_to: ResourceName, id: string) => (names.get(id) ?? id) as never,
      );
      const { createdAt, updatedAt } = seen;
      // Who does not say when it was archived: it is since the gateway has known.
      const isArchived = 'status' in seen.record && seen.record.status === 'archived';
      const deletedAt = seen.deletedAt ?? (isArchived ? (expect.any(String) as string) : null);
      expect([name, here]).toEqual([
        name,
        expect.objectContaining({ ...expected, createdAt, updatedAt, deletedAt }),
      ]);
    }
    expect([...held.keys()]).toEqual([]);
  }
  return { same, gone };
}
