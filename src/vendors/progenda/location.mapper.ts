import { ref } from '../../canonical/ids';
import { idText, text } from '../../canonical/values';
import type { Mapper } from '../contract';
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
