import { addressOrNull, NO_CONSENTS, type Gender } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone, type Phone } from '../../canonical/phone';
import { date, email, fullName, idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import { word, type Warning } from '../kit/words';
import type { ClinikoSettings } from './cliniko.config';
import { countryCode, GENDERS, PHONE_TYPES, REMINDER_TYPES } from './tables';
import type { ClinikoPatient, ClinikoPhone } from './wire';

const rank = ({ phone_type }: ClinikoPhone): number => {
  const at = PHONE_TYPES.findIndex((type) => type === phone_type);
  return at === -1 ? PHONE_TYPES.indexOf('Other') : at;
};

function phoneOf(patient: ClinikoPatient, region: string): Phone {
  const given = (patient.patient_phone_numbers ?? []).filter(({ number }) => text(number) !== null);
  return readPhone(text([...given].sort((a, b) => rank(a) - rank(b))[0]?.number), region);
}

/** Patients. https://docs.api.cliniko.com/openapi/patient */
export const clientMapper: Mapper<'clients', ClinikoPatient, ClinikoSettings> = {
  toCanonical(patient, settings) {
    const warnings: Warning[] = [];
    const [firstName, lastName] = [text(patient.first_name), text(patient.last_name)];
    const archivedAt = instant(patient.archived_at, 'archived_at');
    const deletedAt = instant(patient.deleted_at, 'deleted_at') ?? archivedAt;
    const { phone, phoneRaw } = phoneOf(patient, settings.region);
    const gender = (text(patient.gender) ?? text(patient.gender_identity))?.toLowerCase();
    return {
      ref: ref(idText(patient.id, 'id')),
      mark: text(patient.old_reference_id),
      createdAt: instant(patient.created_at, 'created_at'),
      updatedAt: instant(patient.updated_at, 'updated_at'),
      deletedAt,
      record: {
        firstName, // preferred_first_name is a name to be called by, not this one
        lastName,
        fullName: fullName(null, firstName, lastName),
        email: email(patient.email),
        phone,
        phoneRaw,
        birthDate: date(patient.date_of_birth, 'date_of_birth'),
        gender: word<Gender | null>(GENDERS, gender, { field: 'gender', fallback: null, warnings }),
        language: null,
        address: addressOrNull({
          line1: text(patient.address_1),
          line2: text(patient.address_2),
          line3: text(patient.address_3),
          city: text(patient.city),
          region: text(patient.state),
          postalCode: text(patient.post_code),
          country: countryCode(text(patient.country)),
          formatted: null,
        }),
        notes: text(patient.notes),
        consents: word(REMINDER_TYPES, patient.reminder_type, {
          field: 'reminder_type',
          fallback: NO_CONSENTS,
          warnings,
        }),
        status: deletedAt === null ? 'active' : 'archived',
      },
      warnings,
    };
  },
};
