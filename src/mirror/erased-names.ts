import { createHash } from 'node:crypto';
import { withoutClients } from '../canonical/appointment';
import type { RemoteRef } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Query, Statement } from '../platform/database/database';
import type { Seen, SetAside } from '../vendors/contract';

interface Owner {
  readonly tenantId: string;
  readonly connectionId: string;
}

/** What is kept of an erased client's name at the vendor; records that cannot be read are known by their id alone. */
export const nameHash = ({ connectionId }: Owner, { id, scope }: { id: string; scope?: string }): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([connectionId, 'clients', id, ...(scope === undefined ? [] : [scope])]))
    .digest();

const TURN = "hashtextextended('erasures of ' || $1::text, 0)";

/**
 * Whoever erases waits until nobody stores what he met before, and nobody stores meanwhile. Taken before the turn of the
 * tenant's events, by everybody, so that the two cannot deadlock.
 */
export const erasingTurn = (tenantId: string): Statement => ({
  text: `select pg_advisory_xact_lock(${TURN})`,
  values: [tenantId],
});

/** Takes the turn of those who store, and says whether anything of the connection was ever erased. */
async function isAnythingErased(query: Query, { tenantId, connectionId }: Owner): Promise<boolean> {
  const [, rows] = await Promise.all([
    query({
      name: 'erasures_shared_turn',
      text: `select pg_advisory_xact_lock_shared(${TURN})`,
      values: [tenantId],
    }),
    query({
      name: 'erased_records_any',
      text: 'select 1 from erased_records where tenant_id = $1 and connection_id = $2 limit 1',
      values: [tenantId, connectionId],
    }),
  ]);
  return rows.length > 0;
}

/** Those of these names that were erased, as a look-up. */
async function erasedAmong<Name extends { id: string; scope?: string }>(
  query: Query,
  owner: Owner,
  names: readonly Name[],
): Promise<(name: Name) => boolean> {
  const rows = await query<{ name_hash: Buffer }>({
    name: 'erased_records_among',
    text: `select name_hash from erased_records
           where tenant_id = $1 and connection_id = $2 and name_hash = any($3::bytea[])`,
    values: [owner.tenantId, owner.connectionId, names.map((name) => nameHash(owner, name))],
  });
  const erased = new Set(rows.map((row) => row.name_hash.toString('hex')));
  return (name) => erased.has(nameHash(owner, name).toString('hex'));
}

const clientsOf = ({ record }: Seen<'appointments'>): RemoteRef[] => [
  ...(record.clientId === null ? [] : [record.clientId]),
  ...record.attendees.map(({ clientId }) => clientId),
];

/** What may be stored of a page: no client that was erased, and of his appointments nothing that tells of him. */
export async function admissible<R extends ResourceName>(
  query: Query,
  owner: Owner,
  resource: R,
  seen: readonly Seen<R>[],
): Promise<readonly Seen<R>[]> {
  if (resource !== 'clients' && resource !== 'appointments') return seen;
  if (!(await isAnythingErased(query, owner))) return seen;
  if (resource === 'clients') {
    const isErased = await erasedAmong(
      query,
      owner,
      seen.map(({ ref }) => ref),
    );
    return seen.filter(({ ref }) => !isErased(ref));
  }
  const appointments = seen as unknown as readonly Seen<'appointments'>[];
  const isErased = await erasedAmong(query, owner, appointments.flatMap(clientsOf));
  const admitted = appointments.map((one) => {
    const record = withoutClients(one.record, isErased);
    return record === one.record ? one : { ...one, record, raw: null, warnings: [] };
  });
  return admitted as unknown as readonly Seen<R>[];
}

/** Those of the records set aside that may be told of. */
export async function admissibleAside(
  query: Query,
  owner: Owner,
  setAside: readonly SetAside[],
): Promise<readonly SetAside[]> {
  const named = setAside.flatMap(({ remoteId }) => (remoteId === null ? [] : [{ id: remoteId }]));
  if (named.length === 0 || !(await isAnythingErased(query, owner))) return setAside;
  const isErased = await erasedAmong(query, owner, named);
  return setAside.filter(({ remoteId }) => remoteId === null || !isErased({ id: remoteId }));
}
