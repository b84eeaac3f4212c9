import { addressOrNull, NO_ADDRESS, NO_CONSENTS } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { date, email, fullName, idText, text } from '../../canonical/values';
import type { Draft, Mapper } from '../contract';
import { Refusal } from '../kit/refusal';
import { word, type Warning } from '../kit/words';
import type { ProgendaSettings } from './progenda.config';
import { CLIENT_WORDS } from './tables';
import type { ListedPatient, PatientBody, WirePatient } from './wire';

/** A Progenda patient is a client of one center. */
export const clientMapper = {
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
        // One line of free text, not taken apart.
        address: addressOrNull({ ...NO_ADDRESS, formatted: text(patient.address) }),
        notes: text(patient.notes),
        consents: NO_CONSENTS,
        status: word(CLIENT_WORDS, text(patient.status), { field: 'status', fallback: 'active', warnings }),
      },
      warnings,
    };
  },
  toVendor: (draft: Draft<'clients'>): PatientBody => {
    if (draft.status !== undefined)
      throw new Refusal(
        'capability_not_supported',
        'status',
        'cannot be set here; a deletion takes a client out',
      );
    return {
      first_name: orBlank(draft.firstName),
      last_name: orBlank(draft.lastName),
      email: orBlank(draft.email),
      phone_number: orBlank(draft.phone),
      birthdate: draft.birthDate,
      address: draft.address === null ? '' : orBlank(draft.address?.formatted),
      notes: draft.notes,
      language_code: languageCode(draft.language),
    };
  },
} satisfies Mapper<'clients', ListedPatient, ProgendaSettings>;

/** "String, required (can be blank)": such a field is emptied by a blank. */
const orBlank = (value: string | null | undefined): string | undefined => (value === null ? '' : value);

/** Progenda's codes are languages alone (en, fr, nl, es), without a country. */
function languageCode(language: string | null | undefined): string | null | undefined {
  if (typeof language !== 'string') return language;
  if (!/^[a-z]{2}$/i.test(language))
    throw new Refusal('validation_failed', 'language', 'must be a language of two letters here, such as nl');
  return language.toLowerCase();
}

/**
 * The whole body of a patient. Four fields must be in it, blank or not, and nobody says what becomes of the others where
 * they are left out: what the draft does not name goes back as it is `held`.
 */
export function wholePatient(held: WirePatient | null, named: PatientBody): PatientBody {
  const old = held === null ? BLANK : bodyOf(held);
  return {
    first_name: named.first_name ?? old.first_name,
    last_name: named.last_name ?? old.last_name,
    email: named.email ?? old.email,
    phone_number: named.phone_number ?? old.phone_number,
    birthdate: named.birthdate === undefined ? old.birthdate : named.birthdate,
    address: named.address ?? old.address,
    notes: named.notes === undefined ? old.notes : named.notes,
    language_code: named.language_code === undefined ? old.language_code : named.language_code,
  };
}

const BLANK: PatientBody = { first_name: '', last_name: '', email: '', phone_number: '' };

/** A patient as it stands. Of the last four, what is empty is left out: null and `false` may not be taken back. */
function bodyOf(patient: WirePatient): PatientBody {
  return {
    first_name: patient.first_name ?? '',
    last_name: patient.last_name ?? '',
    email: patient.email ?? '',
    phone_number: text(patient.phone_number) ?? '',
    birthdate: text(patient.birthdate) ?? undefined,
    address: text(patient.address) ?? undefined,
    notes: text(patient.notes) ?? undefined,
    language_code: text(patient.language_code) ?? undefined,
  };
}
