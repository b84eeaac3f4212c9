import { addressOrNull, NO_CONSENTS } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { date, email, fullName, idText, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import { word, type Warning } from '../kit/words';
import type { ProgendaSettings } from './progenda.config';
import { CLIENT_WORDS } from './tables';
import type { ListedPatient } from './wire';

/** A Progenda patient is a client of one center. */
export const clientMapper: Mapper<'clients', ListedPatient, ProgendaSettings> = {
  toCanonical: ({ patient, centerId }, settings) => {
    const warnings: Warning[] = [];
    const firstName = text(patient.first_name);
    const lastName = text(patient.last_name);
    const { phone, phoneRaw } = readPhone(text(patient.phone_number), settings.region);
    return {
      ref: ref(idText(patient.id, 'id'), centerId),
      mark: text(patient.remote_id),
      createdAt: null, // Progenda gives no times of its records
      updatedAt: null,
      deletedAt: null, // an archived patient says so in `status`, without a time
      record: {
        firstName,
        lastName,
        fullName: fullName(null, firstName, lastName),
        email: email(patient.email),
        phone,
        phoneRaw,
        birthDate: date(patient.birthdate, 'birthdate'),
        gender: null, // Progenda has none
        language: text(patient.language_code),
        address: addressOrNull({
          line1: null, // one line of free text, not taken apart
          line2: null,
          line3: null,
          city: null,
          region: null,
          postalCode: null,
          country: null,
          formatted: text(patient.address),
        }),
        notes: text(patient.notes),
        consents: NO_CONSENTS,
        status: word(CLIENT_WORDS, text(patient.status), { field: 'status', fallback: 'active', warnings }),
      },
      warnings,
    };
  },
};
