import { ref, type RemoteRef } from '../../canonical/ids';
import { idText, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import { Refusal } from '../kit/refusal';
import type { ProgendaSettings } from './progenda.config';
import type { WireCenter } from './wire';

/** A Progenda center is a location. */
export const locationMapper: Mapper<'locations', WireCenter, ProgendaSettings> = {
  toCanonical: (center, settings) => ({
    ref: ref(idText(center.id, 'id')),
    mark: null, // centers cannot be written
    createdAt: null, // Progenda gives no times of its records
    updatedAt: null,
    deletedAt: null,
    record: {
      name: text(center.name),
      description: null, // nothing but a name is known of a center
      address: null,
      timeZone: settings.timeZone,
      phone: null,
    },
    warnings: [],
  }),
};

/** The center of a new client: the caller's choice, or the only one. */
export function centerFor(centers: readonly WireCenter[], location: RemoteRef | null): string {
  const ids = centers.map((center) => idText(center.id, 'id'));
  const id = location === null && ids.length === 1 ? ids[0] : location?.id;
  if (id === undefined)
    throw new Refusal(
      'validation_failed',
      'locationId',
      'is needed here: a client belongs to one of several',
    );
  if (!ids.includes(id))
    throw new Refusal('validation_failed', 'locationId', 'is no location of this connection');
  return id;
}
