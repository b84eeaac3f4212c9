import type { RemoteRef } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Located } from '../identity/identity.service';
import { Problem } from '../platform/http/problems';
import type { Draft } from '../vendors/contract';
import type { Wish, WritableResource, WriteRequest } from './write';

type Fields = Record<string, unknown>;
type LocatedById = ReadonlyMap<string, Located>;

const REFERENCES: Readonly<Record<string, ResourceName>> = {
  practitionerId: 'practitioners',
  clientId: 'clients',
  serviceId: 'services',
  locationId: 'locations',
};

/** Our ids that a wish names, each with the pointer to where it stands. */
function referencesOf(fields: Readonly<Fields>): { pointer: string; id: string; resource: ResourceName }[] {
  const direct = Object.entries(REFERENCES).flatMap(([field, resource]) => {
    const id = fields[field];
    return typeof id === 'string' ? [{ pointer: `/${field}`, id, resource }] : [];
  });
  const attendees = (fields['attendees'] ?? []) as readonly { readonly clientId: string }[];
  return [
    ...direct,
    ...attendees.map(({ clientId: id }, i) => ({
      pointer: `/attendees/${String(i)}/clientId`,
      id,
      resource: 'clients' as const,
    })),
  ];
}

/** The ids of a wish, its record's among them: what has to be located before anything else. */
export const idsOf = ({ id, fields }: Wish): string[] => [
  ...(id === null ? [] : [id]),
  ...referencesOf(fields).map((one) => one.id),
];

/** Refuses references to what the connection does not have: other tenants' records and ones that never were look the same. */
export function requireReferences({ fields }: Wish, connectionId: string, located: LocatedById): void {
  const wrong = referencesOf(fields).filter(({ id, resource }) => {
    const found = located.get(id);
    return found?.resource !== resource || found.connectionId !== connectionId;
  });
  if (wrong.length === 0) return;
  throw new Problem('not_found', 'The connection has no such record', {
    errors: wrong.map(({ pointer, resource }) => ({
      pointer,
      code: 'not_found',
      message: `names none of the connection's ${resource}`,
    })),
  });
}

/** What is known of the records that a write names. */
export function knownOf({ id, fields }: Wish, located: LocatedById): WriteRequest['known'] {
  const ids = new Set([...(id === null ? [] : [id]), ...referencesOf(fields).map((one) => one.id)]);
  return [...ids].flatMap((one) => {
    const found = located.get(one);
    if (!found) return [];
    return [
      { id: found.id, mark: found.mark, seenAt: found.seenAt, resource: found.resource, ref: found.ref },
    ];
  });
}

/** Our ids become the vendor's names; the location of a client is not one of its fields, but where it is made. */
export function translated(
  resource: WritableResource,
  fields: Readonly<Fields>,
  located: ReadonlyMap<string, Located>,
): { draft: Draft<WritableResource>; location: RemoteRef | null } {
  const refOf = (id: unknown): RemoteRef | null => located.get(String(id))?.ref ?? null;
  const draft: Fields = { ...fields };
  for (const field of Object.keys(REFERENCES))
    if (typeof fields[field] === 'string') draft[field] = refOf(fields[field]);
  if (Array.isArray(fields['attendees']))
    draft['attendees'] = (fields['attendees'] as { clientId: string; status?: string }[]).map((one) => ({
      clientId: refOf(one.clientId),
      status: one.status ?? 'booked',
      arrivedAt: null,
      cancelledAt: null,
      remoteId: null,
    }));
  if (resource === 'appointments') return { draft, location: null };
  const { locationId, ...rest } = draft;
  return { draft: rest, location: (locationId ?? null) as RemoteRef | null };
}
