import type { RemoteRef } from '../../src/canonical/ids';
import type { ShownMapping } from './calls';
import type { TestTenant } from './gateway';

/** What a record is called at its vendor, with its resource: no two records of a connection have one name. */
export const remoteName = (resource: string, { id, scope }: RemoteRef): string =>
  `${resource} ${scope}/${id}`;

/** The name that a row of the mapping table holds. */
export const mappedName = ({ resource, remoteId, remoteScope }: ShownMapping): string =>
  remoteName(resource, { id: remoteId, scope: remoteScope ?? '' });

/** The vendor's names of everything that a connection knows, by our ids. */
export async function namesByIds(
  tenant: TestTenant,
  connectionId: string,
): Promise<ReadonlyMap<string, string>> {
  const mappings = await tenant.all<ShownMapping>(`/v1/remote-ids?connectionId=${connectionId}`);
  return new Map(mappings.map((one) => [one.canonicalId, mappedName(one)]));
}
