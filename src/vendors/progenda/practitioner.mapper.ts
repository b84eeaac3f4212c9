import { ref } from '../../canonical/ids';
import { fullName, idText, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { ProgendaSettings } from './progenda.config';
import type { WireCalendar } from './wire';

/** A Progenda calendar is a practitioner, in one center. Who works in two centers has two calendars. */
export const practitionerMapper: Mapper<'practitioners', WireCalendar, ProgendaSettings> = {
  toCanonical: (calendar) => {
    const firstName = text(calendar.first_name);
    const lastName = text(calendar.last_name);
    const centerId = text(calendar.center_id);
    return {
      ref: ref(idText(calendar.id, 'id')),
      mark: null, // calendars cannot be written
      createdAt: null, // Progenda gives no times of its records
      updatedAt: null,
      deletedAt: null,
      record: {
        firstName,
        lastName,
        fullName: fullName(calendar.full_name, firstName, lastName),
        email: null, // a calendar has no means of contact
        phone: null,
        phoneRaw: null,
        title: null,
        specialties: (calendar.specialities ?? []).flatMap((row) => text(row.speciality.name) ?? []),
        active: null, // Progenda does not say
        locationIds: centerId === null ? [] : [ref(centerId)],
      },
      warnings: [],
    };
  },
};
