import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { email, fullName, idText, instantFromSeconds, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { PengaSettings } from './penga.config';
import type { WireUser } from './wire';

/** A user of Penga: every one can be booked. */
export const practitionerMapper: Mapper<'practitioners', WireUser, PengaSettings> = {
  toCanonical(wire, settings) {
    const [firstName, lastName] = [text(wire.first_name), text(wire.last_name)];
    const { phone, phoneRaw } = readPhone(text(wire.mobile), settings.region);
    const deletedAt = instantFromSeconds(wire.deleted_at, 'deleted_at');
    return {
      ref: ref(idText(wire.external_id, 'external_id')),
      mark: null, // Penga has no field for a caller's id
      createdAt: instantFromSeconds(wire.created_at, 'created_at'),
      updatedAt: instantFromSeconds(wire.updated_at, 'updated_at'),
      deletedAt,
      record: {
        firstName,
        lastName,
        fullName: fullName(null, firstName, lastName) ?? text(wire.name), // `name` is a user name: it only stands in
        email: email(wire.email),
        phone,
        phoneRaw,
        title: null, // Penga has none
        specialties: [], // Penga has none
        active: deletedAt === null, // `activated` is about the log-in, and lists do not show it
        locationIds: (wire.departments ?? []).map((one) =>
          ref(idText(one.external_id, 'departments.external_id')),
        ),
      },
      warnings: [],
    };
  },
};
