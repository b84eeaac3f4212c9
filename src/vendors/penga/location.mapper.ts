import { ref } from '../../canonical/ids';
import { idText, instantFromSeconds, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { PengaSettings } from './penga.config';
import type { WireEntry } from './wire';

/** A department of Penga: the nearest that it has to a place. */
export const locationMapper: Mapper<'locations', WireEntry, PengaSettings> = {
  toCanonical(wire, settings) {
    return {
      ref: ref(idText(wire.external_id, 'external_id')),
      mark: null, // Penga has no field for a caller's id
      createdAt: instantFromSeconds(wire.created_at, 'created_at'),
      updatedAt: instantFromSeconds(wire.updated_at, 'updated_at'),
      deletedAt: instantFromSeconds(wire.deleted_at, 'deleted_at'),
      record: {
        name: text(wire.name),
        description: text(wire.description),
        address: null, // Penga has none
        timeZone: settings.timeZone,
        phone: null, // Penga has none
      },
      warnings: [],
    };
  },
};
