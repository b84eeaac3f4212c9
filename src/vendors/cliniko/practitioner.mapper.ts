import { ref } from '../../canonical/ids';
import { fullName, idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { ClinikoSettings } from './cliniko.config';
import type { PractitionerWire } from './wire';

/** Practitioners. https://docs.api.cliniko.com/openapi/practitioner */
export const practitionerMapper: Mapper<'practitioners', PractitionerWire, ClinikoSettings> = {
  toCanonical({ practitioner, listed, businesses }) {
    const [firstName, lastName] = [text(practitioner.first_name), text(practitioner.last_name)];
    return {
      ref: ref(idText(practitioner.id, 'id')),
      mark: null, // no field for a caller's id
      createdAt: instant(practitioner.created_at, 'created_at'),
      updatedAt: instant(practitioner.updated_at, 'updated_at'),
      deletedAt: null, // a practitioner turns inactive, and is never deleted
      record: {
        firstName,
        lastName,
        fullName: fullName(text(practitioner.display_name) ?? practitioner.label, firstName, lastName),
        email: null, // stands on the user behind the practitioner
        phone: null,
        phoneRaw: null,
        // Cliniko's `title` is the honorific; what the practitioner is stands in `designation`.
        title: text(practitioner.designation) ?? text(practitioner.title),
        specialties: [],
        active: practitioner.active ?? (listed === null ? null : listed === 'active'),
        locationIds: businesses.map((id) => ref(id)),
      },
      warnings: [],
    };
  },
};
