import { ref } from '../../canonical/ids';
import { color, idText, instantFromSeconds, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { PengaSettings } from './penga.config';
import type { WireEntry } from './wire';

/** An appointment type of Penga. */
export const serviceMapper: Mapper<'services', WireEntry, PengaSettings> = {
  toCanonical(wire) {
    const deletedAt = instantFromSeconds(wire.deleted_at, 'deleted_at');
    return {
      ref: ref(idText(wire.external_id, 'external_id')),
      mark: null, // Penga has no field for a caller's id
      createdAt: instantFromSeconds(wire.created_at, 'created_at'),
      updatedAt: instantFromSeconds(wire.updated_at, 'updated_at'),
      deletedAt,
      record: {
        name: text(wire.name),
        description: text(wire.description),
        durationMinutes: null, // Penga has none
        color: color(wire.color),
        active: deletedAt === null,
        practitionerIds: [], // Penga does not say who offers what
      },
      warnings: [],
    };
  },
};
