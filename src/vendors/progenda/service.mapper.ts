import { ref } from '../../canonical/ids';
import { color, idText, InvalidRecord, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { ProgendaSettings } from './progenda.config';
import type { ListedService } from './wire';

/** A service belongs to one calendar: the same kind of visit at two practitioners is two services. */
export const serviceMapper: Mapper<'services', ListedService, ProgendaSettings> = {
  toCanonical: ({ service, calendarId }) => ({
    ref: ref(idText(service.id, 'id'), calendarId),
    mark: text(service.remote_id),
    createdAt: null, // Progenda gives no times of its records
    updatedAt: null,
    deletedAt: null,
    record: {
      name: text(service.name),
      description: null, // Progenda has none
      durationMinutes: minutes(service.duration),
      color: color(service.color),
      active: null, // Progenda does not say
      practitionerIds: [ref(calendarId)],
    },
    warnings: [],
  }),
};

function minutes(value: unknown): number | null {
  const written = text(value);
  if (written !== null && !/^\d{1,5}$/.test(written))
    throw new InvalidRecord('duration', 'is no number of minutes');
  return written === null ? null : Number(written);
}
