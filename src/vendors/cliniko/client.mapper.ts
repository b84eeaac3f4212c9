import { addressOrNull, NO_CONSENTS, type Address, type Consents, type Gender } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone, type Phone } from '../../canonical/phone';
import { date, email, fullName, idText, instant, text } from '../../canonical/values';
import type { Draft, Mapper } from '../contract';
import { atMost, Refusal } from '../kit/refusal';
import { word, type Warning } from '../kit/words';
import type { ClinikoSettings } from './cliniko.config';
import { countryCode, countryName, GENDERS, PHONE_TYPES, REMINDER_TYPES, reminderType } from './tables';
import type { ClinikoPatient, ClinikoPhone, PatientBody } from './wire';

const rank = ({ phone_type }: ClinikoPhone): number => {
  const at = PHONE_TYPES.findIndex((type) => type === phone_type);
  return at === -1 ? PHONE_TYPES.indexOf('Other') : at;
};

const given = (numbers: readonly ClinikoPhone[] | null | undefined): readonly ClinikoPhone[] =>
  (numbers ?? []).filter(({ number }) => text(number) !== null);
/** The number that counts. */
const counting = (numbers: readonly ClinikoPhone[]): ClinikoPhone | undefined =>
  [...numbers].sort((a, b) => rank(a) - rank(b))[0];
const phoneOf = (patient: ClinikoPatient, region: string): Phone =>
  readPhone(text(counting(given(patient.patient_phone_numbers))?.number), region);
const remindersOf = ({ reminder_type }: ClinikoPatient, warnings: Warning[]): Consents =>
  word(REMINDER_TYPES, reminder_type, { field: 'reminder_type', fallback: NO_CONSENTS, warnings });
const toldOrNull = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);

const LONGEST = 255;
/** The addresses that Cliniko takes, by its own pattern. https://docs.api.cliniko.com/openapi/patient */
const EMAIL = /^[A-Z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Z0-9.-]+\.[A-Z]{2,63}$/i;

function nameBody(value: string | null | undefined, field: string): string | undefined {
  atMost(LONGEST, value, field);
  if (value !== undefined && text(value) === null)
    throw new Refusal('validation_failed', field, 'cannot be empty: Cliniko keeps no patient without it');
  return value ?? undefined;
}

function emailBody(value: string | null | undefined): string | null | undefined {
  atMost(LONGEST, value, 'email');
  if (value !== null && value !== undefined && !EMAIL.test(value))
    throw new Refusal('validation_failed', 'email', 'must be a plain ASCII address for Cliniko');
  return value;
}

/** An address is written whole; null clears each of its parts. */
function addressBody(address: Address | null | undefined): PatientBody {
  if (address === undefined) return {};
  for (const part of ['line1', 'line2', 'line3', 'city'] as const)
    atMost(LONGEST, address?.[part], `address.${part}`);
  const part = (name: keyof Address): string | null => address?.[name] ?? null;
  return {
    address_1: part('line1'),
    address_2: part('line2'),
    address_3: part('line3'),
    city: part('city'),
    state: part('region'),
    post_code: part('postalCode'),
    country: countryName(part('country')),
  };
}

/**
 * The numbers with `phone` in the place of the one that counts, or without that one; Cliniko replaces the list whole. A
 * fax is no place for a telephone number.
 */
function withPhone(
  held: readonly ClinikoPhone[] | null | undefined,
  phone: string | null,
): readonly ClinikoPhone[] {
  const kept = given(held).map(({ phone_type, number }) => ({
    phone_type: text(phone_type) ?? 'Other',
    number: number ?? null,
  }));
  const replaced = counting(kept);
  if (phone === null) return kept.filter((one) => one !== replaced);
  if (replaced === undefined || replaced.phone_type === 'Fax')
    return [...kept, { phone_type: 'Mobile', number: phone }];
  return kept.map((one) => (one === replaced ? { ...one, number: phone } : one));
}

/** The reminders of a patient who says something of either kind; of the other one, nothing said is no. */
const reminderBody = ({ smsReminders: sms, emailReminders: email }: Consents): string | undefined =>
  sms === null && email === null ? undefined : reminderType(sms ?? false, email ?? false);

/** What the draft names of a patient, as Cliniko takes it. */
export function patientBody(draft: Draft<'clients'>): PatientBody {
  const { phone, consents } = draft;
  return {
    first_name: nameBody(draft.firstName, 'firstName'),
    last_name: nameBody(draft.lastName, 'lastName'),
    email: emailBody(draft.email),
    date_of_birth: draft.birthDate,
    patient_phone_numbers: phone === undefined ? undefined : withPhone([], phone),
    ...addressBody(draft.address),
    notes: draft.notes,
    reminder_type: consents && reminderBody(consents),
    accepted_email_marketing: consents?.emailMarketing ?? undefined,
  };
}

/**
 * The same with what Cliniko keeps in one field with something that the draft does not name: the other telephone numbers,
 * the other kind of reminder.
 */
export function patientBodyOver(draft: Draft<'clients'>, held: ClinikoPatient): PatientBody {
  const body = patientBody(draft);
  const { phone, consents } = draft;
  const now = remindersOf(held, []);
  const reminders = consents && {
    ...consents,
    smsReminders: consents.smsReminders ?? now.smsReminders,
    emailReminders: consents.emailReminders ?? now.emailReminders,
  };
  return {
    ...body,
    patient_phone_numbers: phone === undefined ? undefined : withPhone(held.patient_phone_numbers, phone),
    reminder_type: body.reminder_type && reminders && reminderBody(reminders),
  };
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
        fullName: fullName(patient.label, firstName, lastName),
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
        consents: {
          ...remindersOf(patient, warnings),
          smsMarketing: toldOrNull(patient.accepted_sms_marketing),
          emailMarketing: toldOrNull(patient.accepted_email_marketing),
        },
        status: deletedAt === null ? 'active' : 'archived',
      },
      warnings,
    };
  },
  toVendor: patientBody,
};
