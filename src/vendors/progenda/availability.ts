import { ref, type RemoteRef } from '../../canonical/ids';
import type { Slot } from '../../canonical/slot';
import { instant, InvalidRecord, required, text } from '../../canonical/values';
import type { Availability, AvailabilityPort, AvailabilityQuery } from '../contract';
import type { VendorHttp } from '../kit/policy';
import { calendarsOf, listSuggestions } from './api';
import type { ProgendaSettings } from './progenda.config';
import type { WireSuggestion } from './wire';

const none = (warning: string): Availability => ({ slots: [], warnings: [warning] });

/** Progenda suggests times for one calendar and one of its services, as far ahead as it likes; the range is cut here. */
export function availability(http: VendorHttp, settings: ProgendaSettings): AvailabilityPort {
  return {
    find: async ({ practitioner, service, location, from, to }: AvailabilityQuery) => {
      if (practitioner === null || service === null)
        return none('Progenda needs a practitioner and a service');
      if (service.scope !== practitioner.id) return none('The practitioner does not offer this service');
      const calendar = (await calendarsOf(http, settings)).find((one) => text(one.id) === practitioner.id);
      const centerId = text(calendar?.center_id);
      if (location !== null && location.id !== centerId)
        return none('The practitioner does not work at this location');
      const suggestions = await listSuggestions(http, { calendarId: practitioner.id, serviceId: service.id });
      const of = {
        practitionerId: practitioner,
        serviceId: service,
        locationId: centerId === null ? null : ref(centerId),
      };
      return slotsOf(suggestions, of, ({ start }) => start >= from && start < to);
    },
  };
}

/** The end is the vendor's own: it is not always the service's duration after the start. */
function slotsOf(
  suggestions: readonly WireSuggestion[],
  of: Record<'practitionerId' | 'serviceId' | 'locationId', RemoteRef | null>,
  isAsked: (slot: Slot<RemoteRef>) => boolean,
): Availability {
  const warnings: string[] = [];
  const slots = suggestions.flatMap((suggestion) => {
    try {
      const start = required(instant(suggestion.start, 'start'), 'start');
      return [{ start, end: instant(suggestion.stop, 'stop'), ...of }];
    } catch (error) {
      if (!(error instanceof InvalidRecord)) throw error;
      warnings.push(`A suggestion could not be read: ${error.message}`);
      return [];
    }
  });
  return { slots: slots.filter(isAsked), warnings };
}
